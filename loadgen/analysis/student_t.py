"""Quantiles of Student's t distribution, for confidence intervals from few observations."""

import math
from functools import cache

_MEDIAN = 0.5
_WIDEST = 1e6
_HALVINGS = 80
"""Of an interval of 1e6: down to the precision of a double."""


@cache
def t_quantile(probability: float, freedom: int) -> float:
    """The value that a t-distributed variable with `freedom` degrees stays below with this probability.

    Raises:
        ValueError: no degree of freedom, or a probability outside [0.5, 1).
    """
    if freedom < 1 or not _MEDIAN <= probability < 1:
        raise ValueError(f"no t quantile of {probability} with {freedom} degrees of freedom")
    low, high = 0.0, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _share_below(middle, freedom) < probability else (low, middle)
    return low


def _share_below(t: float, freedom: int) -> float:
    """The distribution function for t >= 0: the finite sums 26.7.3 and 26.7.4 of Abramowitz and Stegun."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, squared = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = total = math.cos(angle) if odd else 1.0
    for k in range(1 + odd, freedom - 2, 2):
        term *= squared * k / (k + 1)
        total += term
    if freedom == 1:
        total = 0.0
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return _MEDIAN + within / 2
