"""Student's t distribution, as far as an interval of means needs it."""

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_CLOSE = 1e-14
_MOST_STEPS = 500


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: float) -> float:
    """The t below which `probability`, 0.5 or more, of the distribution lies; `freedom` need not be a whole number.

    Newton's method from the normal distribution's quantile, which lies below it: right of 0 the distribution function
    is concave, so every step stays on that side of the root and none overshoots.
    """
    t = NormalDist().inv_cdf(probability)
    for _ in range(_MOST_STEPS):
        step = (probability - t_below(t, freedom)) / _density(t, freedom)
        t += step
        if abs(step) <= _CLOSE * max(1.0, t):
            break
    return t


def t_below(t: float, freedom: float) -> float:
    """How much of the distribution lies below `t`, 0 or more."""
    whole = freedom + t * t
    return 1 - _incomplete_beta(freedom / whole, t * t / whole, freedom / 2) / 2


def _density(t: float, freedom: float) -> float:
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return math.exp(scale - (freedom + 1) / 2 * math.log1p(t * t / freedom))


def _incomplete_beta(x: float, rest: float, a: float) -> float:
    """The regularized incomplete beta function I_x(a, 1/2): DLMF 8.17.22, in the half where it converges fast.

    `rest` is 1 - x, which near x = 1 cannot be had from x.
    """
    b = 0.5
    if not x or not rest:
        return x
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log1p(-rest) + b * math.log(rest)
    if x < (a + 1) / (a + b + 2):
        return math.exp(scale) * _fraction(x, a, b) / a
    return 1 - math.exp(scale) * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function by Lentz's method."""
    above, below = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or _TINY)
    value = below
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            below = 1 / ((1 + term * below) or _TINY)
            above = (1 + term / above) or _TINY
            change = above * below
            value *= change
        if abs(change - 1) <= _CLOSE:
            break
    return value
