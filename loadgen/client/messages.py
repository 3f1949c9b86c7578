"""JSON-RPC messages to bytes and back, sans IO. Ids are integers; a response counts only when it carries ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ..outcome import Parse, RpcError, SseProtocol
from .rpc_errors import UNSUPPORTED_VERSION
from .sse import SseParser

HANDSHAKE_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The protocol versions that begin with `initialize`, newest first."""


@dataclass(slots=True)  # not frozen: one is made per call, and freezing triples what that costs
class RpcResult:
    """A JSON-RPC response that succeeded."""

    result: Mapping[str, Any]


def encode_request(request_id: int, method: str, params: Mapping[str, Any]) -> bytes:
    """One JSON-RPC request.

    >>> encode_request(1, "ping", {})
    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}'
    """
    return number_request(request_id, encode_tail(method, params))


def encode_tail(method: str, params: Mapping[str, Any]) -> bytes:
    """What follows the id in a JSON-RPC request."""
    return b',"method":%b,"params":%b}' % (orjson.dumps(method), orjson.dumps(params))


def encode_call_start(name: str, meta: Mapping[str, Any] | None = None) -> bytes:
    """What follows the id in a `tools/call`, up to its arguments: the same for all calls of one tool."""
    params = {"name": name} if meta is None else {"name": name, "_meta": meta}
    return b',"method":"tools/call","params":%b,"arguments":' % orjson.dumps(params)[:-1]


def encode_call_tail(start: bytes, arguments: Mapping[str, Any]) -> bytes:
    """What follows the id in a `tools/call` that begins with `start`."""
    return b"%b%b}}" % (start, orjson.dumps(arguments))


def number_request(request_id: int, tail: bytes) -> bytes:
    """The request that `tail` is the rest of."""
    return b'{"jsonrpc":"2.0","id":%d%b' % (request_id, tail)


def encode_notification(method: str) -> bytes:
    """One JSON-RPC notification without parameters."""
    return orjson.dumps({"jsonrpc": "2.0", "method": method})


def parse_json_response(body: bytes, request_id: int) -> RpcResult | RpcError | Parse:
    """The response to `request_id` that a JSON body is; Parse when it is none."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return Parse(_not_json(body, error))
    answer = read_response(message, request_id)
    return Parse(answer) if isinstance(answer, str) else answer


def parse_sse_response(body: bytes, request_id: int) -> RpcResult | RpcError | Parse | SseProtocol:
    """The response to `request_id` in a whole event stream.

    Notifications and requests of the server (frames with a `method`) are passed over. Parse: a frame is not JSON.
    SseProtocol: a response to something else, a malformed one, or none before the end of the stream.
    """
    for event in SseParser().feed(body):
        answer = read_event(event.data, request_id)
        if answer is not None:
            return answer
    return SseProtocol(f"the event stream ended without a response to request {request_id}")


def read_event(data: bytes, request_id: int) -> RpcResult | RpcError | Parse | SseProtocol | None:
    """What one event says about `request_id`; None when it is not a response (no data, or it has a `method`)."""
    if not data:
        return None
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return Parse(_not_json(data, error))
    if isinstance(message, dict) and "method" in message:
        return None
    answer = read_response(message, request_id)
    return SseProtocol(answer) if isinstance(answer, str) else answer


def read_response(message: object, request_id: int) -> RpcResult | RpcError | str:
    """The response that `message` is, or a sentence that says why it is none to `request_id`."""
    if not isinstance(message, dict):
        return f"the reply is no JSON-RPC message but a JSON {_json_type(message)}"
    if message.get("jsonrpc") != "2.0":
        return 'the reply has no "jsonrpc": "2.0"'
    has_error = "error" in message
    if ("result" in message) is has_error:
        return f"the reply has {'both' if has_error else 'neither'} result and error"
    got = message.get("id")
    # Who cannot read the request's id answers with a null; one exchange has one request, so the error is ours.
    if (type(got) is not int or got != request_id) and not (has_error and got is None):  # true and 1.0 equal 1, too
        return f"the reply is to request {str(got)[:40]!r}, not to {request_id}"
    return _read_error(message["error"]) if has_error else _read_result(message["result"])


def _read_result(result: object) -> RpcResult | str:
    if isinstance(result, dict):
        return RpcResult(result)
    return f"the result is a JSON {_json_type(result)}, not an object"


def _read_error(error: object) -> RpcError | str:
    if not isinstance(error, dict):
        return f"the error is a JSON {_json_type(error)}, not an object"
    code, message = error.get("code"), error.get("message")
    if type(code) is not int or not isinstance(message, str):
        return "the error has no integer code or no message"
    return RpcError(message, code, error.get("data") if code == UNSUPPORTED_VERSION else None)


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> str:
    if not body.strip():
        return "the reply is empty"
    return f"the reply is not JSON ({error.msg}): {body[:60].decode(errors='replace')}"


def _json_type(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", int: "number", float: "number", dict: "object"}
    return names.get(type(value), "null")
