"""Growth with a confidence interval: does the server leak, do response times drift?

Neighbours in such series resemble each other, and memory grows in steps, so the textbook interval of a fitted line is
several times too narrow. Here:

1. The points are averaged over 30 stretches of equal length. That takes out steps and dependence shorter than a
   stretch, and makes the time needed linear in the number of points.
2. A line is fitted to the averages by least squares.
3. The averages count as fewer than they are, by the lag-1 autocorrelation r of what the line leaves over:
   n_e = n (1 - r) / (1 + r), in the variance of the slope as well as in the degrees of freedom of Student's t
   (B. D. Santer and others, "Statistical significance of trends and trend differences in layer-average atmospheric
   temperature time series", Journal of Geophysical Research 105 (2000) D6, pages 7337 to 7356, section 5).
4. That r comes out too low in short series, by (2 + 4 r) / n after a fitted line (N. P. A. van Giersbergen, "On the
   effect of deterministic terms on the bias in stable AR models", Economics Letters 89 (2005) 75 to 82), and is
   corrected by as much. A negative r counts as 0.
5. At least 4 averages count, whatever r is: 2 degrees of freedom, which make the interval wide and keep it finite.

The shares of simulated series of which the 95 % interval held the true slope (1,000 series each, 300 of 3,000 points;
test_slope.py measures most of them anew):

    points                                      30      60     120     600   3,000
    white noise                               95.7    95.8    96.4    96.6    97.7 %
    each value 0.8 of the one before          92.2    95.5    96.6    95.8    96.7 %
    each value 0.95 of the one before         89.2    95.7    96.3    96.6    96.3 %
    random walk                               86.5    90.7    89.6    91.5    90.7 %
    random steps, one in 20 points on average 58.9    72.5    83.0    89.6    92.0 %
    equal steps, one in 40 points             67.2   100     100     100     100   %

So: a series that holds fewer than about 20 steps of unequal size says less than its interval claims.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Literal

from ..student_t import t_quantile

Growth = Literal["leaks", "does not leak", "cannot tell"]
_FEWEST_POINTS = 20
_STRETCHES = 30
_FEWEST_STRETCHES = 10
_FEWEST_COUNTED = 4.0
_SHORTEST_SECONDS = 0.001
_MOST_CORRELATION = 0.999
_SECONDS_PER_HOUR = 3600.0
_WIDE = 1000.0
"""What is as large has no digits after the point."""

_Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth of a value per second, and the interval that holds the true one with `confidence`; from `n` points."""

    per_second: float
    low: float
    high: float
    n: int
    confidence: float

    @property
    def leaks(self) -> bool:
        """Whether the value grows beyond doubt: the whole interval lies above 0."""
        return self.low > 0

    @property
    def per_hour(self) -> float:
        """The growth per hour."""
        return self.per_second * _SECONDS_PER_HOUR

    def growth(self, limit_per_hour: float) -> Growth:
        """Leaks: grows beyond doubt, at whatever pace. Does not leak: any growth is below the limit beyond doubt."""
        if self.leaks:
            return "leaks"
        return "does not leak" if self.within(limit_per_hour) else "cannot tell"

    def within(self, limit_per_hour: float) -> bool | None:
        """Whether the growth is at most the limit, leak or not; None: the limit lies inside the interval."""
        if self.high * _SECONDS_PER_HOUR <= limit_per_hour:
            return True
        return False if self.low * _SECONDS_PER_HOUR > limit_per_hour else None

    def sentence(
        self,
        limit_per_hour: float,
        unit: str,
        per_unit: float = 1.0,
        words: tuple[str, str] = ("leaks", "does not leak"),
    ) -> str:
        """The verdict in words, such as ("drifts", "does not drift") for what is no memory.

        `per_unit` of the value make one `unit`: 1,000,000 bytes are one MB.
        """
        growth = self.growth(limit_per_hour)
        verdict = {"leaks": words[0], "does not leak": words[1]}.get(growth, growth)
        centre, low, high, limit = (
            f"{value:,.0f}" if abs(value) >= _WIDE else f"{value:.4g}"
            for value in (
                self.per_hour / per_unit,
                self.low * _SECONDS_PER_HOUR / per_unit,
                self.high * _SECONDS_PER_HOUR / per_unit,
                limit_per_hour / per_unit,
            )
        )
        return (
            f"{verdict}: {centre} {unit}/h, "
            f"{self.confidence:.0%} interval {low} to {high} {unit}/h, limit {limit} {unit}/h"
        )


def fit_slope(points: _Points, confidence: float = 0.95) -> Slope | None:
    """How a value grows, from `(seconds, value)` pairs in any order.

    None when there is too little to say anything: fewer than 20 points, or points at fewer than 10 moments that are
    told apart when the whole time is cut into 30. What belongs to a warm-up must be left out by the caller.
    """
    if len(points) < _FEWEST_POINTS:
        return None
    averages = _averages(sorted(points))
    if len(averages) < _FEWEST_STRETCHES:
        return None
    slope, spread, left_over = _fit_line(averages)
    counted = _independent(left_over)
    deviation = math.sqrt(sum(value * value for value in left_over) / (counted - 2) / spread)
    reach = t_quantile((1 + confidence) / 2, int(counted - 2)) * deviation
    return Slope(slope, slope - reach, slope + reach, len(points), confidence)


def _averages(points: _Points) -> list[tuple[float, float]]:
    """The mean moment and value of each stretch that has points, both from the first point on: rounding stays small."""
    (start, origin), end = points[0], points[-1][0]
    if end - start < _SHORTEST_SECONDS:
        return []
    if len(points) <= _STRETCHES:
        moments = {at for at, _ in points}
        return [(at - start, value - origin) for at, value in points] if len(moments) >= _FEWEST_STRETCHES else []
    stretch = (end - start) / _STRETCHES
    parts: list[list[tuple[float, float]]] = [[] for _ in range(_STRETCHES)]
    for at, value in points:
        parts[min(_STRETCHES - 1, int((at - start) / stretch))].append((at - start, value - origin))
    return [(fmean(at for at, _ in part), fmean(value for _, value in part)) for part in parts if part]


def _fit_line(points: _Points) -> tuple[float, float, list[float]]:
    """The slope by least squares, the squared spread of the moments, and what the line leaves over."""
    middle, mean = fmean(at for at, _ in points), fmean(value for _, value in points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    slope = sum((at - middle) * (value - mean) for at, value in points) / spread
    return slope, spread, [value - mean - slope * (at - middle) for at, value in points]


def _independent(left_over: Sequence[float]) -> float:
    """How many independent values these are worth."""
    n, squares = len(left_over), sum(value * value for value in left_over)
    if not squares:
        return n
    measured = sum(a * b for a, b in pairwise(left_over)) / squares
    correlation = min(max((n * measured + 2) / (n - 4), 0.0), _MOST_CORRELATION)
    return max(_FEWEST_COUNTED, n * (1 - correlation) / (1 + correlation))
