"""HTTP requests of any shape over one transport, and their answers as they came."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from ..client.sse import SseParser
from ..client.transport import Request, Transport
from ..outcome import Connect, Failure
from .answer import EVENTS, MOST_BYTES, Answer

_MOST_REFUSED = 3


class ServerGoneError(Exception):
    """The server that was there takes no connections any more; the rest of the check would only say so again."""


@dataclass(slots=True)
class Pulse:
    """Whether the server is still there, for all probes of one check."""

    refused: int = 0

    def feel(self, failure: Failure | None) -> None:
        """Take in how an exchange ended.

        Raises:
            ServerGoneError: no connection could be made, for the third time in a row.
        """
        self.refused = self.refused + 1 if isinstance(failure, Connect) else 0
        if failure is not None and self.refused >= _MOST_REFUSED:
            raise ServerGoneError(failure.detail)


class _Hearing:
    """A `Sink` that keeps everything; it has enough when a response has come in an event stream."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.headed = asyncio.Event()
        self._sse: SseParser | None = None

    def head(self, status: int, headers: Mapping[bytes, bytes]) -> None:
        """See `Sink`."""
        self.status = status
        self.headers = {name.decode("latin-1"): value.decode("latin-1").strip() for name, value in headers.items()}
        if Answer(status, self.headers).content_type == EVENTS:
            self._sse = SseParser()
        self.headed.set()

    def feed(self, chunk: bytes) -> bool:
        """See `Sink`."""
        self.body += chunk
        if len(self.body) > MOST_BYTES:
            return True
        if self._sse is None or not any(event.data for event in self._sse.feed(chunk)):
            return False
        return self.answer(None).response is not None

    def answer(self, cut: Failure | None) -> Answer:
        return Answer(self.status, self.headers, bytes(self.body), cut)


@dataclass(slots=True)
class Probe:
    """One connection to the server; each exchange may take `within` seconds."""

    transport: Transport
    within: float
    pulse: Pulse

    async def send(self, request: Request) -> Answer | Failure:
        """One exchange; a Failure when not even a status came.

        Raises:
            ServerGoneError: see `Pulse`.
        """
        hearing = _Hearing()
        await self.transport.settle()
        failure = await self.transport.exchange(request, hearing, self.within)
        self.pulse.feel(failure)
        return failure if failure is not None and not hearing.status else hearing.answer(failure)

    async def head(self, request: Request) -> Answer | Failure:
        """As `send`, but the status and the headers are all that is waited for: for streams that stay open."""
        hearing = _Hearing()
        await self.transport.settle()
        exchange = asyncio.ensure_future(self.transport.exchange(request, hearing, self.within))
        headed = asyncio.ensure_future(hearing.headed.wait())
        try:
            await asyncio.wait({exchange, headed}, return_when=asyncio.FIRST_COMPLETED)
            failure = exchange.result() if exchange.done() else None
        finally:
            for task in (exchange, headed):
                task.cancel()
            await asyncio.gather(exchange, headed, return_exceptions=True)
            await self.transport.close()
        self.pulse.feel(failure)
        return failure if failure is not None and not hearing.status else hearing.answer(failure)

    async def close(self) -> None:
        """Drop the connection."""
        await self.transport.close()
