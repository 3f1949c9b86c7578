"""What a reply says about the call it answers."""

import re
from typing import Any

from pydantic_core import from_json

_MAYBE_FAILED = re.compile(rb'"error"|"isError"\s*:\s*true')
_HTTP_ERROR = 400


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
        return "tool_error"
    return str(status) if status >= _HTTP_ERROR else ""


def _json_rpc_message(body: bytes) -> dict[str, Any]:
    data = b"\n".join(line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")) or body
    try:
        message = from_json(data)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
