import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from loadgen.client.raw import RawTransport
from loadgen.client.session import Session, Tool, call_tool, delete_session, initialize_session, list_tools
from loadgen.outcome import (
    CheckFailed,
    Failure,
    HttpStatus,
    Ok,
    RpcError,
    SchemaViolation,
    SessionLost,
    ToolError,
)
from servers.testing import running_server
from tests.support.http_server import HttpServer, Received, http_server, reply, result
from tests.support.mcp_script import ADD, INITIALIZED, McpScript, tool_result

WITHIN = 60.0


@asynccontextmanager
async def session_with(script: McpScript) -> AsyncIterator[tuple[Session, HttpServer]]:
    async with http_server(script) as server:
        transport = RawTransport(server.url)
        session = await initialize_session(transport, WITHIN)
        assert isinstance(session, Session)
        try:
            yield session, server
        finally:
            await transport.close()


async def failed_initialize(script: McpScript) -> Failure:
    async with http_server(script) as server:
        transport = RawTransport(server.url)
        failure = await initialize_session(transport, WITHIN)
        await transport.close()
        assert not isinstance(failure, Session)
        return failure


def answering(body: Callable[[int], bytes]) -> Callable[[Received, asyncio.StreamWriter], Awaitable[None]]:
    async def call_tool(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(body(request.message["id"])))

    return call_tool


@pytest.mark.parametrize("response", ["json", "sse"])
async def test_a_session_with_a_real_server_from_beginning_to_end(response: str) -> None:
    with running_server("calculator", response=response) as server:
        transport = RawTransport(server.url)
        session = await initialize_session(transport, WITHIN)
        assert isinstance(session, Session)
        assert (session.protocol, session.server_name) == ("2025-11-25", "calculator")
        tools = await list_tools(session)
        assert isinstance(tools, tuple)
        assert {tool.name for tool in tools} == {"add", "subtract", "multiply", "divide"}
        added = await call_tool(session, "add", {"a": 1, "b": 2})
        assert isinstance(added, Ok)
        assert added.result["structuredContent"] == {"result": 3.0}
        assert isinstance(await call_tool(session, "divide", {"a": 1, "b": 0}), ToolError)
        assert await delete_session(session) is None
        assert isinstance(await call_tool(session, "add", {"a": 1, "b": 2}), SessionLost)
        await transport.close()


async def test_opening_a_session_is_initialize_and_then_the_notification() -> None:
    async with session_with(McpScript()) as (_, server):
        first, second = server.received
        assert first.message["method"] == "initialize"
        assert first.message["params"]["protocolVersion"] == "2025-11-25"
        assert "mcp-session-id" not in first.headers
        assert second.message == {"jsonrpc": "2.0", "method": "notifications/initialized"}


async def test_every_request_after_initialize_carries_session_and_protocol_version() -> None:
    async with session_with(McpScript()) as (session, server):
        await list_tools(session)
        await call_tool(session, "add", {"a": 1, "b": 2})
        await delete_session(session)
        for request in server.received[1:]:
            assert request.headers["mcp-session-id"] == "session-1"
            assert request.headers["mcp-protocol-version"] == "2025-11-25"
        assert server.received[-1].method == "DELETE"


async def test_a_server_without_sessions_gets_no_session_header_and_no_delete() -> None:
    async with session_with(McpScript(issues_sessions=False)) as (session, server):
        assert isinstance(await call_tool(session, "add", {"a": 1, "b": 2}), Ok)
        assert await delete_session(session) is None
        assert all("mcp-session-id" not in request.headers for request in server.received)
        assert all(request.method == "POST" for request in server.received)


async def test_an_older_version_is_taken_up_when_the_server_chooses_it() -> None:
    script = McpScript(initialized={**INITIALIZED, "protocolVersion": "2025-03-26"})
    async with session_with(script) as (session, server):
        await call_tool(session, "add", {"a": 1, "b": 2})
        assert server.received[-1].headers["mcp-protocol-version"] == "2025-03-26"


