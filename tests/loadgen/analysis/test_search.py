from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.analysis.search import (
    ARRIVALS,
    VIRTUAL_USERS,
    BreakingPoint,
    Criteria,
    Criterion,
    Done,
    Level,
    LoadKind,
    Probe,
    broken_by,
    next_step,
)

PLAN = (100, 200, 400, 800)


def good(load: float, p95_ms: float = 10.0) -> Level:
    return Level(load, calls=1000, failed=0, seconds=10.0, p95_ms=p95_ms, rate=load)


def slow(load: float) -> Level:
    return good(load, p95_ms=200.0)


def failing(load: float) -> Level:
    return Level(load, calls=1000, failed=20, seconds=10.0, p95_ms=10.0, rate=load)


def collapsed(load: float) -> Level:
    return Level(load, calls=1000, failed=0, seconds=10.0, p95_ms=10.0, rate=0.1)


def search(
    measure: Callable[[float], Level], plan: tuple[float, ...] = PLAN, kind: LoadKind = VIRTUAL_USERS, limit: int = 40
) -> tuple[BreakingPoint, list[Level]]:
    """Run a search to its end, which has to come within `limit` steps."""
    history: list[Level] = []
    for _ in range(limit):
        step = next_step(plan, history, kind=kind)
        if isinstance(step, Done):
            return step.point, history
        history.append(measure(step.load))
    pytest.fail(f"no end after {limit} steps: {[level.load for level in history]}")


@pytest.mark.parametrize(
    ("level", "criterion"),
    [
        (Level(200, 1000, 10, 10.0, 10.0, 200.0), None),  # 1 % of errors is not more than 1 %
        (Level(200, 1000, 11, 10.0, 10.0, 200.0), Criterion.ERRORS),
        (Level(200, 1000, 0, 10.0, 50.0, 200.0), None),  # 5 times 10 ms is not more than that
        (Level(200, 1000, 0, 10.0, 50.1, 200.0), Criterion.P95),
        (Level(200, 1000, 0, 10.0, 10.0, 80.0), None),  # 20 % below 100/s
        (Level(200, 1000, 0, 10.0, 10.0, 79.9), Criterion.RATE),
        (Level(50, 1000, 0, 10.0, 10.0, 50.0), None),  # the load did not rise, so the rate may be lower
        (Level(200, 0, 0, 10.0, None, 0.0), Criterion.NO_CALLS),
        (Level(200, 1000, 500, 10.0, 900.0, 1.0), Criterion.ERRORS),  # all three at once
    ],
)
def test_a_level_beyond_a_criterion_is_broken(level: Level, criterion: Criterion | None) -> None:
    assert broken_by(level, [good(100)]) == criterion


def test_criteria_can_be_changed() -> None:
    tight = Criteria(max_error_rate=0.0, max_p95_factor=1.5, max_rate_drop=0.05)
    assert broken_by(Level(200, 1000, 1, 10.0, 10.0, 200.0), [good(100)], tight) == Criterion.ERRORS
    assert broken_by(good(200, p95_ms=16.0), [good(100)], tight) == Criterion.P95
    assert broken_by(Level(200, 940, 0, 10.0, 10.0, 94.0), [good(100)], tight) == Criterion.RATE


def test_the_first_level_has_nothing_to_be_compared_with_but_its_errors() -> None:
    assert broken_by(slow(100), []) is None
    assert broken_by(failing(100), []) == Criterion.ERRORS


def test_quick_refusals_are_neither_the_p95_nor_the_rate_to_compare_with() -> None:
    refusing = Level(100, calls=100_000, failed=99_000, seconds=10.0, p95_ms=0.1, rate=10_000.0)
    assert broken_by(good(150), [refusing]) is None


def test_planned_levels_come_first_and_upwards() -> None:
    assert next_step(PLAN, []) == Probe(100, is_bisection=False)
    assert next_step((400, 100, 200), [good(100)]) == Probe(200, is_bisection=False)


def test_a_server_that_never_breaks_is_said_to_have_no_breaking_point_in_the_range() -> None:
    point, history = search(good)
    assert [level.load for level in history] == [100, 200, 400, 800]
    assert point == BreakingPoint(800, None, None, "no breaking point up to 800 VUs")


def test_between_good_and_broken_the_search_bisects_until_they_are_less_than_a_tenth_apart() -> None:
    point, history = search(lambda load: good(load) if load <= 330 else slow(load))
    assert [level.load for level in history] == [100, 200, 400, 300, 350, 325]
    assert point == BreakingPoint(
        325,
        350,
        Criterion.P95,
        "the breaking point lies between 325 and 350 VUs: p95 was 200.0 ms (limit 5 x the 10.0 ms at first)",
    )


