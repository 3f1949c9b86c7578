"""A histogram of the client library's format that counts in a third of the library's time, on the path of every call.

It also makes a page of metrics in a fraction of that time, for which the event loop waits.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample


class Durations(Collector):
    """Seconds by labels. All of it happens in one thread.

    Args:
        name: of the family.
        documentation: one sentence.
        labels: their names.
        bounds: upper bounds of the buckets, ascending, without infinity.
    """

    def __init__(self, name: str, documentation: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = tuple(labels)
        self._bounds = tuple(bounds)
        self._series: dict[tuple[str, ...], Series] = {}

    def __len__(self) -> int:
        return len(self._series)

    def __contains__(self, values: tuple[str, ...]) -> bool:
        return values in self._series

    def labels(self, *values: str) -> "Series":
        """The series with these values of the labels, which begins at 0 when it is new."""
        series = self._series.get(values)
        if series is None:
            labels = dict(zip(self._labels, values, strict=True))
            series = self._series[values] = Series(self._name, labels, self._bounds)
        return series

    def collect(self) -> Iterable[Metric]:
        """What the registry asks for at a scrape."""
        family = Metric(self._name, self._documentation, "histogram")
        family.samples = [sample for series in self._series.values() for sample in series.samples()]
        yield family

    def describe(self) -> Iterable[Metric]:
        """What the registry asks for at the registration."""
        yield Metric(self._name, self._documentation, "histogram")


class Series:
    """One series."""

    __slots__ = ("_bounds", "_buckets", "_counts", "_labels", "_name", "_sum")

    def __init__(self, name: str, labels: dict[str, str], bounds: tuple[float, ...]) -> None:
        self._name = name
        self._labels = labels
        self._bounds = bounds
        self._buckets = [{**labels, "le": bound} for bound in (*map(str, bounds), "+Inf")]
        self._counts = [0] * len(self._buckets)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one that lasted so long."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def samples(self) -> Iterable[Sample]:
        """Its lines."""
        name = f"{self._name}_bucket"
        total = 0
        for labels, total in zip(self._buckets, accumulate(self._counts), strict=True):
            yield Sample(name, labels, total)
        yield Sample(f"{self._name}_count", self._labels, total)
        yield Sample(f"{self._name}_sum", self._labels, self._sum)
