import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from loadgen.client.aiohttp import AiohttpTransport
from loadgen.client.raw import RawTransport
from loadgen.client.session import (
    Session,
    Tool,
    call_tool,
    delete_session,
    discover,
    initialize_session,
    list_tools,
    ping,
)
from loadgen.client.transport import Transport
from loadgen.outcome import (
    CheckFailed,
    Connect,
    Failure,
    HttpStatus,
    Ok,
    Reset,
    RpcError,
    SchemaViolation,
    SseProtocol,
    Timeout,
    ToolError,
)
from servers.testing import running_server
from tests.support.clock import LeapingClock
from tests.support.http_server import Answer, HttpServer, Received, http_server, reply, result
from tests.support.mcp_script import McpScript, tool_result
from tests.support.modern_script import ModernScript, rpc_error

WITHIN = 60.0
MODERN = "2026-07-28"
HANDSHAKE = "2025-11-25"


@asynccontextmanager
async def opened(answer: Answer, **how: Any) -> AsyncIterator[tuple[Session | Failure, HttpServer]]:
    async with http_server(answer) as server:
        transport = RawTransport(server.url)
        try:
            yield await initialize_session(transport, WITHIN, **how), server
        finally:
            await transport.close()


def a_session(session: Session | Failure) -> Session:
    assert isinstance(session, Session)
    return session


@pytest.mark.parametrize("kind", [RawTransport, AiohttpTransport])
@pytest.mark.parametrize("response", ["json", "sse"])
@pytest.mark.parametrize(
    ("protocol", "negotiated"),
    [("auto", MODERN), (MODERN, MODERN), (HANDSHAKE, HANDSHAKE), ("2025-03-26", "2025-03-26")],
)
async def test_both_real_servers_in_both_eras(
    kind: type[RawTransport | AiohttpTransport], response: str, protocol: str, negotiated: str
) -> None:
    with running_server("calculator", response=response) as server:
        transport = kind(server.url)
        session = a_session(await initialize_session(transport, WITHIN, protocol=protocol))
        assert (session.protocol, session.server_name) == (negotiated, "calculator")
        tools = await list_tools(session)
        assert isinstance(tools, tuple)
        assert all(tool.input_schema["type"] == "object" for tool in tools)
        added = await call_tool(session, "add", {"a": 1, "b": 2}, call_key="x/add/1")
        assert isinstance(added, Ok)
        assert added.result["structuredContent"] == {"result": 3.0}
        assert isinstance(await call_tool(session, "divide", {"a": 1, "b": 0}), ToolError)
        assert (await ping(session) is None) is (negotiated != MODERN)
        assert await delete_session(session) is None
        await transport.close()


@pytest.mark.parametrize("protocol", [MODERN, HANDSHAKE])
async def test_the_payments_server_in_both_eras(protocol: str) -> None:
    with running_server("payments") as server:
        transport: Transport = RawTransport(server.url)
        session = a_session(await initialize_session(transport, WITHIN, protocol=protocol))
        tools = await list_tools(session)
        assert isinstance(tools, tuple)
        assert any(tool.annotations.get("readOnlyHint") for tool in tools)
        assert isinstance(await call_tool(session, "no such tool ä", {}), ToolError)
        await transport.close()


async def test_a_modern_request_says_everything_by_itself() -> None:
    async with opened(ModernScript(), protocol=MODERN) as (session, server):
        await call_tool(a_session(session), "add", {"a": 1, "b": 2})
        request = server.received[-1]
        assert request.headers["mcp-name"] == "add"
        assert "mcp-session-id" not in request.headers
        meta = request.message["params"]["_meta"]
        assert meta["io.modelcontextprotocol/clientInfo"]["name"] == "mcp-load"
        assert meta["io.modelcontextprotocol/clientCapabilities"] == {}
        ids = [request.message["id"] for request in server.received]
        assert len(ids) == len(set(ids)) == 2


