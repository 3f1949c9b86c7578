"""The one seam to uvicorn: bytes that no ASGI message can say, and the ways to cut a connection off.

`RawHttpProtocol` has to be uvicorn's HTTP protocol (`uvicorn.Config(http=RawHttpProtocol)`). What it touches of
uvicorn is checked by tests/servers/wire/test_connection.py, which fails first when a new version moves it.
"""

import asyncio
import fcntl
import socket
import struct
import termios
import weakref
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .cork import CorkedTransport

_SCOPE_KEY = "mcp_testbed.cycle"
_LINGER_NOT = struct.pack("ii", 1, 0)
_SECONDS_TO_ARRIVE = 1.0
"""How long a reset waits for what was written before it: a peer that does not read gets it anyway then."""
_SOON = 0.001


class CannotWriteRaw(RuntimeError):  # noqa: N818 - it names the cause, as the other exceptions of the project do
    """The request did not come through `RawHttpProtocol` (another server, uvicorn's h11), or its reply is over."""


class RawHttpProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol, whose requests can be answered with raw bytes, and which writes a reply at once."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """See `asyncio.Protocol`."""
        super().connection_made(CorkedTransport(transport, self.loop))  # type: ignore[arg-type]  # it does what is asked of one

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # Weak: the cycle holds the scope, and what holds each other stays until a collection.
        scope: Scope = cycle.scope  # type: ignore[assignment]  # uvicorn's own type of it is closed
        scope[_SCOPE_KEY] = weakref.ref(cycle)
        super()._start_asgi_task(cycle, app)


def connection_of(scope: Scope) -> "Connection":
    """The connection of the request that is being answered.

    Raises:
        CannotWriteRaw: this server has no such seam.
    """
    reference = scope.get(_SCOPE_KEY)
    cycle = reference() if reference is not None else None
    if cycle is None:
        raise CannotWriteRaw("raw bytes need uvicorn with servers.wire.connection.RawHttpProtocol")
    return Connection(cycle)


class Connection:
    """The server's end of one exchange. What ASGI's `send` has written stands; nothing may be sent after `close`,
    `reset` or `finish`, which tell uvicorn that the reply is complete.
    """  # noqa: D205 - one sentence

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    @property
    def gone(self) -> bool:
        """Whether the client closed the connection before the reply was complete."""
        return self._cycle.disconnected

    @property
    def started(self) -> bool:
        """Whether a head was written."""
        return self._cycle.response_started

    async def write_raw(self, data: bytes) -> None:
        """Write `data` as it is, and wait while the client is slow to take it; uvicorn no longer writes a head."""
        cycle = self._cycle
        cycle.response_started = True
        if not cycle.disconnected:
            cycle.transport.write(data)
            await self._drain()

    def finish(self) -> None:
        """Take what was written for a complete reply: the connection is kept where the client wants that."""
        if not self._cycle.keep_alive:
            self.close()
        else:
            self._complete()

    def close(self) -> None:
        """Send what was written, then FIN."""
        self._cycle.transport.close()
        self._complete()

    async def reset(self) -> None:
        """Send RST, once what was written has arrived."""
        await self._arrived()
        transport = self._cycle.transport
        sock = transport.get_extra_info("socket")
        if sock is not None and not transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
        self._complete()

    def _complete(self) -> None:
        cycle = self._cycle
        if not cycle.response_complete:
            cycle.response_started = cycle.response_complete = True
            cycle.message_event.set()  # who waits in `receive` learns that it is over
            cycle.on_response()

    async def _drain(self) -> None:
        if self._cycle.flow.write_paused:
            await self._cycle.flow.drain()

    async def _arrived(self) -> None:
        """Wait until the peer's kernel has everything: an abort discards what is still on its way."""
        transport = self._cycle.transport
        try:
            async with asyncio.timeout(_SECONDS_TO_ARRIVE):
                transport.set_write_buffer_limits(0)  # the flow is paused until nothing is left to write
                await self._drain()
                while not transport.is_closing() and _unacknowledged(transport):  # noqa: ASYNC110 - the kernel has no event for it
                    await asyncio.sleep(_SOON)
        except TimeoutError:
            pass


def _unacknowledged(transport: asyncio.Transport) -> int:
    """Bytes that the kernel has and the peer has not; 0 where the system cannot say."""
    sock = transport.get_extra_info("socket")
    try:
        return int.from_bytes(fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)), "little")
    except (AttributeError, OSError, ValueError):
        return 0
