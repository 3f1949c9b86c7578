"""What hangs is let go when the faults that it hangs by are taken away, and the journal says so."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from servers.testing import RunningServer, running_server
from tests.support.control import ask, eventually
from tests.support.faulty import PlainClient, Seen, call_headers
from tests.support.raw_mcp import MODERN, PREFIX
from tests.support.wire_metrics import sample

HANGS: list[Any] = [
    {"http": {"hang": True}},
    {"http": {"hang": True, "phase": "after"}},
    {"sse": {"stall": 0}},
    {"sse": {"comments_only": 1, "then": "hang"}},
]


def hanging(*do: Any) -> dict[str, Any]:
    return {"version": 1, "seed": 5, "rules": [{"name": "hangs", "match": {"tool": "add"}, "do": list(do)}]}


OTHER = {"version": 1, "rules": [{"name": "other", "match": {"tool": "divide"}, "do": [{"http": {"status": 503}}]}]}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server("calculator") as running:
        yield running


def add(server: RunningServer) -> Seen:
    """A call of `add` on a connection of its own; how it ended."""
    meta = {f"{PREFIX}protocolVersion": MODERN, f"{PREFIX}clientCapabilities": {}}
    params = {"name": "add", "arguments": {"a": 1, "b": 2}, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    with PlainClient(urlsplit(server.url).port or 0) as client:
        return client.ask(body, call_headers(Mcp_Name="add", Host="localhost"), within=30)


@contextmanager
def held(server: RunningServer, do: Any) -> Iterator[Future[Seen]]:
    """A call under a profile that lets it hang, once the server has it."""
    assert ask(server, "POST", "reset").status == 200
    assert ask(server, "PUT", "faults", hanging(*do)).status == 200
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(add, server)
        eventually(lambda: sample(server.base_url, "mcp_server_active_requests"), 1)
        try:
            yield call
        finally:
            ask(server, "DELETE", "faults")


def records(server: RunningServer) -> list[tuple[str, bool, bool]]:
    found = ask(server, "GET", "journal").json["records"]
    return [(record["expected"], record["counted"], record["released"]) for record in found]


@pytest.mark.parametrize("do", HANGS, ids=json.dumps)
def test_without_faults_nothing_hangs_any_more(server: RunningServer, do: Any) -> None:
    with held(server, [do]) as call:
        assert ask(server, "DELETE", "faults").status == 200
        assert call.result().ended == "reset"
        eventually(lambda: records(server), [("reset", True, True)])
    assert add(server).status == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda server: ask(server, "PUT", "faults", OTHER),
        lambda server: ask(server, "PUT", "faults", preset="garbage"),
        lambda server: ask(server, "PUT", "faults", hanging(HANGS[0]), seed=6),
        lambda server: ask(server, "PATCH", "faults", OTHER),
    ],
    ids=["another profile", "a preset", "another seed", "one rule more"],
)
def test_another_profile_lets_go_what_hangs(server: RunningServer, change: Callable[[RunningServer], Any]) -> None:
    with held(server, HANGS[:1]) as call:
        assert change(server).status == 200
        assert call.result().ended == "reset"
        eventually(lambda: records(server), [("reset", True, True)])


def test_the_same_profile_put_in_place_again_lets_it_hang_and_so_does_a_pause(server: RunningServer) -> None:
    with held(server, HANGS[:1]) as call:
        for method, path in (("PUT", "faults"), ("POST", "faults/pause"), ("POST", "faults/resume"), ("POST", "reset")):
            assert ask(server, method, path, hanging(HANGS[0]) if method == "PUT" else None).status == 200
        assert sample(server.base_url, "mcp_server_active_requests") == 1
        assert not call.done()
        assert records(server) == []
        assert ask(server, "DELETE", "faults").status == 200
        assert call.result().ended == "reset"


def test_what_would_hang_later_does_not_begin_to_and_its_delay_is_the_planned_one(server: RunningServer) -> None:
    with held(server, [{"latency": "1s"}, HANGS[0]]) as call:
        assert ask(server, "DELETE", "faults").status == 200
        assert call.result().ended == "reset"
        eventually(lambda: records(server), [(None, True, False), ("reset", True, True)])
        delay = ask(server, "GET", "journal").json["records"][0]
        assert delay["achieved_delay"] >= delay["planned_delay"] - 0.001 == 0.999
