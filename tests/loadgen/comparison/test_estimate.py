import random
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loadgen.comparison.estimate import Interval, estimate

NUMBERS = st.floats(0, 1e6).map(lambda value: round(value, 6))
SIDES = st.lists(NUMBERS, min_size=1, max_size=6)
SEVERAL = st.lists(NUMBERS, min_size=2, max_size=6)
DRAWS = 2000


@given(SIDES)
def test_a_side_does_not_differ_from_itself(side: list[float]) -> None:
    found = estimate(side, side)
    assert found.difference == 0
    assert not found.changed
    assert found.percent in (0, None)


@given(SIDES, SIDES)
def test_swapping_the_sides_negates_the_difference_and_mirrors_its_interval(
    one: list[float], other: list[float]
) -> None:
    there, back = estimate(one, other), estimate(other, one)
    assert there.difference == -back.difference
    if there.interval is None:
        assert back.interval is None
    else:
        assert back.interval is not None
        assert there.interval.low == pytest.approx(-back.interval.high, rel=1e-9, abs=1e-9)
        assert there.interval.high == pytest.approx(-back.interval.low, rel=1e-9, abs=1e-9)


@given(SIDES, SIDES)
def test_the_intervals_contain_what_they_are_of(baseline: list[float], current: list[float]) -> None:
    found = estimate(baseline, current)
    assert found.interval is None or not found.interval.excludes(found.difference)
    percent, interval = found.percent, found.percent_interval
    assert interval is None or (percent is not None and not interval.excludes(percent))


@given(SEVERAL, SEVERAL, st.floats(-50, 200))
def test_the_quotient_lies_beyond_a_limit_just_when_the_difference_over_it_does(
    baseline: list[float], current: list[float], percent: float
) -> None:
    found = estimate(baseline, current)
    quotient, over = found.percent_interval, found.interval_over(1 + percent / 100)
    assume(quotient is not None and over is not None)
    assert quotient is not None
    assert over is not None
    assume(abs(quotient.low - percent) > 1e-6)
    assume(abs(quotient.high - percent) > 1e-6)
    assert quotient.excludes(percent) == over.excludes(0)


def test_one_run_each_gives_no_interval_and_no_significance() -> None:
    found = estimate([10], [20])
    assert (found.difference, found.percent) == (10, 100)
    assert (found.interval, found.percent_interval, found.changed) == (None, None, None)


def test_welchs_own_interval_is_given() -> None:
    """Of 1, 2, 3 against 4, 6, 8: t of 2.941 degrees of freedom is 3.2188, the standard error the root of 5/3."""
    found = estimate([1, 2, 3], [4, 6, 8])
    assert found.interval is not None
    assert found.t == pytest.approx(3.21876, abs=1e-5)
    assert found.interval.high - found.difference == pytest.approx(3.21876 * (5 / 3) ** 0.5, abs=1e-4)
    assert found.changed is False


def test_runs_that_never_vary_give_a_point() -> None:
    found = estimate([0.1, 0.1, 0.1], [0.3, 0.3])
    assert found.interval == Interval(found.difference, found.difference)
    assert found.changed is True


def test_a_baseline_of_zero_has_no_per_cent_but_an_interval() -> None:
    found = estimate([0, 0, 0], [1, 2, 3])
    assert (found.percent, found.percent_interval) == (None, None)
    assert found.interval is not None
    assert found.changed is False


def test_a_baseline_that_could_be_zero_gives_no_bounded_quotient() -> None:
    found = estimate([0, 0, 3], [1, 2, 3])
    assert found.percent == 100
    assert found.percent_interval is None


def test_more_runs_give_a_narrower_interval() -> None:
    wide = [estimate([1, 2] * n, [3, 4] * n).interval for n in (1, 2, 4, 8)]
    assert all(one and other and one.high > other.high for one, other in pairwise(wide))


@pytest.mark.parametrize(
    ("runs", "spreads", "least"),
    [
        ((5, 5), (3, 3), 0.94),
        ((3, 3), (3, 3), 0.94),
        ((10, 4), (2, 6), 0.935),
        ((1, 6), (4, 4), 0.94),
        ((6, 1), (4, 4), 0.94),
        ((3, 8), (5, 2), 0.92),  # the worst case for Welch: the side that varies more has the fewest runs
    ],
)
def test_95_of_100_intervals_hold_the_true_difference(
    runs: tuple[int, int], spreads: tuple[int, int], least: float
) -> None:
    draw = random.Random(2026)
    difference = percent = 0
    for _ in range(DRAWS):
        baseline = [draw.gauss(100, spreads[0]) for _ in range(runs[0])]
        current = [draw.gauss(110, spreads[1]) for _ in range(runs[1])]
        found = estimate(baseline, current)
        difference += found.interval is not None and not found.interval.excludes(10)
        percent += found.percent_interval is not None and not found.percent_interval.excludes(10)
    assert least <= difference / DRAWS <= 0.975
    assert least <= percent / DRAWS <= 0.975
