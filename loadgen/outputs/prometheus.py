"""The run as Prometheus metrics on a port of its own, while it goes on and a little longer.

Of a run with many tools and outcomes the page is long, and takes longer to make than calls should wait. So it is made
in the loop, a little at a time. (A thread would not help: it holds the interpreter for 5 ms whenever the loop sleeps.)
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..accounting import Accounting
from ..clock import Clock
from ..metrics import Trend
from ..progress import Progress
from .collector import Labels, Live, Piece, RunCollector
from .page_server import PageServer
from .window import Window

_SECONDS_BETWEEN_LOOKS = 1.0
_LONGEST_STALL = 0.001
"""Seconds after which the next piece of a page waits for calls that are ready."""
_END = b"# EOF\n"
"""What OpenMetrics has at the end of a page."""


class PrometheusOutput:
    """An `Output` for Prometheus: `start` before the run, `watch` while it goes on, `stop` after it.

    Args:
        labels: the scenario, the run and its tools.
        accounts: the accounts of the run, read at each scrape.
        live: what only the engine knows.
        loop_lag: the event loop's lag as the health monitor measures it.
        clock: time.
    """

    def __init__(
        self, labels: Labels, accounts: Accounting, live: Callable[[], Live], loop_lag: Trend, clock: Clock
    ) -> None:
        self._process = CollectorRegistry()
        self._accounts = accounts
        self._clock = clock
        self._window = Window()
        self._run = RunCollector(labels, accounts, live, loop_lag, self._window)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process)
        self._server = PageServer(self._page)

    async def start(self, port: int, host: str = "127.0.0.1") -> int:
        """Serve `/metrics` on `port` (0: any); the port.

        Raises:
            InvalidInput: the port cannot be used.
        """
        listening = await self._server.start(host, port)
        self._run.active = True
        return listening

    async def watch(self, progress: Callable[[], Progress]) -> None:
        """See `Output`."""
        del progress  # the accounts know more
        self._accounts.take_recent()
        while True:
            await self._clock.sleep(_SECONDS_BETWEEN_LOOKS)
            self._window.add(self._accounts.take_recent())

    async def stop(self, linger: float) -> None:
        """Say that the run is over, and go on serving for `linger` seconds, so that the last figures are scraped."""
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
        encode, content_type = choose_encoder(accept)
        return content_type, _written(chain(self._run.pieces(), self._process.collect()), encode)


class _One(Collector):
    """What an encoder takes, with one family in it."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return (self._family,)


def _written(pieces: Iterable[Piece], encode: Callable[[Collector], bytes]) -> Iterator[bytes]:
    """The text of each piece, which may be empty; the comments that head a family come once, before its first part."""
    before, end = "", b""
    for piece in pieces:
        text = b""
        if piece is not None:
            whole = encode(_One(piece))
            text = whole.removesuffix(_END)
            end = whole[len(text) :]
            if piece.name == before:
                text = b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(b"#"))
            before = piece.name
        yield text
    yield end
