"""The one seam to FastMCP's session manager: which handshake-era sessions are open, and how long each lived."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from anyio import BrokenResourceError, ClosedResourceError
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER, StreamableHTTPServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from .call import MAX_BODY, call_of
from .reply import error_type_of

_HEADER = MCP_SESSION_ID_HEADER.encode()
_BAD_REQUEST = 400
_OFTEN = 1 / 1000
"""Of the idle time-out: the clock of a session in use is not set back more often than that."""


class LiveSession:
    """A session that has answered `initialize`, as FastMCP keeps it, for a call that FastMCP does not see."""

    __slots__ = ("_is_set_back", "_transport", "_used")

    def __init__(self, transport: StreamableHTTPServerTransport) -> None:
        self._transport = transport
        self._is_set_back = self._used = False

    @property
    def answers(self) -> bool:
        """Whether FastMCP would serve a call in it: it is neither deleted nor idle for too long."""
        scope = self._transport.idle_scope
        return not self._transport.is_terminated and (scope is None or not scope.cancel_called)

    def touch(self) -> None:
        """A call came and went: the idle time begins anew."""
        self._used = True
        if not self._is_set_back:
            self._set_back_for_a_while()

    def _set_back_for_a_while(self) -> None:
        """Set the clock back now, and once more in a while if calls came until then: each call would pay for it."""
        limit = self._transport._idle_timeout  # noqa: SLF001 - the seam this module owns
        self._is_set_back = self._used and self.answers and limit is not None
        self._used = False
        if self._is_set_back and limit is not None:
            self._set_back(limit)
            asyncio.get_running_loop().call_later(limit * _OFTEN, self._set_back_for_a_while)

    def _set_back(self, limit: float) -> None:
        transport = self._transport
        if not transport._requests_in_flight and transport.idle_scope is not None:  # noqa: SLF001 - as above
            transport.idle_scope.deadline = asyncio.get_running_loop().time() + limit

    @contextmanager
    def hold(self) -> Iterator[None]:
        """No idle time passes during the `with` block."""
        transport = self._transport
        transport._requests_in_flight += 1  # noqa: SLF001 - as above
        if transport.idle_scope is not None:
            transport.idle_scope.deadline = math.inf
        try:
            yield
        finally:
            transport._requests_in_flight -= 1  # noqa: SLF001 - as above
            if transport._idle_timeout is not None:  # noqa: SLF001 - as above
                self._set_back(transport._idle_timeout)  # noqa: SLF001 - as above


class SessionWatch:
    """ASGI layer right above FastMCP's app; reports every session that was really opened when it ends.

    Args:
        app: FastMCP's Starlette app.
        now: monotonic seconds.
        on_end: called with (session id, protocol version, seconds lived) at DELETE, idle time-out and shutdown.
        max_body: bytes of a request body that FastMCP may take.
    """

    def __init__(
        self,
        app: Starlette,
        now: Callable[[], float],
        on_end: Callable[[str, str, float], None],
        max_body: int = MAX_BODY,
    ) -> None:
        self.app = app
        self.now = now
        self.on_end = on_end
        self.max_body = max_body
        self.opened: dict[str, tuple[str, float]] = {}
        self.live: dict[str, LiveSession] = {}
        """Those that have answered `initialize` with a result."""
        self._manager: StreamableHTTPSessionManager | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._watch_startup(send))
            return
        call = call_of(scope)
        if call is not None and call.session_id is None and call.method == "initialize":
            send = self._watch_opening(call.protocol_version, send)
        elif call is not None and call.session_id is not None and not call.has_id and call.era == "handshake":
            await self._pass_notification(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _pass_notification(self, scope: Scope, receive: Receive, send: Send) -> None:
        """FastMCP takes a notification (202) and then hands it over; when the session has ended meanwhile, it fails.

        Its client knows nothing of that and has its answer: neither a second one nor a traceback is due.
        """
        answered = False

        async def send_once(message: Message) -> None:
            nonlocal answered
            if not answered:
                answered = message["type"] == "http.response.body" and not message.get("more_body")
                await send(message)

        try:
            await self.app(scope, receive, send_once)
        except (ClosedResourceError, BrokenResourceError):
            if not answered:
                raise

    async def end(self, session_id: str) -> bool:
        """End a session as its idle time-out would; False when there is none of that id."""
        manager = self._manager
        transport = None if manager is None else manager._server_instances.get(session_id)  # noqa: SLF001 - the seam this module owns
        if manager is None or transport is None:
            return False
        await manager._discard_session(session_id, transport)  # noqa: SLF001 - as above
        return True

    def count(self) -> int:
        """How many sessions are open."""
        return len(self.opened)

    def _watch_startup(self, send: Send) -> Send:
        async def watch(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._manager = manager = session_manager(self.app)
                manager._server_instances = _SessionTable(self._ended)  # noqa: SLF001 - the seam this module owns
                manager.asgi_app.max_body_size = self.max_body
            await send(message)

        return watch

    def _watch_opening(self, requested: str | None, send: Send) -> Send:
        session_id, is_stream = "", False

        async def watch(message: Message) -> None:
            nonlocal session_id, is_stream
            if message["type"] == "http.response.start" and message["status"] < _BAD_REQUEST:
                headers = dict(message["headers"])
                session_id = headers.get(_HEADER, b"").decode("latin-1")
                is_stream = headers.get(b"content-type", b"").startswith(b"text/event-stream")
                if session_id:
                    known = requested in HANDSHAKE_PROTOCOL_VERSIONS
                    version = requested if requested and known else HANDSHAKE_PROTOCOL_VERSIONS[-1]
                    self.opened[session_id] = (version, self.now())
            elif session_id and (body := message.get("body")) and not error_type_of(200, body, is_stream=is_stream):
                self._established(session_id)
            await send(message)

        return watch

    def _established(self, session_id: str) -> None:
        manager = self._manager
        if manager is not None:
            transport = manager._server_instances.get(session_id)  # noqa: SLF001 - as above
            if transport is not None:
                self.live[session_id] = LiveSession(transport)

    def _ended(self, session_id: str) -> None:
        self.live.pop(session_id, None)
        version, opened = self.opened.pop(session_id, (None, 0.0))
        if version is not None:
            self.on_end(session_id, version, self.now() - opened)


def is_no_late_notification(record: logging.LogRecord) -> bool:
    """For FastMCP's log: a notification that came when its session had just ended is no failure; see `SessionWatch`."""
    return record.exc_info is None or not isinstance(record.exc_info[1], ClosedResourceError | BrokenResourceError)


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