async def test_arguments_are_mirrored_once_the_tools_are_known() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "x-mcp-header": "A"}}}
    async with opened(ModernScript(tools=[{"name": "add", "inputSchema": schema}]), protocol=MODERN) as (found, server):
        session = a_session(found)
        await call_tool(session, "add", {"a": 1, "b": 2})
        assert "mcp-param-a" not in server.received[-1].headers
        assert await list_tools(session) == (Tool("add", None, schema),)
        await call_tool(session, "add", {"a": 1, "b": 2})
        assert server.received[-1].headers["mcp-param-a"] == "1"


async def test_a_modern_error_is_told_by_its_code_whatever_its_status() -> None:
    async def refuses(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(rpc_error(request, -32602, "400 Bad Request"))

    async with opened(ModernScript(refuses), protocol=MODERN) as (session, _):
        assert await call_tool(a_session(session), "add", {}) == RpcError("no", -32602)
        assert await ping(a_session(session)) == RpcError("no", -32601)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("complete", Ok),
        (None, Ok),
        ("input_required", SchemaViolation),
        ("task", SchemaViolation),
        (3, SchemaViolation),
    ],
)
async def test_a_result_of_a_type_that_is_not_complete_is_a_violation(kind: object, outcome: type) -> None:
    async def answers(request: Received, writer: asyncio.StreamWriter) -> None:
        more = {} if kind is None else {"resultType": kind}
        writer.write(reply(result(request.message["id"], tool_result({}, **more))))

    async with opened(ModernScript(answers), protocol=MODERN) as (session, _):
        assert isinstance(await call_tool(a_session(session), "add", {}), outcome)


