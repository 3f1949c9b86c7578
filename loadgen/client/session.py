"""One MCP client over one `Transport`, in both eras of the protocol: find the era out, list and call tools, end it.

Each function returns either what was asked for or a `Failure`: a call that fails is data. Only one request of a
session may be under way at a time. The handshake era (2024-11-05 to 2025-11-25) opens a session with `initialize`; the
modern era (2026-07-28) has none, and each request says by itself all that the server has to know.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ..mirrored import mirrored
from ..outcome import Failure, Ok, Outcome, SchemaViolation, ToolError
from .dialogue import HEADERS, META, PROTOCOL, Form, Session, ask, request
from .headers import Fields
from .messages import RpcResult, encode_call_start, encode_call_tail
from .modern import mirrors, routing_headers
from .opening import AUTO, PROTOCOLS, delete_session, discover, initialize_session
from .pages import read_pages
from .tool import Tool, read_tools

__all__ = [
    "AUTO",
    "CALL_KEY_HEADER",
    "PROTOCOL",
    "PROTOCOLS",
    "Session",
    "Tool",
    "call_tool",
    "delete_session",
    "discover",
    "initialize_session",
    "list_tools",
    "ping",
    "remember_tools",
]

CALL_KEY_HEADER = "Mcp-Testbed-Call"
"""Carries the name under which the server's journal keeps a call."""
_NO_HEADERS: Fields = ()


async def call_tool(
    session: Session,
    name: str,
    arguments: Mapping[str, Any],
    *,
    call_key: str | None = None,
    not_before: float = 0.0,
) -> Outcome:
    """Call one tool, once (server/tools, "Calling tools").

    Args:
        session: from `initialize_session`.
        name: the tool's name.
        arguments: a JSON object.
        call_key: sent as header `Mcp-Testbed-Call`, under which a server of this project keeps the call in its journal.
        not_before: a moment, by time.perf_counter(), a few milliseconds from now at most: the request is made ready at
            once, and written then.

    Returns:
        Ok carries the result: `content`, and `structuredContent` when the tool has an outputSchema. ToolError: the
        result has `isError: true`. SchemaViolation: the result is no tool result, or one that this client has no answer
        to: in the modern era a `resultType` such as `input_required` or `task`. SessionLost: the server does not know
        the session any more; open a new one. Otherwise how the request failed.
    """
    form = session.forms.get(name)
    if form is None:
        form = session.forms[name] = _form(session, name)
    own = _NO_HEADERS if call_key is None else ((CALL_KEY_HEADER, call_key),)
    if form.mirrored:
        own += mirrors(form.mirrored, arguments)
    answer = await ask(session, form.headers, encode_call_tail(form.start, arguments), own, not_before)
    if not isinstance(answer, RpcResult):
        return answer
    result = answer.result
    content = result.get("content")
    if not isinstance(content, list):
        return SchemaViolation("the result has no content list")
    is_error = result.get("isError", False)
    if is_error is True:
        return ToolError(_text(content) or "the tool gave no reason")
    return Ok(result) if is_error is False else SchemaViolation("isError is neither true nor false")


async def list_tools(session: Session) -> tuple[Tool, ...] | Failure:
    """All tools of the server, page after page; the session remembers which arguments go into headers, too.

    SchemaViolation: a page is no list of named tools, a cursor comes twice, or there are more than 100 pages.
    """
    listed = await read_pages(session, "tools/list", "tools")
    if not isinstance(listed, tuple):
        return listed
    tools = read_tools(list(listed))
    if tools is None:
        return SchemaViolation("tools/list has no list of named tools")
    remember_tools(session, tools)
    return tuple(tools)


def remember_tools(session: Session, tools: Iterable[Tool]) -> None:
    """Take from `tools` which arguments modern calls repeat in headers (`x-mcp-header`), as `list_tools` does."""
    session.mirrored = {tool.name: mirrored(tool.input_schema) for tool in tools}
    session.forms.clear()


async def ping(session: Session) -> Failure | None:
    """Ask for a sign of life (basic/utilities/ping); the modern era has no such request: its servers answer -32601."""
    answer = await request(session, "ping", {})
    return None if isinstance(answer, RpcResult) else answer


def _form(session: Session, name: str) -> Form:
    if session.modern:
        headers = HEADERS | routing_headers("tools/call", name)
        return Form(headers, encode_call_start(name, META), session.mirrored.get(name, {}))
    return Form(session.headers or HEADERS, encode_call_start(name), {})


def _text(content: list[Any]) -> str:
    return " ".join(str(item["text"]) for item in content if isinstance(item, dict) and "text" in item)
