"""What a server counts of the faults of its profile, on the wire."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import pytest

from servers.faults.effects import EFFECTS
from servers.testing import RunningServer, running_server
from servers.wire.call import Call
from tests.support.control import ask
from tests.support.fault_examples import EXAMPLES
from tests.support.raw_mcp import HANDSHAKE, RawClient, send
from tests.support.wire_metrics import sample, samples

COUNT = "mcp_server_operation_duration_seconds_count"
ACTIVE = "mcp_server_active_requests"
FAILURES = "mcp_fault_expected_failures_total"
ADD = {"gen_ai_tool_name": "add", "mcp_protocol_version": HANDSHAKE, "mcp_method_name": "tools/call"}
OF_LISTS = {"result_pages", "result_vanish", "result_change_description", "result_change_schema"}
OF_OPENINGS = {f"session_{kind}" for kind in ("refuse_initialize", "slow_initialize", "limit", "protocol_version")}
CASES = [
    (family, settings)
    for family, examples in EXAMPLES.items()
    for settings in examples
    if EFFECTS[family].model_validate(settings).fault_type() not in OF_LISTS | OF_OPENINGS
]
"""Faults of tool calls."""
AS_CALLED = Call("tools/call", "add", HANDSHAKE, "a session", "handshake", {"id": 1})


def put(server: RunningServer, *do: dict[str, Any], **rule: Any) -> None:
    """Put a profile with this one rule in place."""
    profile = {"version": 1, "rules": [{"name": "only", "match": {"tool": "add"}, "do": list(do), **rule}]}
    answer = ask(server, "PUT", "faults", profile)
    assert answer.status == 200, answer.text


def error_types(server: RunningServer) -> dict[str, float]:
    """Calls of `add` in the handshake era, by error type; those at 0, too."""
    return {labels["error_type"]: value for labels, value in samples(server.base_url, COUNT, **ADD)}


@contextmanager
def sent(server: RunningServer, patience: float = 60.0) -> Iterator[HTTPConnection]:
    """A call of `add`, in a session of its own, whose reply is not read yet; in the end it has been counted."""
    client, counted = RawClient(server.url, HANDSHAKE), sample(server.base_url, COUNT, **ADD)
    parts = urlsplit(client.url)
    connection = HTTPConnection(parts.netloc, timeout=patience)
    body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2}}}'
    try:
        connection.request("POST", parts.path, body, client.headers)
        yield connection
    finally:
        connection.close()
    wait_until(lambda: sample(server.base_url, COUNT, **ADD) > counted)


def call(server: RunningServer, patience: float = 60.0) -> None:
    """Call `add` and read whatever comes for so many seconds."""
    with sent(server, patience) as connection, suppress(OSError, HTTPException):
        connection.getresponse().read()


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline


@pytest.mark.parametrize("response", ["json", "sse"])
def test_the_error_types_that_a_profile_can_cause_count_from_zero_and_are_those_that_it_causes(response: str) -> None:
    counted_otherwise = []
    with running_server("calculator", response=response) as server:
        for family, settings in CASES:
            effect = EFFECTS[family].model_validate(settings)
            kept_waiting = (
                effect.expects(Call("tools/call", "add", HANDSHAKE, "s", "handshake", {"id": 1})) == "timeout"
            )
            put(server, {family: settings})
            before = error_types(server)
            call(server, 0.5 if kept_waiting else 60.0)
            found = {each for each, value in error_types(server).items() if value > before.get(each, -1.0)}
            declared = effect.error_types() if hasattr(effect, "error_types") else frozenset()
            if found != (declared or {""}) and family != "capacity":
                counted_otherwise.append((family, settings, found, declared))
            assert declared <= set(before), "they were not there"
    assert counted_otherwise == []


def test_of_all_the_tools_that_a_rule_matches() -> None:
    rule = {"name": "all", "match": {"tool": "*i*"}, "do": [{"http": {"status": 599}}]}
    with running_server("calculator", faults={"version": 1, "rules": [rule]}) as server:
        at_zero = {labels["gen_ai_tool_name"] for labels, _ in samples(server.base_url, COUNT, error_type="599")}
    assert at_zero == {"multiply", "divide"}


def test_however_many_error_types_there_are_a_page_is_not_too_long_and_every_call_is_counted() -> None:
    once: dict[str, Any] = {"when": {"first": 1}, "exclusive": True}
    rules = [{"name": f"r{n}", "do": [{"http": {"status": n}}], **once} for n in range(400, 500)]
    with running_server("calculator", faults={"version": 1, "rules": rules}) as server:
        client = RawClient(server.url, "2026-07-28")
        statuses = {client.call("add", {"a": 1, "b": 2}).status for _ in range(100)}
        assert statuses == set(range(400, 500))
        page = send(f"{server.base_url}/metrics", "GET", {}).body.decode()
        assert len([line for line in page.splitlines() if not line.startswith("#")]) <= 1_500
        assert sample(server.base_url, COUNT, gen_ai_tool_name="_other", error_type="_OTHER") > 50
        assert sample(server.base_url, COUNT) == 100


def test_a_refusal_of_a_full_queue_is_a_failure_that_is_to_be_expected_and_a_wait_in_it_is_none() -> None:
    with running_server("calculator") as server:
        put(server, {"capacity": {"workers": 1, "queue": 0, "service": "1ms", "shed": 429}})
        call(server)
        assert sample(server.base_url, FAILURES, gen_ai_tool_name="add") == 0
        put(server, {"capacity": {"workers": 1, "queue": 0, "service": "10m", "shed": 429}})
        with sent(server):  # who comes first is worked on, and leaves in the end
            wait_until(lambda: sample(server.base_url, ACTIVE, mcp_method_name="tools/call") == 1)
            call(server)
            assert sample(server.base_url, FAILURES, gen_ai_tool_name="add") == error_types(server)["429"] == 1
        wait_until(lambda: sample(server.base_url, FAILURES, gen_ai_tool_name="add") == 2)  # a timeout


@pytest.mark.parametrize("metric", ["mcp_fault_expected_failures_total", "mcp_fault_injected_delay_seconds_total"])
def test_tools_count_from_zero(calculator: RunningServer, metric: str) -> None:
    found = {labels["gen_ai_tool_name"]: value for labels, value in samples(calculator.base_url, metric)}
    assert found == dict.fromkeys(("", "add", "subtract", "multiply", "divide"), 0)


def test_of_two_faults_on_one_reply_one_explains_its_failure_and_a_harmless_one_none() -> None:
    with running_server("calculator") as server:
        put(server, {"result": {"structured": "missing"}}, {"http": {"malformed_json": True}}, {"latency": "1ms"})
        call(server)
        assert sample(server.base_url, FAILURES, gen_ai_tool_name="add") == 1
        assert sample(server.base_url, "mcp_fault_injected_total", gen_ai_tool_name="add") == 3


def test_no_kind_of_fault_is_without_an_example() -> None:
    assert list(EXAMPLES) == list(EFFECTS)
    for family, examples in EXAMPLES.items():
        kinds = set(getattr(EFFECTS[family], "kinds", ()))
        if kinds:
            assert {type(EFFECTS[family].model_validate(each).root) for each in examples} == kinds
