import asyncio
import time
from contextlib import suppress

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Receive, Scope, Send

from servers.telemetry import OPERATION_SECONDS, Telemetry, TelemetryLayer
from servers.testing import RunningServer, running_server
from servers.wire.call import Call
from tests.support.raw_mcp import HANDSHAKE, MODERN, RawClient, send

OPERATION = "mcp_server_operation_duration_seconds_count"
ADD = {"a": 1, "b": 2}


def scrape(server: RunningServer) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by name and labels."""
    text = send(f"{server.base_url}/metrics", "GET", {}).body.decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def operations(server: RunningServer, **labels: str) -> dict[str, float]:
    """Calls counted under `labels`, by error type."""
    wanted = set(labels.items())
    return {
        dict(found)["error_type"]: value
        for (name, found), value in scrape(server).items()
        if name == OPERATION and wanted <= found and value
    }


@pytest.mark.parametrize("response", ["json", "sse"])
@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
def test_every_call_is_counted_by_method_tool_version_and_error_type(response: str, era: str) -> None:
    with running_server("calculator", response=response) as server:
        client = RawClient(server.url, era)
        client.call("add", ADD)
        client.call("add", ADD)
        client.call("add", {"a": 1})
        client.call("divide", {"a": 1, "b": 0})
        client.post("tools/call", {})
        mine = {"mcp_protocol_version": era, "network_transport": "tcp", "mcp_method_name": "tools/call"}
        assert operations(server, **mine, gen_ai_tool_name="add") == {"": 2, "tool_error": 1}
        assert operations(server, **mine, gen_ai_tool_name="divide") == {"tool_error": 1}
        assert operations(server, **mine, gen_ai_tool_name="") == {"-32602": 1}


def test_what_a_client_makes_up_is_counted_under_other() -> None:
    with running_server("calculator") as server:
        client = RawClient(server.url, HANDSHAKE)
        for nth in range(3):
            client.call(f"made-up-{nth}", {})
            client.post(f"made/up/{nth}")
            client.call("add", ADD, MCP_Protocol_Version=f"made-up-{nth}")
        assert operations(server, gen_ai_tool_name="_other") == {"tool_error": 3}
        assert operations(server, mcp_method_name="_other") == {"-32601": 3}
        assert operations(server, mcp_protocol_version="_other") == {"-32602": 3}
        assert "made-up" not in send(f"{server.base_url}/metrics", "GET", {}).body.decode()


def test_a_request_that_was_never_read_is_counted_by_its_status() -> None:
    with running_server("calculator") as server:
        RawClient(server.url, HANDSHAKE).call("add", {"a": "1" * 5_000_000})
        assert operations(server, mcp_method_name="_other", gen_ai_tool_name="") == {"413": 1}


def test_open_sessions_are_a_gauge_and_ended_ones_a_histogram() -> None:
    with running_server("calculator") as server:
        active = ("mcp_server_active_sessions", frozenset({("network_transport", "tcp")}))
        assert scrape(server)[active] == 0
        clients = [RawClient(server.url, HANDSHAKE) for _ in range(3)]
        RawClient(server.url, MODERN).call("add", ADD)
        send(server.url, "POST", {**clients[0].headers, "Mcp-Session-Id": ""}, b"{}")
        assert scrape(server)[active] == 3
        send(server.url, "DELETE", clients[0].headers)
        metrics = scrape(server)
        assert metrics[active] == 2
        labels = {("network_transport", "tcp"), ("mcp_protocol_version", HANDSHAKE), ("error_type", "")}
        assert metrics["mcp_server_session_duration_seconds_count", frozenset(labels)] == 1


def test_each_tool_counts_from_zero_before_its_first_call(calculator: RunningServer) -> None:
    fresh = {dict(labels)["gen_ai_tool_name"] for name, labels in scrape(calculator) if name == OPERATION}
    assert {"add", "subtract", "multiply", "divide"} <= fresh


def test_every_metric_has_a_sample_from_the_first_scrape(calculator: RunningServer) -> None:
    text = send(f"{calculator.base_url}/metrics", "GET", {}).body.decode()
    empty = [family.name for family in text_string_to_metric_families(text) if not family.samples]
    assert empty == []
    for name in ("mcp_fault_injected_total", "mcp_fault_active"):
        assert [
            (dict(labels)["fault_type"], value) for (n, labels), value in scrape(calculator).items() if n == name
        ] == [("", 0)], "without a profile"


def test_the_event_loop_is_watched_while_the_server_runs() -> None:
    with running_server("calculator") as server:
        deadline = time.monotonic() + 10
        while not scrape(server)["mcp_event_loop_lag_seconds_count", frozenset()]:
            assert time.monotonic() < deadline
        assert scrape(server)["mcp_asyncio_tasks", frozenset()] >= 2
        assert [value for (name, _), value in scrape(server).items() if name == "mcp_build_info"] == [1]


async def test_requests_under_way_are_counted_by_method_until_their_reply_is_over() -> None:
    telemetry = Telemetry(frozenset({"add"}), lambda: 0)
    found: list[float | None] = []

    def active(method: str) -> float | None:
        return telemetry.registry.get_sample_value("mcp_server_active_requests", {"mcp_method_name": method})

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        scope["mcp_testbed.call"] = Call("tools/list")
        found.append(active("tools/list"))
        await asyncio.sleep(0)

    async def nothing(*_: object) -> Message:
        return {"type": "http.disconnect"}

    assert (active("tools/call"), active("tools/list")) == (0, None)
    await TelemetryLayer(app, telemetry)(dict(SCOPE), nothing, nothing)  # type: ignore[arg-type]  # a test's stand-ins
    assert (found, active("tools/list")) == ([1], 0)


@pytest.mark.parametrize("name", ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"])
def test_the_process_metrics_are_there(calculator: RunningServer, name: str) -> None:
    assert scrape(calculator)[name, frozenset()] > 0


def test_no_series_tells_when_it_was_created(calculator: RunningServer) -> None:
    assert not [name for name, _ in scrape(calculator) if name.endswith("_created")]


def test_open_metrics_is_spoken_to_those_who_ask(calculator: RunningServer) -> None:
    reply = send(f"{calculator.base_url}/metrics", "GET", {"Accept": "application/openmetrics-text; version=1.0.0"})
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    assert reply.body.endswith(b"# EOF\n")


def test_every_bound_of_the_conventions_is_a_bucket() -> None:
    conventions = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300}
    assert conventions <= set(OPERATION_SECONDS)


SCOPE = {"type": "http", "method": "POST", "path": "/mcp", "headers": []}


async def measured(app: object, times: list[float]) -> dict[str, float]:
    """What the layer counts for one request to `app`, with a clock that reads `times`."""
    telemetry = Telemetry(frozenset({"add"}), lambda: 0)
    layer = TelemetryLayer(app, telemetry, iter(times).__next__)  # type: ignore[arg-type]  # a test's stand-in

    async def nothing(*_: object) -> Message:
        return {"type": "http.disconnect"}

    with suppress(ZeroDivisionError, asyncio.CancelledError):
        await layer(dict(SCOPE), nothing, nothing)  # type: ignore[arg-type]  # a test's stand-ins
    return {
        sample.labels["error_type"]: sample.value
        for family in telemetry.registry.collect()
        for sample in family.samples
        if sample.name == "mcp_server_operation_duration_seconds_sum" and sample.value
    }


async def test_the_duration_lasts_from_arrival_to_the_last_byte() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    assert await measured(app, [10.0, 12.5]) == {"": 2.5}


async def test_a_crash_and_a_reply_that_never_came_are_errors_of_their_own() -> None:
    async def crash(_: Scope, __: Receive, ___: Send) -> None:
        raise ZeroDivisionError

    async def silence(_: Scope, __: Receive, ___: Send) -> None:
        await asyncio.sleep(0)

    async def late_crash(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    async def cut_off(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    async def empty_stream(_: Scope, __: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b": ping\r\n\r\n", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    assert await measured(crash, [0.0, 1.0]) == {"_OTHER": 1.0}
    assert await measured(late_crash, [0.0, 1.0]) == {"_OTHER": 1.0}
    for app in (silence, cut_off, empty_stream):
        assert await measured(app, [0.0, 1.0]) == {"cancelled": 1.0}


async def test_a_ping_after_the_answer_does_not_hide_it() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b'data: {"error":{"code":-1}}\r\n\r\n', "more_body": True})
        await send({"type": "http.response.body", "body": b": ping\r\n\r\n"})

    assert await measured(app, [0.0, 1.0]) == {"-1": 1.0}


def test_a_version_that_the_call_does_not_say_is_an_empty_label() -> None:
    telemetry = Telemetry(frozenset({"add"}), lambda: 0)
    telemetry.operation(Call("tools/call", "add", None, None), "", 0.1)
    value = telemetry.registry.get_sample_value(
        OPERATION,
        {
            "mcp_method_name": "tools/call",
            "gen_ai_tool_name": "add",
            "error_type": "",
            "network_transport": "tcp",
            "mcp_protocol_version": "",
        },
    )
    assert value == 1
