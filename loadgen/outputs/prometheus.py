"""The run as Prometheus metrics on a port of its own, while it goes on and a little longer.

Of a run with many tools and outcomes the page is long, and takes longer to make than calls should wait. So it is made
in the loop, a little at a time. (A thread would not help: it holds the interpreter for 5 ms whenever the loop sleeps.)
"""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import chain

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from formats.exposition import END, head_of, is_openmetrics, lines_of

from ..clock import Clock
from .collector import RunCollector
from .page_server import PageServer
from .series import Piece

_LONGEST_STALL = 0.001
"""Seconds after which the next piece of a page waits for calls that are ready."""


class PrometheusOutput:
    """The page: `start` before anything, `show` when there is a run to show, `stop` when it is over."""

    def __init__(self, clock: Clock) -> None:
        self._process = CollectorRegistry()
        self._clock = clock
        self._run: RunCollector | None = None
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process)
        self._server = PageServer(self._page)

    async def start(self, port: int, host: str = "127.0.0.1") -> int:
        """Serve `/metrics` on `port` (0: any); the port.

        Raises:
            InvalidInput: the port cannot be used.
        """
        return await self._server.start(host, port)

    def show(self, run: RunCollector) -> None:
        """From now on the page holds `run`, too."""
        self._run = run
        run.active = True

    async def stop(self, linger: float) -> None:
        """Say that the run is over, and go on serving for `linger` seconds, so that the last figures are scraped."""
        if self._run is not None:
            self._run.active = False
        try:
            await self._clock.sleep(linger)
        finally:
            await self._server.stop()

    def render(self, accept: str) -> tuple[str, bytes]:
        """The content type and the page, in the format that the scraper asks for."""
        content_type, texts = self._texts(accept)
        return content_type, b"".join(texts)

    async def _page(self, accept: str) -> tuple[str, bytes]:
        """See `render`; calls go on between the pieces."""
        content_type, texts = self._texts(accept)
        done, began = [], self._clock.now()
        for text in texts:
            done.append(text)
            if self._clock.now() - began > _LONGEST_STALL:
                await asyncio.sleep(0)
                began = self._clock.now()
        return content_type, b"".join(done)

    def _texts(self, accept: str) -> tuple[str, Iterator[bytes]]:
        _, content_type = choose_encoder(accept)
        pieces = chain(() if self._run is None else self._run.pieces(), self._process.collect())
        return content_type, _written(pieces, openmetrics=is_openmetrics(content_type))


def _written(pieces: Iterable[Piece], *, openmetrics: bool) -> Iterator[bytes]:
    """The text of each piece, which may be empty; the comments that head a family come once, before its first part."""
    before = ""
    for piece in pieces:
        text = ""
        if piece is not None:
            head = head_of(piece, openmetrics=openmetrics) if piece.name != before else ""
            text, before = head + lines_of(piece), piece.name
        yield text.encode()
    yield END.encode() if openmetrics else b""
