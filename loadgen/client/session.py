"""One MCP client of the handshake era: open a session, list and call tools, end the session.

Each function makes its requests through a `Transport` and returns either what was asked for or a `Failure`: a call
that fails is data. Only one request of a session may be under way at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from ..outcome import CheckFailed, Failure, HttpStatus, Ok, Outcome, SchemaViolation, SessionLost, ToolError
from .messages import HANDSHAKE_VERSIONS, RpcResult, encode_notification, encode_request
from .reply import Acknowledgement, RpcReply
from .transport import Request, Transport

PROTOCOL = HANDSHAKE_VERSIONS[0]
"""The protocol version that `initialize_session` proposes."""
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_CLIENT = {"name": "mcp-load", "version": version("mcp-testbed")}
_NOT_FOUND = 404
_NO_SESSION_TO_END = (404, 405)
_MOST_PAGES = 100


@dataclass(slots=True)
class Session:
    """An open MCP session; `session_id` is None when the server issued none, `within` limits each request (seconds)."""

    transport: Transport
    within: float
    protocol: str = PROTOCOL
    session_id: str | None = None
    last_id: int = 0
    server_name: str = ""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as `tools/list` describes it; `output_schema` is a JSON Schema or None."""

    name: str
    output_schema: Mapping[str, Any] | None


async def initialize_session(transport: Transport, within: float) -> Session | Failure:
    """Open a session: `initialize`, then `notifications/initialized`; each may take `within` seconds."""
    session = Session(transport, within)
    params = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": _CLIENT}
    reply = await _request(session, "initialize", params)
    if not isinstance(reply, RpcResult):
        return reply
    negotiated = reply.result.get("protocolVersion")
    if negotiated not in HANDSHAKE_VERSIONS:
        return CheckFailed(f"the server negotiated protocol version {negotiated!r}, which is not one with a handshake")
    session.protocol = str(negotiated)
    info = reply.result.get("serverInfo")
    session.server_name = str(info.get("name", "")) if isinstance(info, dict) else ""
    session.headers = _headers(session)
    failure = await _notify_initialized(session)
    if failure is not None:
        await delete_session(session)
    return failure or session


async def call_tool(session: Session, name: str, arguments: Mapping[str, Any]) -> Outcome:
    """Call one tool, once. Ok carries the result: `content`, and `structuredContent` when the tool has an outputSchema.

    ToolError: the result has `isError: true`. SchemaViolation: the result is no tool result. SessionLost: the server
    does not know the session any more; open a new one.
    """
    reply = await _request(session, "tools/call", {"name": name, "arguments": arguments})
    if not isinstance(reply, RpcResult):
        return reply
    result = reply.result
    content = result.get("content")
    if not isinstance(content, list):
        return SchemaViolation("the result has no content list")
    is_error = result.get("isError", False)
    if is_error is True:
        return ToolError(_text(content) or "the tool gave no reason")
    return Ok(result) if is_error is False else SchemaViolation("isError is neither true nor false")


async def list_tools(session: Session) -> tuple[Tool, ...] | Failure:
    """All tools of the server, page after page."""
    tools: list[Tool] = []
    cursor: object = None
    for _ in range(_MOST_PAGES):
        reply = await _request(session, "tools/list", {"cursor": cursor} if cursor is not None else {})
        if not isinstance(reply, RpcResult):
            return reply
        listed = reply.result.get("tools")
        if not isinstance(listed, list) or not all(isinstance(tool, dict) and "name" in tool for tool in listed):
            return SchemaViolation("tools/list has no list of named tools")
        tools += [Tool(str(tool["name"]), tool.get("outputSchema")) for tool in listed]
        cursor = reply.result.get("nextCursor")
        if cursor is None:
            return tuple(tools)
    return SchemaViolation(f"tools/list has more than {_MOST_PAGES} pages")


async def delete_session(session: Session) -> Failure | None:
    """End the session on the server; a server that has none, or that ends none, is no failure."""
    if session.session_id is None:
        return None
    reply = Acknowledgement()
    failure = await session.transport.exchange(Request("DELETE", session.headers or {}), reply, session.within)
    if failure is None:
        failure = reply.failure()
    return None if isinstance(failure, HttpStatus) and failure.code in _NO_SESSION_TO_END else failure


async def _request(session: Session, method: str, params: Mapping[str, Any]) -> RpcResult | Failure:
    session.last_id += 1  # never used again, not even after a time-out: servers route replies by it
    reply = RpcReply(session.last_id)
    request = Request("POST", session.headers or _HEADERS, encode_request(session.last_id, method, params))
    failure = await session.transport.exchange(request, reply, session.within)
    if failure is not None:
        return failure
    answer = reply.answer()
    if isinstance(answer, HttpStatus) and answer.code == _NOT_FOUND and session.session_id is not None:
        return SessionLost(answer.detail)
    if method == "initialize" and isinstance(answer, RpcResult):
        session.session_id = reply.session_id  # only an initialize that succeeded names the session
    return answer


async def _notify_initialized(session: Session) -> Failure | None:
    reply = Acknowledgement()
    request = Request("POST", session.headers or _HEADERS, encode_notification("notifications/initialized"))
    return await session.transport.exchange(request, reply, session.within) or reply.failure()


def _headers(session: Session) -> Mapping[str, str]:
    headers = {**_HEADERS, "MCP-Protocol-Version": session.protocol}
    if session.session_id is not None:
        headers["Mcp-Session-Id"] = session.session_id
    return headers


def _text(content: list[Any]) -> str:
    return " ".join(str(item["text"]) for item in content if isinstance(item, dict) and "text" in item)
