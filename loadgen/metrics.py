"""Sinks: what a stream of values is folded into. Each takes a fixed amount of memory, however many values it gets."""

import math
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

_LONGEST_MICROSECONDS = 3_600_000_000
_DIGITS = 3
_MEDIAN = 50


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
    """A distribution of durations: an HDR histogram in microseconds, three significant digits, up to one hour."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _LONGEST_MICROSECONDS, _DIGITS)
        self._count = 0
        self._sum = 0.0
        self._minimum = math.inf
        self._maximum = 0.0

    def add(self, seconds: float) -> None:
        """Take one duration in; longer ones than an hour count as an hour in percentiles."""
        self._count += 1
        self._sum += seconds
        self._minimum = min(self._minimum, seconds)
        self._maximum = max(self._maximum, seconds)
        self._histogram.record_value(min(max(round(seconds * 1e6), 1), _LONGEST_MICROSECONDS))

    def percentile(self, percent: float) -> float | None:
        """The percentile in milliseconds, or None when fewer values than one lie above it: p99 wants 100 of them."""
        if self._count < (100 / (100 - percent) if percent > _MEDIAN else 1):
            return None
        return float(min(self._histogram.get_value_at_percentile(percent) / 1000, self._maximum * 1000))

    def summary(self) -> TrendSummary:
        """All statistics as they stand now."""
        some = self._count > 0
        return TrendSummary(
            count=self._count,
            minimum=self._minimum * 1000 if some else None,
            average=self._sum / self._count * 1000 if some else None,
            median=self.percentile(50),
            maximum=self._maximum * 1000 if some else None,
            p90=self.percentile(90),
            p95=self.percentile(95),
            p99=self.percentile(99),
        )


@dataclass(slots=True)
class Rate:
    """How many of the values were true."""

    true: int = 0
    total: int = 0

    def add(self, value: bool) -> None:
        """Take one value in."""
        self.true += value
        self.total += 1

    def share(self) -> float | None:
        """The share of true values from 0 to 1, or None without any value."""
        return self.true / self.total if self.total else None
