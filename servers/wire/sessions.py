"""The one seam to FastMCP's session manager: which handshake-era sessions are open, and how long each lived."""

from collections.abc import Callable
from typing import Any

from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from .call import call_of

_HEADER = MCP_SESSION_ID_HEADER.encode()
_BAD_REQUEST = 400


class SessionWatch:
    """ASGI layer right above FastMCP's app; reports every session that was really opened when it ends.

    Args:
        app: FastMCP's Starlette app.
        now: monotonic seconds.
        on_end: called with (protocol version, seconds lived) at DELETE, idle time-out and shutdown.
    """

    def __init__(self, app: Starlette, now: Callable[[], float], on_end: Callable[[str, float], None]) -> None:
        self.app = app
        self.now = now
        self.on_end = on_end
        self.opened: dict[str, tuple[str, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._watch_startup(send))
            return
        call = call_of(scope)
        if call is not None and call.session_id is None and call.method == "initialize":
            send = self._watch_opening(call.protocol_version, send)
        await self.app(scope, receive, send)

    def _watch_startup(self, send: Send) -> Send:
        async def watch(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                manager = session_manager(self.app)
                manager._server_instances = _SessionTable(self._ended)  # noqa: SLF001 - the seam this module owns
            await send(message)

        return watch

    def _watch_opening(self, requested: str | None, send: Send) -> Send:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < _BAD_REQUEST:
                session_id = dict(message["headers"]).get(_HEADER)
                if session_id is not None:
                    known = requested in HANDSHAKE_PROTOCOL_VERSIONS
                    version = requested if requested and known else HANDSHAKE_PROTOCOL_VERSIONS[-1]
                    self.opened[session_id.decode("latin-1")] = (version, self.now())
            await send(message)

        return watch

    def _ended(self, session_id: str) -> None:
        version, opened = self.opened.pop(session_id, (None, 0.0))
        if version is not None:
            self.on_end(version, self.now() - opened)


def session_manager(app: Starlette) -> StreamableHTTPSessionManager:
    """The session manager behind FastMCP's app, which exists only while its lifespan runs.

    Raises:
        LookupError: FastMCP no longer keeps it at its route's endpoint.
    """
    for route in app.routes:
        manager = getattr(getattr(route, "endpoint", None), "session_manager", None)
        if isinstance(manager, StreamableHTTPSessionManager):
            return manager
    raise LookupError("FastMCP's app has no route whose endpoint holds a session manager")


class _SessionTable(dict[str, Any]):
    """The manager's table of live transports, which tells when one is taken out."""

    def __init__(self, on_removed: Callable[[str], None]) -> None:
        super().__init__()
        self._on_removed = on_removed

    def pop(self, key: str, *default: Any) -> Any:
        value = super().pop(key, *default)
        self._on_removed(key)
        return value

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._on_removed(key)

    def clear(self) -> None:
        for key in list(self):
            del self[key]
