"""Replies: how they are framed, as FastMCP frames them, and what one says about the call that it answers."""

import re
from collections.abc import Mapping
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import ERROR_CODE_HTTP_STATUS
from pydantic_core import from_json, to_json
from starlette.types import Message

from .call import Call

_MAYBE_FAILED = re.compile(rb'"error"|"isError"\s*:\s*true')
_HTTP_ERROR = 400
_JSON = (b"content-type", b"application/json")
_STREAM = (b"content-type", b"text/event-stream")
_NOT_STORED = ((b"cache-control", b"no-cache, no-transform"), (b"connection", b"keep-alive"))
_UNBUFFERED = (b"x-accel-buffering", b"no")

TOOL_ERROR = "tool_error"
"""The `error.type` of a call whose tool failed."""
CANCELLED = "cancelled"
"""The `error.type` of a call that was given up before it was answered."""


def error_type_of(status: int, body: bytes, *, is_stream: bool) -> str:
    """The `error.type` of OpenTelemetry's MCP conventions for a reply that is over, empty for success.

    Args:
        status: HTTP status, 0 when there was no reply at all.
        body: JSON of the reply, or the last server-sent event of it.
        is_stream: whether the reply is server-sent events.

    Returns:
        The JSON-RPC error code as text, `tool_error` for `isError`, the HTTP status of any other failure, `cancelled`
        when no answer came, or "".
    """
    if status == 0 or (is_stream and not body):
        return CANCELLED
    if status < _HTTP_ERROR and not _MAYBE_FAILED.search(body):
        return ""
    message = _json_rpc_message(body)
    error, result = message.get("error"), message.get("result")
    if isinstance(error, dict) and "code" in error:
        return str(error["code"])
    if isinstance(result, dict) and result.get("isError") is True:
        return TOOL_ERROR
    return str(status) if status >= _HTTP_ERROR else ""


def _json_rpc_message(body: bytes) -> dict[str, Any]:
    data = b"\n".join(line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")) or body
    try:
        message = from_json(data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def result_end(meta: Mapping[str, Any], *, modern: bool, is_error: bool = False) -> bytes:
    """What ends a `tools/call` response after the members that the tool gave."""
    complete = b',"resultType":"complete"' if modern else b""
    about = b',"_meta":' + to_json(meta) if meta else b""
    return b',"isError":%b%b%b}}' % (b"true" if is_error else b"false", complete, about)


def error_response(request_id: object, code: int, message: str) -> bytes:
    """A JSON-RPC error."""
    return to_json({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}})


def refusal(call: Call, error: MCPError) -> tuple[bytes, int]:
    """The JSON-RPC error that a tool raised, and the HTTP status that the era gives it."""
    shown = error.error.model_dump(mode="json", by_alias=True, exclude_none=True)
    status = ERROR_CODE_HTTP_STATUS.get(error.error.code, 200) if call.era == "modern" else 200
    return to_json({"jsonrpc": "2.0", "id": call.id, "error": shown}), status


def event(body: bytes) -> bytes:
    """A message as a server-sent event."""
    return b"event: message\r\ndata: %b\r\n\r\n" % body


def stream_start(call: Call) -> Message:
    """The head of a reply as server-sent events; the two eras order its fields differently."""
    fields = [_STREAM, *_NOT_STORED] if call.era == "modern" else [*_NOT_STORED, _STREAM]
    return {"type": "http.response.start", "status": 200, "headers": [*fields, *_session_header(call), _UNBUFFERED]}


def json_start(call: Call, status: int, length: int) -> Message:
    """The head of a reply in one JSON body."""
    headers = [_JSON, *_session_header(call), (b"content-length", b"%d" % length)]
    return {"type": "http.response.start", "status": status, "headers": headers}


def _session_header(call: Call) -> list[tuple[bytes, bytes]]:
    return [(b"mcp-session-id", call.headers[b"mcp-session-id"])] if call.era == "handshake" else []
