"""A run over time: a line of figures for each interval, and what happened in the last minute in full."""

from collections import deque
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from .accounting import Accounting, Slice, joined
from .result import Point

MOST_POINTS = 1200
_REMEMBERED = 60.0
"""Seconds whose response times are kept, for rolling windows."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known at the end of an interval besides the calls; None: it is not known, or there is none."""

    vus: int = 0
    target_rate: float | None = None
    server_memory: float | None = None
    server_sessions: float | None = None


class Timeline:
    """Looks at `accountings` at every `tick`; keeps 1,200 points at most, of longer and longer intervals.

    Points are joined in pairs when there are too many; the percentiles of a pair are then the means of the two,
    weighted by their calls.
    """

    def __init__(self, accountings: Sequence[Accounting]) -> None:
        self._taps = [accounting.tap() for accounting in accountings]
        self._recent: deque[tuple[float, Slice]] = deque()
        self._points: list[Point] = []
        self._at = 0.0
        self._together = 1  # ticks a point
        self._open: list[Slice] = []
        self._opened = 0.0

    @property
    def points(self) -> tuple[Point, ...]:
        """All points so far."""
        return tuple(self._points)

    def tick(self, at: float, moment: Moment) -> None:
        """An interval is over, `at` seconds after the run began."""
        if at <= self._at:
            return
        part = joined(tap.take() for tap in self._taps)
        self._recent.append((at, part))
        while self._recent[0][0] <= at - _REMEMBERED:
            self._recent.popleft()
        self._at = at
        self._open.append(part)
        if len(self._open) == self._together:
            self._close(moment)

    def finish(self, at: float, moment: Moment) -> None:
        """The run is over. What came at the very moment of the last tick belongs to that interval."""
        if at > self._at:
            self.tick(at, moment)
        else:
            rest = joined(tap.take() for tap in self._taps)
            if rest.outcomes or rest.dropped:
                self._recent.append((self._at, rest))
                self._open.append(rest)
        if self._open:
            self._close(moment)

    def last(self, seconds: float) -> tuple[Slice, ...]:
        """What came in the last `seconds`, a minute at most, tick by tick up to the last one."""
        return tuple(part for at, part in self._recent if at > self._at - seconds)

    def _close(self, moment: Moment) -> None:
        whole = joined(self._open)
        response = whole.response
        p50, p95, p99, most = (_ms(response.percentile(percent)) for percent in (50, 95, 99, 100))
        seconds = self._at - self._opened
        figures = (whole.calls, whole.errors, whole.dropped, p50, p95, p99, most, *astuple(moment))
        point = Point(self._at, seconds, *figures)
        if not seconds and self._points:
            self._points[-1] = _pair(self._points[-1], point)
        else:
            self._points.append(point)
        self._open, self._opened = [], self._at
        if len(self._points) > MOST_POINTS:
            self._points = [_pair(*self._points[i : i + 2]) for i in range(0, len(self._points), 2)]
            self._together *= 2


def _pair(first: Point, second: Point | None = None) -> Point:
    if second is None:
        return first
    errors = {
        label: first.errors.get(label, 0) + second.errors.get(label, 0) for label in {**first.errors, **second.errors}
    }
    return replace(
        second,
        seconds=first.seconds + second.seconds,
        calls=first.calls + second.calls,
        errors=errors,
        dropped=first.dropped + second.dropped,
        p50=_mean(first.calls, first.p50, second.calls, second.p50),
        p95=_mean(first.calls, first.p95, second.calls, second.p95),
        p99=_mean(first.calls, first.p99, second.calls, second.p99),
        maximum=max((value for value in (first.maximum, second.maximum) if value is not None), default=None),
    )


def _mean(calls: int, value: float | None, more: int, other: float | None) -> float | None:
    if value is None or other is None:
        return other if value is None else value
    return (calls * value + more * other) / (calls + more)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
