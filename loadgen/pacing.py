"""When iterations are due and how many users there are: pure arithmetic on offsets from a scenario's start.

Nothing is added up as a run goes on, so nothing drifts: every answer is a function of the settings and of `n` or `t`.
What people wrote as decimals is summed exactly, so ten stages of 0.1 s last 1 s and not a trifle less.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stage:
    """A straight line from the level before to `target` (a rate, or a number of users) in `duration` seconds.

    A duration of 0 is a jump. `name` is that of the phase; empty: what the stage does.
    """

    duration: float
    target: float
    name: str = ""


class Pace(Protocol):
    """An arrival rate over time."""

    @property
    def total(self) -> int:
        """How many iterations become due before the end."""
        ...

    def due_at(self, n: int) -> float:
        """Offset at which the `n`-th iteration, from 0, is due; infinite from `total` on."""
        ...


@dataclass(frozen=True, slots=True)
class ConstantPace:
    """`rate` iterations per second, the first one at once, for `duration` seconds."""

    rate: float
    duration: float

    @property
    def total(self) -> int:
        """See `Pace`."""
        return math.ceil(_exact(self.rate) * _exact(self.duration))

    def due_at(self, n: int) -> float:
        """See `Pace`."""
        return n / self.rate


class RampingPace:
    """A rate that goes from `start` through the targets of `stages`.

    The n-th iteration is due when the integral of the rate exceeds n, so none is due while the rate is zero.
    """

    __slots__ = ("_counts", "_segments", "total")

    def __init__(self, start: float, stages: Sequence[Stage]) -> None:
        count, at = Fraction(0), Fraction(0)
        self._counts: list[float] = []
        self._segments: list[tuple[float, float, float, float]] = []  # starts at, lasts, from rate, slope
        for rate, stage in zip(_levels(start, stages), stages, strict=False):
            if stage.duration > 0:
                lasts, low, high = _exact(stage.duration), _exact(rate), _exact(stage.target)
                self._counts.append(float(count))
                self._segments.append((float(at), float(lasts), rate, float((high - low) / lasts)))
                count += (low + high) / 2 * lasts
                at += lasts
        self.total = math.ceil(count)

    def due_at(self, n: int) -> float:
        """See `Pace`."""
        if n >= self.total:
            return math.inf
        index = bisect_right(self._counts, n) - 1  # of stages without arrivals, the last one: they begin at one count
        at, lasts, rate, slope = self._segments[index]
        more = n - self._counts[index]
        if not more:
            return at
        # rate x + slope x² / 2 = more, solved so that nothing cancels out when the slope is small
        root = math.sqrt(max(0.0, rate * rate + 2 * slope * more))
        return at + min(lasts, 2 * more / (rate + root))


class VuPace:
    """A number of users that goes from `start` through the targets of `stages`, one user at a time, evenly."""

    __slots__ = ("changes", "duration", "most")

    def __init__(self, start: int, stages: Sequence[Stage]) -> None:
        changes = {0.0: start}
        at = Fraction(0)
        for before, stage in zip(_levels(start, stages), stages, strict=False):
            steps, lasts = int(stage.target - before), _exact(stage.duration)
            direction = 1 if steps > 0 else -1
            for step in range(1, abs(steps) + 1):
                changes[float(at + lasts * step / abs(steps))] = int(before) + direction * step
            at += lasts
        self.duration = float(at)
        self.most = max(changes.values())
        counts = list(changes.items())
        self.changes = tuple(counts[:1] + [new for old, new in pairwise(counts) if new[1] != old[1]])
        """Offsets at which the number changes, each with the number from then on; the first one is offset 0."""

    def vus_at(self, t: float) -> int:
        """How many users there are at offset `t`; after the end, as many as at the end."""
        return self.changes[bisect_right(self.changes, t, key=lambda change: change[0]) - 1][1]


def level_at(start: float, stages: Sequence[Stage], t: float) -> float:
    """The level at offset `t` on the straight lines from `start` through `stages`; after them, the last target."""
    level = start
    for stage in stages:
        if t < stage.duration:
            return level + (stage.target - level) * t / stage.duration
        level, t = stage.target, t - stage.duration
    return level


def phases(start: float, stages: Sequence[Stage]) -> tuple[tuple[str, float, float], ...]:
    """The stages that last, as named phases: name, offset of the start, offset of the end."""
    found, at = [], 0.0
    for before, stage in zip(_levels(start, stages), stages, strict=False):
        name = stage.name or f"{'hold' if stage.target == before else 'ramp to'} {stage.target:g}"
        if stage.duration > 0:
            found.append((name, at, at + stage.duration))
        at += stage.duration
    return tuple(found)


def _levels(start: float, stages: Sequence[Stage]) -> Iterator[float]:
    yield start
    yield from (stage.target for stage in stages)


def _exact(value: float) -> Fraction:
    return Fraction(repr(float(value)))  # the decimal that was written, not the binary float next to it