def test_the_tolerance_can_be_changed() -> None:
    history = [good(100), slow(200)]
    assert next_step((100, 200), history, tolerance=1.01) == Done(
        BreakingPoint(
            100,
            200,
            Criterion.P95,
            "the breaking point lies between 100 and 200 VUs: p95 was 200.0 ms (limit 5 x the 10.0 ms at first)",
        )
    )
    assert next_step((100, 200), history, tolerance=0.5) == Probe(150, is_bisection=True)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (failing, "2.00% of the calls failed (limit 1.00%)"),
        (collapsed, "0.1 calls/s (limit 20% below the best, 200.0)"),
        (lambda load: Level(load, 0, 0, 60.0, None, 0.0), "no call ended in 60 s"),
        (lambda load: Level(load, 0, 0, 0.449975, None, 0.0), "no call ended in 0.45 s"),
    ],
)
def test_the_sentence_names_the_criterion_that_broke_with_its_numbers(
    broken: Callable[[float], Level], reason: str
) -> None:
    point, _ = search(lambda load: good(load) if load <= 200 else broken(load))
    assert point.sentence == f"the breaking point lies between 200 and 212 VUs: {reason}"


def test_when_the_first_level_breaks_the_search_goes_down() -> None:
    point, history = search(lambda load: good(load) if load <= 40 else failing(load))
    assert [level.load for level in history] == [100, 50, 25, 37, 43, 40]
    assert (point.last_good, point.first_broken) == (40, 43)


def test_a_server_that_cannot_take_one_user_is_broken_at_once() -> None:
    point, history = search(failing)
    assert [level.load for level in history] == [100, 50, 25, 12, 6, 3, 1]
    assert point == BreakingPoint(
        None,
        1,
        Criterion.ERRORS,
        "broken at 1 VU already, the lowest load measured: 2.00% of the calls failed (limit 1.00%)",
    )


def test_bisection_of_arrival_rates_towards_zero_ends_too() -> None:
    point, history = search(failing, plan=(10.0, 20.0), kind=ARRIVALS)
    assert [level.load for level in history] == [10, 5, 2.5, 1.25, 0.625, 0.3125, 0.15625, 0.078125]
    assert point.last_good is None
    assert point.sentence.startswith("broken at 0.07812 iterations/s already")


def test_users_are_whole_and_rates_are_not() -> None:
    history = [good(1), good(2), slow(3)]
    assert isinstance(next_step((1, 2, 3), history), Done)
    assert next_step((1, 2, 3), history, kind=ARRIVALS) == Probe(2.5, is_bisection=True)


def test_a_good_load_above_a_broken_one_is_mentioned() -> None:
    step = next_step(PLAN, [good(100), good(200), slow(210), good(400)])
    assert isinstance(step, Done)
    assert (step.point.last_good, step.point.first_broken) == (200, 210)
    assert step.point.sentence.endswith("yet 400 VUs went well, so this server breaks at no fixed load")


def test_a_load_that_was_good_once_and_broken_once_is_broken() -> None:
    step = next_step(PLAN, [good(100), good(200), slow(200)])
    assert step == Probe(150, is_bisection=True)


@pytest.mark.parametrize("plan", [(), (0, 100), (-1,)])
def test_a_search_needs_levels_above_zero(plan: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="levels, all of them above 0"):
        next_step(plan, [])


@given(capacity=st.floats(100, 800), broken=st.sampled_from([slow, failing, collapsed]))
def test_whatever_the_capacity_in_users_it_is_found_within_a_tenth(
    capacity: float, broken: Callable[[float], Level]
) -> None:
    point, history = search(lambda load: good(load) if load <= capacity else broken(load), limit=9)
    assert point.last_good is not None
    assert point.last_good <= capacity < (point.first_broken or float("inf"))
    assert point.first_broken is None or point.first_broken < 1.1 * point.last_good
    assert all(level.load == int(level.load) for level in history)


@given(capacity=st.floats(0.1, 8), broken=st.sampled_from([slow, failing, collapsed]))
def test_few_users_are_found_to_the_user(capacity: float, broken: Callable[[float], Level]) -> None:
    if capacity < 1:
        broken = failing  # slower than what? a first level can only break by its errors
    point, _ = search(lambda load: good(load) if load <= capacity else broken(load), plan=(1, 2, 4, 8), limit=9)
    assert (point.last_good or 0) == int(capacity)


@given(capacity=st.floats(10, 20_000))
def test_whatever_the_capacity_in_arrivals_it_is_found_within_a_tenth(capacity: float) -> None:
    plan = (1000.0, 2000.0, 5000.0, 20_000.0)
    point, _ = search(lambda load: good(load) if load <= capacity else failing(load), plan=plan, kind=ARRIVALS)
    assert point.last_good is not None
    assert point.last_good <= capacity <= 1.1 * point.last_good


@given(
    plan=st.lists(st.integers(1, 10_000), min_size=1, max_size=6).map(tuple),
    kind=st.sampled_from([VIRTUAL_USERS, ARRIVALS]),
    data=st.data(),
)
def test_the_search_ends_whatever_is_measured(plan: tuple[float, ...], kind: LoadKind, data: st.DataObject) -> None:
    def measure(load: float) -> Level:
        return data.draw(st.sampled_from([good, slow, failing, collapsed]))(load)

    point, history = search(measure, plan=plan, kind=kind)
    assert len({level.load for level in history}) == len(history)
    assert point.sentence
