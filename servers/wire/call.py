"""One MCP request as everything above FastMCP sees it: read once, parsed once."""

from dataclasses import dataclass
from typing import Any

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pydantic_core import from_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MCP_PATH = "/mcp"
MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request body that are read ahead; what is larger is left for FastMCP to refuse with 413."""

PROTOCOL_VERSIONS = (*HANDSHAKE_PROTOCOL_VERSIONS, *MODERN_PROTOCOL_VERSIONS)
_SCOPE_KEY = "mcp_testbed.call"


@dataclass(frozen=True, slots=True)
class Call:
    """What a POST to the MCP endpoint asks for; None wherever the request does not say, or says nonsense."""

    method: str | None
    """JSON-RPC method, None for a response, a batch or what is no JSON-RPC message."""
    tool: str | None
    """Tool named by a `tools/call`."""
    protocol_version: str | None
    """The version header; for `initialize`, the version that the body asks for."""
    session_id: str | None


def call_of(scope: Scope) -> Call | None:
    """The call that `CallReader` found in this request, None outside of one."""
    call: Call | None = scope.get(_SCOPE_KEY)
    return call


def parse_call(headers: list[tuple[bytes, bytes]], body: bytes) -> Call:
    """The call in a POST; never raises, whatever the body holds."""
    named = dict(reversed(headers))  # of a header that is sent twice, FastMCP takes the first
    try:
        message: Any = from_json(body)  # the SDK's parser, so that both see the same message
    except ValueError:
        message = None
    if not isinstance(message, dict):
        message = {}
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    method = _text(message.get("method"))
    version = named[b"mcp-protocol-version"].decode("latin-1") if b"mcp-protocol-version" in named else None
    if method == "initialize":
        version = _text(params.get("protocolVersion")) or version
    session_id = named.get(b"mcp-session-id")
    return Call(
        method=method,
        tool=_text(params.get("name")) if method == "tools/call" else None,
        protocol_version=version,
        session_id=session_id.decode("latin-1") if session_id is not None else None,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


class CallReader:
    """ASGI layer: reads the body of a POST to the MCP endpoint, leaves its `Call` in the scope, replays the body."""

    def __init__(self, app: ASGIApp, max_body: int = MAX_BODY) -> None:
        self.app = app
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != MCP_PATH:
            await self.app(scope, receive, send)
            return
        read: list[Message] = []
        size = 0
        while size <= self.max_body:
            message = await receive()
            if message["type"] == "http.disconnect":  # in the middle of its own request: nobody is left to answer
                return
            read.append(message)
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        body = b"".join(message.get("body", b"") for message in read) if size <= self.max_body else b""
        scope[_SCOPE_KEY] = parse_call(scope["headers"], body)
        replay = iter(read)

        async def receive_again() -> Message:
            message = next(replay, None)
            return message if message is not None else await receive()

        await self.app(scope, receive_again, send)
