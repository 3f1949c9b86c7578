"""Sinks: what a stream of values is folded into. Each takes a bounded amount of memory, however many values it gets."""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

from .histogram import Histogram

_PENDING = 2048


@dataclass(frozen=True, slots=True)
class TrendSummary:
    """A trend at its end, in milliseconds. None: there are too few values for that statistic."""

    count: int
    minimum: float | None
    average: float | None
    median: float | None
    maximum: float | None
    p90: float | None
    p95: float | None
    p99: float | None


NO_VALUES = TrendSummary(0, None, None, None, None, None, None, None)
"""The summary of a trend that nothing was added to."""


class Trend:
    """A distribution of durations; count, sum, minimum and maximum are exact, percentiles have three digits.

    Values wait in a flat array until `fold` moves them into the histogram, 2,048 at a time in about 0.2 ms. A hot path
    calls `push` and folds now and then by itself; `add` does both. The histograms in `also` get every value, too.
    """

    __slots__ = ("_also", "_histogram", "_maximum", "_minimum", "_pending", "_sum", "push")

    def __init__(self, also: Iterable[Histogram] = ()) -> None:
        self._also = also
        self._pending = array("d")
        self.push = self._pending.append
        self._histogram = Histogram()
        self._sum = 0.0
        self._minimum = math.inf
        self._maximum = 0.0

    @property
    def count(self) -> int:
        """How many values there are, folded or not."""
        return self._histogram.count + len(self._pending)

    @property
    def sum(self) -> float:
        """The sum of all values in seconds."""
        self.fold()
        return self._sum

    @property
    def histogram(self) -> Histogram:
        """All values; do not change it."""
        self.fold()
        return self._histogram

    def add(self, seconds: float) -> None:
        """Take one duration in."""
        self.push(seconds)
        if len(self._pending) >= _PENDING:
            self.fold()

    def fold(self) -> None:
        """Move what was pushed into the histogram, and into all that listen."""
        pending = self._pending
        if not pending:
            return
        values = pending.tolist()  # its items exist, those of an array are made at every look
        low = min(values)
        if low < 0:  # a clock that went back; no duration is negative
            values = [max(value, 0.0) for value in values]
            pending[:] = array("d", values)
            low = 0.0
        self._minimum = min(self._minimum, low)
        self._maximum = max(self._maximum, max(values))  # noqa: PLW3301 - a flat call would look at every value twice
        self._sum += math.fsum(values)
        self._histogram.add(pending)
        for histogram in self._also:
            histogram.add(pending)
        del pending[:]  # the array itself stays: `push` is bound to it

    def merge(self, other: "Trend") -> None:
        """Take in everything that `other` holds."""
        self.fold()
        self._histogram.merge(other.histogram)
        self._sum += other.sum
        self._minimum = min(self._minimum, other._minimum)  # noqa: SLF001 - of the same class
        self._maximum = max(self._maximum, other._maximum)  # noqa: SLF001 - its own kind

    def percentile(self, percent: float) -> float | None:
        """The percentile in milliseconds; see `Histogram`."""
        self.fold()
        value = self._histogram.percentile(percent)
        return None if value is None else min(max(value, self._minimum), self._maximum) * 1000

    def summary(self) -> TrendSummary:
        """All statistics as they stand now."""
        self.fold()
        count = self._histogram.count
        if not count:
            return NO_VALUES
        return TrendSummary(
            count=count,
            minimum=self._minimum * 1000,
            average=self._sum / count * 1000,
            median=self.percentile(50),
            maximum=self._maximum * 1000,
            p90=self.percentile(90),
            p95=self.percentile(95),
            p99=self.percentile(99),
        )


@dataclass(frozen=True, slots=True)
class GaugeSummary:
    """Where a gauge stood last, and its range; None: it was never set."""

    value: int | None = None
    minimum: int | None = None
    maximum: int | None = None


NEVER_SET = GaugeSummary()
"""The summary of a gauge that nobody set."""


class Gauge:
    """A value that goes up and down."""

    __slots__ = ("_now",)

    def __init__(self) -> None:
        self._now = NEVER_SET

    def set(self, value: int) -> None:
        """Take the present value in."""
        now = self._now
        low = value if now.minimum is None else min(now.minimum, value)
        high = value if now.maximum is None else max(now.maximum, value)
        self._now = GaugeSummary(value, low, high)

    def summary(self) -> GaugeSummary:
        """As it stands now."""
        return self._now
