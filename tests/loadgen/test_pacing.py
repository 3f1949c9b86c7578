import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.pacing import ConstantPace, Pace, RampingPace, Stage, VuPace

RATES = st.one_of(st.just(0.0), st.floats(0.01, 2000).map(lambda x: round(x, 2)))
DURATIONS = st.one_of(st.just(0.0), st.floats(0.01, 100).map(lambda x: round(x, 2)))
STAGES = st.lists(st.builds(Stage, DURATIONS, RATES), min_size=1, max_size=6)
COUNTED_STAGES = st.lists(st.builds(Stage, DURATIONS, st.integers(0, 60)), min_size=1, max_size=6)


def dues(pace: Pace) -> list[float]:
    return [pace.due_at(n) for n in range(pace.total)]


def integral(start: float, stages: list[Stage], until: float = math.inf) -> float:
    total, at, rate = 0.0, 0.0, start
    for stage in stages:
        x = min(stage.duration, max(0.0, until - at))
        if stage.duration:
            total += rate * x + (stage.target - rate) / stage.duration * x * x / 2
        at, rate = at + stage.duration, stage.target
    return total


@pytest.mark.parametrize(
    ("rate", "duration", "total", "first"),
    [
        (10, 1, 10, [0, 0.1, 0.2]),
        (0.5, 10, 5, [0, 2, 4]),
        (10, 0.1, 1, [0]),  # the second one would be due at the very end
        (3, 0.1, 1, [0]),  # a started iteration counts as one
        (1000, 60, 60_000, [0, 0.001]),
    ],
)
def test_a_constant_rate_has_its_iterations_at_even_distances(
    rate: float, duration: float, total: int, first: list[float]
) -> None:
    pace = ConstantPace(rate, duration)
    assert pace.total == total
    assert [pace.due_at(n) for n in range(len(first))] == first


@pytest.mark.parametrize("n", [1, 10**4, 10**7, 10**9])
def test_a_constant_rate_does_not_drift(n: int) -> None:
    assert ConstantPace(3, math.inf).due_at(3 * n) == n
    assert ConstantPace(10_000, math.inf).due_at(10_000 * n) == n


@pytest.mark.parametrize(
    ("start", "stages", "expected"),
    [
        (4, [Stage(1, 4)], [0, 0.25, 0.5, 0.75]),  # flat
        (0, [Stage(4, 2)], [0, 2, math.sqrt(8), math.sqrt(12)]),  # t²/4 = n
        (2, [Stage(2, 0)], [0, 2 - math.sqrt(2)]),  # 2t - t²/2 = 1
        (0, [Stage(5, 0), Stage(0, 1), Stage(2, 1)], [5, 6]),  # nothing, then a jump to one per second
        (1, [Stage(2, 1), Stage(0, 0), Stage(3, 0), Stage(0, 2), Stage(1, 2)], [0, 1, 5, 5.5]),  # a gap in the middle
        (0, [Stage(3, 0)], []),  # never any
        (0, [Stage(0, 100)], []),  # a jump takes no time
        (10, [Stage(0.1, 10)] * 10, [n / 10 for n in range(10)]),  # ten tenths are one
    ],
)
def test_a_ramping_rate_has_its_iterations_where_the_integral_passes_them(
    start: float, stages: list[Stage], expected: list[float]
) -> None:
    assert dues(RampingPace(start, stages)) == pytest.approx(expected)


def test_after_the_last_iteration_none_is_ever_due() -> None:
    pace = RampingPace(1, [Stage(3, 1)])
    assert (pace.total, pace.due_at(3)) == (3, math.inf)


@given(RATES, STAGES)
def test_ramping_iterations_are_in_order_within_the_time_and_as_many_as_the_integral(
    start: float, stages: list[Stage]
) -> None:
    pace = RampingPace(start, stages)
    assert abs(pace.total - integral(start, stages)) <= 1
    sample = sorted({*range(min(200, pace.total)), *range(max(0, pace.total - 200), pace.total)})
    found = [pace.due_at(n) for n in sample]
    assert all(a <= b for a, b in pairwise(found))
    end = sum(stage.duration for stage in stages)
    assert all(0 <= due <= end + 1e-9 for due in found)


@given(RATES, STAGES, st.floats(0, 1))
def test_each_ramping_iteration_is_the_inverse_of_the_integral(start: float, stages: list[Stage], at: float) -> None:
    pace = RampingPace(start, stages)
    n = int(at * pace.total)
    if n < pace.total:
        assert integral(start, stages, pace.due_at(n)) == pytest.approx(n, abs=1e-6, rel=1e-9)


def test_a_long_ramp_does_not_drift() -> None:
    hour = [Stage(3600, 10_000), Stage(3600, 10_000), Stage(3600, 0)]
    pace = RampingPace(0, hour)
    assert pace.total == 72_000_000
    assert pace.due_at(18_000_000) == 3600
    assert pace.due_at(18_000_000 + 10_000 * 1800) == 5400
    assert pace.due_at(54_000_000) == 7200


@pytest.mark.parametrize(
    ("start", "stages", "changes"),
    [
        (3, [Stage(10, 3)], ((0, 3),)),
        (0, [Stage(10, 5)], ((0, 0), (2, 1), (4, 2), (6, 3), (8, 4), (10, 5))),
        (2, [Stage(1, 0)], ((0, 2), (0.5, 1), (1, 0))),
        (1, [Stage(0, 4)], ((0, 4),)),  # a jump at the start
        (1, [Stage(2, 1), Stage(0, 3), Stage(1, 3)], ((0, 1), (2, 3))),  # a jump later
        (1, [Stage(1, 2), Stage(0, 1), Stage(1, 1)], ((0, 1),)),  # up, and down in the same moment
    ],
)
def test_the_number_of_users_changes_evenly_and_reaches_each_target_in_time(
    start: int, stages: list[Stage], changes: tuple[tuple[float, int], ...]
) -> None:
    assert VuPace(start, stages).changes == changes


def test_the_load_plan_has_its_users_at_each_minute() -> None:
    pace = VuPace(0, [Stage(60, 50), Stage(300, 50), Stage(60, 100), Stage(300, 100), Stage(60, 0)])
    assert pace.duration == 13 * 60
    assert pace.most == 100
    assert [pace.vus_at(60 * minute) for minute in range(14)] == [0, *[50] * 6, *[100] * 6, 0]
    assert pace.vus_at(30) == 25


@given(st.integers(0, 60), COUNTED_STAGES)
def test_users_come_and_go_one_by_one_except_where_it_jumps(start: int, stages: list[Stage]) -> None:
    pace = VuPace(start, stages)
    assert [at for at, _ in pace.changes] == sorted({at for at, _ in pace.changes})
    assert pace.vus_at(pace.duration) == stages[-1].target
    jumps = any(stage.duration == 0 for stage in stages)
    assert jumps or all(abs(a[1] - b[1]) == 1 for a, b in pairwise(pace.changes))
    assert pace.most == max(count for _, count in pace.changes) or jumps