@pytest.mark.parametrize("version", ["1999-01-01", ["2025-11-25"], None])
async def test_a_version_that_is_not_known_is_refused_and_the_session_ended(version: object) -> None:
    script = McpScript(initialized={**INITIALIZED, "protocolVersion": version})
    assert isinstance(await failed_initialize(script), CheckFailed)
    assert (script.opened, script.ended, script.sessions) == (1, 1, set())


async def test_a_version_that_is_not_known_is_refused_where_there_is_no_session_to_end() -> None:
    script = McpScript(initialized={**INITIALIZED, "protocolVersion": "1999-01-01"}, issues_sessions=False)
    assert isinstance(await failed_initialize(script), CheckFailed)
    assert (script.opened, script.ended) == (1, 0)


async def test_a_refused_initialize_says_why() -> None:
    failure = await failed_initialize(McpScript(refuses_sessions_from=1))
    assert failure == HttpStatus("the server answered HTTP status 503: Too many open sessions", 503)


async def test_ids_are_never_used_twice_in_a_session() -> None:
    async with session_with(McpScript()) as (session, server):
        for _ in range(3):
            await call_tool(session, "add", {"a": 1, "b": 2})
        ids = [request.message["id"] for request in server.received if "id" in request.message]
        assert len(ids) == len(set(ids)) == 4


async def test_tools_are_listed_page_after_page() -> None:
    async def pages(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.message["method"] != "tools/list":
            return await script(request, writer)
        cursor = request.message["params"].get("cursor")
        page: dict[str, Any] = {"tools": [{"name": "b", "outputSchema": {"type": "object"}}]}
        if cursor is None:
            page = {"tools": [ADD], "nextCursor": "more"}
        writer.write(reply(result(request.message["id"], page)))
        return None

    script = McpScript()
    async with http_server(pages) as server:
        transport = RawTransport(server.url)
        session = await initialize_session(transport, WITHIN)
        assert isinstance(session, Session)
        assert await list_tools(session) == (Tool("add", None, {"type": "object"}), Tool("b", {"type": "object"}))
        await transport.close()


@pytest.mark.parametrize(("cursors", "requests"), [(itertools.repeat("more"), 2), (map(str, itertools.count()), 100)])
async def test_pages_without_end_are_given_up(cursors: Iterator[str], requests: int) -> None:
    async def endless(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.message["method"] != "tools/list":
            return await script(request, writer)
        writer.write(reply(result(request.message["id"], {"tools": [], "nextCursor": next(cursors)})))
        return None

    script = McpScript()
    async with http_server(endless) as server:
        transport = RawTransport(server.url)
        session = await initialize_session(transport, WITHIN)
        assert isinstance(session, Session)
        assert isinstance(await list_tools(session), SchemaViolation)
        await transport.close()
        assert len(server.received) == 2 + requests


async def test_a_tool_is_told_with_its_schemas_annotations_and_description() -> None:
    described = {
        **ADD,
        "annotations": {"readOnlyHint": True},
        "description": "adds",
        "outputSchema": {"type": "object"},
    }
    async with session_with(McpScript(tools=[described])) as (session, _):
        (tool,) = cast("tuple[Tool]", await list_tools(session))
        assert tool == Tool("add", {"type": "object"}, {"type": "object"}, {"readOnlyHint": True}, "adds")


async def test_a_session_id_that_cannot_be_sent_back_fails_the_opening() -> None:
    async def odd(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(result(request.message["id"], INITIALIZED), Mcp_Session_Id="a\tb"))

    async with http_server(odd) as server:
        transport = RawTransport(server.url)
        assert isinstance(await initialize_session(transport, WITHIN), SchemaViolation)
        await transport.close()


async def test_a_call_key_goes_into_its_header() -> None:
    async with session_with(McpScript()) as (session, server):
        await call_tool(session, "add", {"a": 1, "b": 2}, call_key="run/add/1")
        assert server.received[-1].headers["mcp-testbed-call"] == "run/add/1"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (tool_result({"result": 3}), Ok),
        ({"content": []}, Ok),
        ({"content": [{"type": "text", "text": "no"}], "isError": True}, ToolError),
        ({"content": "no"}, SchemaViolation),
        ({}, SchemaViolation),
        ({"content": [], "isError": "yes"}, SchemaViolation),
    ],
)
async def test_a_result_is_ok_or_a_failure_of_its_kind(answer: dict[str, Any], outcome: type) -> None:
    async with session_with(McpScript(answering(lambda n: result(n, answer)))) as (session, _):
        assert isinstance(await call_tool(session, "add", {}), outcome)


