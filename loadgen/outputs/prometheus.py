"""The run as Prometheus metrics on a port of its own, while it goes on and a little longer."""

import asyncio
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ..accounting import Accounting
from ..clock import Clock
from ..metrics import Trend
from ..progress import Progress
from .collector import Labels, Live, RunCollector
from .endpoint import Endpoint
from .window import Window

_SECONDS_BETWEEN_LOOKS = 1.0


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
        self.registry = CollectorRegistry()
        self._accounts = accounts
        self._clock = clock
        self._window = Window()
        self._run = RunCollector(labels, accounts, live, loop_lag, self._window)
        self.registry.register(self._run)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._endpoint = Endpoint(self._page)

    async def start(self, port: int, host: str = "127.0.0.1") -> int:
        """Serve `/metrics` on `port` (0: any); the port.

        Raises:
            InvalidInput: the port cannot be used.
        """
        listening = await self._endpoint.start(host, port)
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
            await self._endpoint.stop()

    def render(self, accept: str) -> tuple[str, bytes]:
        """The content type and the page, in the format that the scraper asks for."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(_Figures(self.registry))

    async def _page(self, accept: str) -> tuple[str, bytes]:
        """See `render`: the figures are taken at once, in the loop; to write them down takes longer, in a thread."""
        encode, content_type = choose_encoder(accept)
        return content_type, await asyncio.to_thread(encode, _Figures(self.registry))


class _Figures(Collector):
    """What a registry held at one moment."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._families = list(registry.collect())

    def collect(self) -> Iterable[Metric]:
        return self._families
