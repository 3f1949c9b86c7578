"""One MCP request as everything above FastMCP sees it: read once, parsed once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pydantic_core import from_json
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MCP_PATH = "/mcp"
MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request body, unless the configuration says otherwise; more are refused with 413."""

PROTOCOL_VERSIONS = (*HANDSHAKE_PROTOCOL_VERSIONS, *MODERN_PROTOCOL_VERSIONS)
CALL_KEY_META = "mcp-testbed/call"
Era = Literal["handshake", "modern"]

_SCOPE_KEY = "mcp_testbed.call"
_HANDSHAKE_HEADERS = frozenset({None, *(version.encode() for version in HANDSHAKE_PROTOCOL_VERSIONS)})
_NO_OBJECT: dict[str, Any] = {}
_TOO_LARGE = 413


@dataclass(slots=True)  # not frozen: one is made per request, and freezing doubles what that costs
class Call:
    """What a POST to the MCP endpoint asks for; None or empty wherever the request does not say, or says nonsense."""

    method: str | None = None
    """JSON-RPC method, None for a response, a batch or what is no JSON-RPC message."""
    tool: str | None = None
    """Tool named by a `tools/call`."""
    protocol_version: str | None = None
    """The version header; for `initialize`, the version that the body asks for."""
    session_id: str | None = None
    era: Era = "handshake"
    """By the version header alone, as FastMCP decides it."""
    message: dict[str, Any] = field(default_factory=dict, compare=False)
    """The whole body, when it is a JSON object."""
    params: dict[str, Any] = field(default_factory=dict, compare=False)
    headers: dict[bytes, bytes] = field(default_factory=dict, compare=False)
    """Names in lower case; of a header that is sent twice, the first."""
    repeats: bool = field(default=False, compare=False)
    """Whether some header was sent twice."""
    key: str | None = None
    """The client's name for this call, `<run>/<tool>/<n>`, from the header Mcp-Testbed-Call or from `_meta`."""

    @property
    def id(self) -> Any:
        """The JSON-RPC id, None without one."""
        return self.message.get("id")

    @property
    def has_id(self) -> bool:
        """Whether the message has an id at all; without one it is a notification."""
        return "id" in self.message

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of a `tools/call`; empty when they are missing or no object."""
        return _object(self.params.get("arguments"))

    @property
    def meta(self) -> dict[str, Any]:
        """The request's `_meta`."""
        return _object(self.params.get("_meta"))


def call_of(scope: Scope) -> Call | None:
    """The call that `CallReader` found in this request, None outside of one."""
    call: Call | None = scope.get(_SCOPE_KEY)
    return call


def parse_call(headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Call:
    """The call in a POST; never raises, whatever the body holds."""
    named = dict(headers)
    repeats = len(named) < len(headers)
    if repeats:
        named = dict(reversed(headers))  # FastMCP takes the first
    try:
        parsed = from_json(body)  # the SDK's parser, so that both see the same message
    except ValueError:
        parsed = None
    message: dict[str, Any] = parsed if type(parsed) is dict else _NO_OBJECT
    params = message.get("params")
    if type(params) is not dict:
        params = _NO_OBJECT
    method = _text(message.get("method"))
    version_header = named.get(b"mcp-protocol-version")
    version = None if version_header is None else version_header.decode("latin-1")
    if method == "initialize":
        version = _text(params.get("protocolVersion")) or version
    session_id = named.get(b"mcp-session-id")
    key = named.get(b"mcp-testbed-call")
    return Call(
        method,
        _text(params.get("name")) if method == "tools/call" else None,
        version,
        None if session_id is None else session_id.decode("latin-1"),
        "handshake" if version_header in _HANDSHAKE_HEADERS else "modern",
        message,
        params,
        named,
        repeats,
        _key_in(params) if key is None else key.decode("latin-1"),
    )


def _key_in(params: dict[str, Any]) -> str | None:
    return _text(_object(params["_meta"]).get(CALL_KEY_META)) if "_meta" in params else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else _NO_OBJECT


class UnderWay:
    """How many requests the server is answering."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count one for the length of a `with` block."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


class CallReader:
    """ASGI layer: reads the body of a POST to the MCP endpoint, leaves its `Call` in the scope, replays the body.

    A body of more than `max_body` bytes is refused with 413, by its Content-Length where it has one, before any of the
    layers below knows of it. The others are counted in `under_way`.
    """

    def __init__(self, app: ASGIApp, max_body: int = MAX_BODY, under_way: UnderWay | None = None) -> None:
        self.app = app
        self.max_body = max_body
        self.under_way = under_way or UnderWay()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != MCP_PATH:
            await self.app(scope, receive, send)
            return
        message = await receive()
        body = message.get("body", b"")
        if message.get("more_body") or len(body) > self.max_body or message["type"] != "http.request":
            whole = await self._rest(scope, message, receive, send)
            if whole is None:
                return
            message, body = whole, whole["body"]
        scope[_SCOPE_KEY] = parse_call(scope["headers"], body)
        under_way = self.under_way
        under_way.count += 1  # as `one_more`, which would cost each call a microsecond
        try:
            await self.app(scope, _Replay(message, receive), send)
        finally:
            under_way.count -= 1

    async def _rest(self, scope: Scope, message: Message, receive: Receive, send: Send) -> Message | None:
        """The whole body in one message; None when it is too large, which is refused, or when its sender is gone."""
        pieces: list[bytes] = []
        left = self.max_body
        if _declared_length(scope) <= self.max_body:
            while message["type"] == "http.request":  # else nobody is left to answer
                pieces.append(message.get("body", b""))
                left -= len(pieces[-1])
                if left < 0:
                    break
                if not message.get("more_body"):
                    return {"type": "http.request", "body": b"".join(pieces), "more_body": False}
                message = await receive()
            else:
                return None
        scope[_SCOPE_KEY] = parse_call(scope["headers"], b"")
        await Response("Request body too large", status_code=_TOO_LARGE)(scope, receive, send)
        return None


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


class _Replay:
    """A `receive` that gives the body once more, and then what the client does next."""

    __slots__ = ("_message", "_receive")

    def __init__(self, message: Message, receive: Receive) -> None:
        self._message: Message | None = message
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return await self._receive() if message is None else message