async def test_a_tool_error_tells_what_the_tool_said() -> None:
    said = {"content": [{"type": "text", "text": "insufficient funds"}], "isError": True}
    async with session_with(McpScript(answering(lambda n: result(n, said)))) as (session, _):
        assert await call_tool(session, "add", {}) == ToolError("insufficient funds")


async def test_a_json_rpc_error_keeps_its_code() -> None:
    body = b'{"jsonrpc":"2.0","id":%d,"error":{"code":-32602,"message":"bad"}}'
    async with session_with(McpScript(answering(lambda n: body % n))) as (session, _):
        assert await call_tool(session, "add", {}) == RpcError("bad", -32602)


async def test_404_without_a_session_is_just_a_status() -> None:
    async def not_found(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"", status="404 Not Found"))

    async with session_with(McpScript(not_found, issues_sessions=False)) as (session, _):
        assert isinstance(await call_tool(session, "add", {}), HttpStatus)


async def test_a_session_that_the_server_does_not_end_or_has_forgotten_ends_without_a_failure() -> None:
    script = McpScript()
    async with session_with(script) as (session, _):
        script.sessions.clear()
        assert await delete_session(session) is None


async def test_a_failing_delete_is_reported() -> None:
    async def refuses(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.method == "DELETE":
            writer.write(reply(b"", status="500 Internal Server Error"))
        else:
            await script(request, writer)

    script = McpScript()
    async with http_server(refuses) as server:
        transport = RawTransport(server.url)
        session = await initialize_session(transport, WITHIN)
        assert isinstance(session, Session)
        assert isinstance(await delete_session(session), HttpStatus)
        await transport.close()


async def scripted(method: str, answer: Callable[[Received], bytes]) -> Session | Failure | tuple[Tool, ...]:
    """What opening a session and listing the tools comes to when one method is answered otherwise."""

    async def serve(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.method == "POST" and request.message["method"] == method:
            writer.write(answer(request))
        else:
            await script(request, writer)

    script = McpScript()
    async with http_server(serve) as server:
        transport = RawTransport(server.url)
        session = await initialize_session(transport, WITHIN)
        outcome = await list_tools(session) if isinstance(session, Session) else session
        await transport.close()
        assert isinstance(session, Session) or not script.sessions  # no session is left behind
        return outcome


async def test_a_refused_notification_fails_the_opening_and_ends_the_session() -> None:
    refused = await scripted("notifications/initialized", lambda _: reply(b"", status="400 Bad Request"))
    assert refused == HttpStatus("the server answered HTTP status 400", 400)


@pytest.mark.parametrize("tools", [None, {}, [1], [{"title": "no name"}]])
async def test_a_malformed_list_of_tools_is_a_violation(tools: object) -> None:
    listed = await scripted("tools/list", lambda request: reply(result(request.message["id"], {"tools": tools})))
    assert isinstance(listed, SchemaViolation)


async def test_a_list_of_tools_that_fails_says_how() -> None:
    assert isinstance(await scripted("tools/list", lambda _: reply(b"", status="500 Oops")), HttpStatus)
