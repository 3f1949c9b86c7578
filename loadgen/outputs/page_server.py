"""A very small HTTP server for one page, `/metrics`, in the event loop of the run.

It runs in the loop, so each figure is read while nothing changes it: no locks, no copies of the accounts. A server in a
thread of its own would need both. Pages are not compressed: that would take longer than all the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable

from formats.errors import InvalidInput

_LONGEST_REQUEST = 16 * 1024
_SECONDS_FOR_A_REQUEST = 5.0
_SECONDS_FOR_A_REPLY = 5.0

Page = Callable[[str], Awaitable[tuple[str, bytes]]]
"""From the Accept header to the content type and the body."""


class PageServer:
    """Serves `page` to whoever asks for `/metrics`, one request for each connection."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that is listened on, also when `port` is 0.

        Raises:
            InvalidInput: the port cannot be used.
        """
        try:
            self._server = await asyncio.start_server(self._answer, host, port, limit=_LONGEST_REQUEST)
        except OSError as error:
            raise InvalidInput([f"--metrics-port {port} cannot be used: {error.strerror}"]) from error
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS_FOR_A_REQUEST):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(await self._reply(head))
            writer.close()
            async with asyncio.timeout(_SECONDS_FOR_A_REPLY):
                await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # who does not ask gets no answer, and who does not read gets no more of it
        finally:
            writer.transport.abort()

    async def _reply(self, head: bytes) -> bytes:
        lines = head.decode("latin-1").split("\r\n")
        method, _, target = lines[0].partition(" ")
        if method not in {"GET", "HEAD"}:
            return _encode("405 Method Not Allowed", "text/plain", b"GET only\n")
        if target.split(" ")[0].split("?")[0] != "/metrics":
            return _encode("404 Not Found", "text/plain", b"the page is /metrics\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        content_type, body = await self._page(headers.get("accept", ""))
        reply = _encode("200 OK", content_type, body)
        return reply[: -len(body)] if method == "HEAD" else reply


def _encode(status: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + body