async def breaks(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def ends_empty(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(b": nothing\n\n", content_type="text/event-stream"))


@pytest.mark.parametrize("first", [breaks, ends_empty])
async def test_a_lost_response_is_asked_for_once_more_under_a_new_id_if_that_is_wanted(first: Answer) -> None:
    async def second_time(request: Received, writer: asyncio.StreamWriter) -> None:
        calls = [r.message["id"] for r in server.received if r.message["method"] == "tools/call"]
        await (first if len(calls) == 1 else ModernScript())(request, writer)

    async with opened(ModernScript(second_time), protocol="auto", retry_lost=True) as (session, server):
        assert isinstance(await call_tool(a_session(session), "add", {"a": 1, "b": 2}), Ok)
        assert a_session(session).reissued == 1
        ids = [request.message["id"] for request in server.received]
        assert ids == sorted(set(ids))


@pytest.mark.parametrize(("answer", "outcome"), [(breaks, Reset), (ends_empty, SseProtocol)])
@pytest.mark.parametrize(("retry_lost", "calls"), [(False, 1), (True, 2)])
async def test_a_response_that_is_lost_again_is_lost(
    answer: Answer, outcome: type[Failure], retry_lost: bool, calls: int
) -> None:
    async with opened(ModernScript(answer), protocol=MODERN, retry_lost=retry_lost) as (session, server):
        assert isinstance(await call_tool(a_session(session), "add", {}), outcome)
        assert len(server.received) == 1 + calls


async def test_a_call_that_timed_out_is_not_made_again() -> None:
    async def silent(_: Received, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with opened(ModernScript(silent), protocol=MODERN, retry_lost=True) as (session, server):
        a_session(session).within = 0.05
        assert isinstance(await call_tool(a_session(session), "add", {}), Timeout)
        assert len(server.received) == 2


def discovering(data: bytes | None) -> Answer:
    """A handshake-era server that answers `server/discover` with `data`; None: as it answers without a session."""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        if data is None or request.method == "DELETE" or request.message["method"] != "server/discover":
            await script(request, writer)
        else:
            writer.write(data.replace(b"ID", b"%02d" % request.message["id"]).replace(b":01", b": 1"))

    script = McpScript()
    return answer


def rpc(member: bytes, status: str = "200 OK") -> bytes:
    return reply(b'{"jsonrpc":"2.0","id":ID,' + member + b"}", status=status)


LEGACY = {
    "404 text": None,
    "404 HTML": reply(b"<html>", status="404 Not Found", content_type="text/html"),
    "400 JSON-RPC": rpc(b'"error":{"code":-32602,"message":"no"}', "400 Bad Request"),
    "unknown method": rpc(b'"error":{"code":-32601,"message":"no"}'),
    "401": reply(b"", status="401 Unauthorized"),
    "500": reply(b"oops", status="500 Internal Server Error", content_type="text/plain"),
    "not JSON": reply(b"<html>"),
    "HTML": reply(b"<html>", content_type="text/html"),
    "202": reply(b"", status="202 Accepted"),
    "only handshake versions": rpc(b'"result":{"supportedVersions":["2025-11-25"]}'),
    "no versions": rpc(b'"result":{}'),
    "a handshake version supported": rpc(
        b'"error":{"code":-32022,"message":"no","data":{"supported":["2025-11-25"]}}', "400 Bad Request"
    ),
    "no data with an unsupported version": rpc(b'"error":{"code":-32022,"message":"no"}', "400 Bad Request"),
}


@pytest.mark.parametrize("data", LEGACY.values(), ids=LEGACY.keys())
async def test_auto_falls_back_to_the_handshake_on_any_answer_that_is_not_a_modern_one(data: bytes | None) -> None:
    async with opened(discovering(data), protocol="auto") as (found, server):
        session = a_session(found)
        assert (session.protocol, session.session_id) == (HANDSHAKE, "session-1")
        assert isinstance(await call_tool(session, "add", {"a": 1, "b": 2}), Ok)
        assert server.received[1].message["method"] == "initialize"
        ids = [request.message["id"] for request in server.received if "id" in request.message]
        assert len(ids) == len(set(ids)) == 3


async def test_a_server_that_is_only_modern_but_of_another_version_is_not_asked_for_a_handshake() -> None:
    refusal = rpc(b'"error":{"code":-32022,"message":"no","data":{"supported":["2099-01-01"]}}', "400 Bad Request")
    async with opened(discovering(refusal), protocol="auto") as (failure, server):
        assert failure == RpcError("no", -32022)
        assert len(server.received) == 1


async def test_a_connection_that_fails_and_a_time_out_say_nothing_about_the_era(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = LeapingClock(monkeypatch)

    async def silent(_: Received, __: asyncio.StreamWriter) -> None:
        clock.leap(WITHIN)
        await asyncio.Event().wait()

    transport = RawTransport(f"http://127.0.0.1:{free_port}/mcp")
    assert isinstance(await initialize_session(transport, WITHIN, protocol="auto"), Connect)
    for answer, outcome in ((breaks, Reset), (silent, Timeout)):
        async with opened(answer, protocol="auto") as (failure, server):
            assert isinstance(failure, outcome)
            assert len(server.received) == 1


@pytest.mark.parametrize(
    ("data", "outcome"), [(LEGACY["only handshake versions"], CheckFailed), (LEGACY["404 HTML"], HttpStatus)]
)
async def test_the_modern_version_alone_does_not_fall_back(data: bytes, outcome: type[Failure]) -> None:
    async with opened(discovering(data), protocol=MODERN) as (failure, server):
        assert isinstance(failure, outcome)
        assert len(server.received) == 1


async def test_a_protocol_that_is_not_known_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="'1999-01-01' is not one of auto, 2026-07-28"):
        await initialize_session(RawTransport("http://127.0.0.1:1/mcp"), WITHIN, protocol="1999-01-01")


async def test_discovering_tells_what_the_server_says() -> None:
    async with opened(ModernScript(), protocol=MODERN) as (session, _):
        found = await discover(a_session(session))
        assert isinstance(found, dict)
        assert found["supportedVersions"] == [MODERN]
