import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.accounting import Accounting
from loadgen.outcome import Cancelled, HttpStatus, Ok, Outcome
from loadgen.sample import Sample
from loadgen.timeline import MOST_POINTS, Moment, Timeline

STOPPED = Cancelled("stopped")


def call(accounts: Accounting, seconds: float = 0.1, outcome: Outcome | None = None, n: int = 1) -> None:
    for _ in range(n):
        accounts.add(Sample("tool", 0.0, 0.0, seconds, outcome or Ok({})))


def test_a_point_says_what_came_in_its_interval() -> None:
    accounts = Accounting()
    timeline = Timeline([accounts])
    call(accounts, n=19)
    call(accounts, 0.5)
    timeline.tick(1.0, Moment(vus=3))
    call(accounts, 0.2, HttpStatus("no", 503), n=2)
    call(accounts, 9.0, STOPPED)
    accounts.add_dropped(4)
    timeline.tick(3.5, Moment(vus=5, target_rate=80.0, server_memory=7e6, server_sessions=5))
    first, second = timeline.points
    assert (first.at, first.seconds, first.calls, first.failed, first.dropped, first.vus) == (1, 1, 20, 0, 0, 3)
    assert [first.p50, first.p95, first.maximum] == pytest.approx([100, 100, 500], rel=0.001)
    assert first.p99 is None
    assert (second.at, second.seconds, second.calls, second.failed, second.dropped) == (3.5, 2.5, 3, 3, 4)
    assert second.errors == {"http_status(503)": 2, "cancelled": 1}
    assert second.maximum == pytest.approx(200, rel=0.001)
    assert (second.target_rate, second.server_memory, second.server_sessions) == (80, 7e6, 5)


def test_an_interval_without_calls_has_no_times() -> None:
    timeline = Timeline([Accounting()])
    timeline.tick(1.0, Moment())
    (point,) = timeline.points
    assert (point.calls, point.p50, point.maximum, point.errors) == (0, None, None, {})


def test_the_calls_of_all_scenarios_are_in_one_line() -> None:
    several = [Accounting(), Accounting()]
    timeline = Timeline(several)
    for accounts in several:
        call(accounts, n=3)
        accounts.add_dropped()
    timeline.tick(1.0, Moment())
    assert (timeline.points[0].calls, timeline.points[0].dropped) == (6, 2)


def test_what_came_before_the_timeline_is_not_in_it() -> None:
    accounts = Accounting()
    call(accounts, n=5)
    timeline = Timeline([accounts])
    call(accounts)
    timeline.tick(1.0, Moment())
    assert timeline.points[0].calls == 1


def test_a_clock_that_stands_still_makes_no_interval_and_loses_nothing() -> None:
    accounts = Accounting()
    timeline = Timeline([accounts])
    timeline.tick(1.0, Moment())
    call(accounts)
    timeline.tick(1.0, Moment())
    assert [point.calls for point in timeline.points] == [0]
    timeline.tick(2.0, Moment())
    assert [point.calls for point in timeline.points] == [0, 1]


def test_what_came_at_the_moment_of_the_last_tick_is_in_the_last_point() -> None:
    accounts = Accounting()
    timeline = Timeline([accounts])
    call(accounts, 0.1, n=3)
    timeline.tick(1.0, Moment())
    call(accounts, 0.4, HttpStatus("no", 503))
    accounts.add_dropped()
    timeline.finish(1.0, Moment())
    (point,) = timeline.points
    assert (point.calls, point.failed, point.dropped, point.seconds) == (4, 1, 1, 1.0)
    assert point.p50 == pytest.approx((3 * 100 + 400) / 4, rel=0.001)
    assert sum(part.calls for part in timeline.last(60)) == 4


def run_of(ticks: int, accounts: Accounting) -> Timeline:
    """One call of n milliseconds in the n-th second, an error in every third, a dropped one in every fifth."""
    timeline = Timeline([accounts])
    for n in range(1, ticks + 1):
        call(accounts, n / 1000, HttpStatus("no", 503) if n % 3 == 0 else None)
        accounts.add_dropped(n % 5 == 0)
        timeline.tick(float(n), Moment(vus=n))
    return timeline


@pytest.mark.parametrize(
    ("ticks", "points", "interval"),
    [
        (MOST_POINTS, MOST_POINTS, 1),
        (MOST_POINTS + 1, MOST_POINTS // 2 + 1, 2),
        (2 * MOST_POINTS - 1, MOST_POINTS, 2),
        (5000, None, 8),
    ],
)
def test_intervals_double_when_there_are_too_many_and_sums_stay(ticks: int, points: int | None, interval: int) -> None:
    accounts = Accounting()
    timeline = run_of(ticks, accounts)
    timeline.finish(float(ticks), Moment())
    found = timeline.points
    assert len(found) <= MOST_POINTS
    assert points is None or len(found) == points
    assert max(point.seconds for point in found) == interval
    assert sum(point.calls for point in found) == accounts.calls == ticks
    assert sum(point.failed for point in found) == accounts.failed == ticks // 3
    assert sum(point.dropped for point in found) == accounts.dropped == ticks // 5
    assert math.fsum(point.seconds for point in found) == ticks == found[-1].at
    assert [point.at for point in found] == sorted({point.at for point in found})
    assert max(point.maximum or 0 for point in found) == pytest.approx(ticks, rel=0.001)


def test_a_pair_has_the_mean_of_its_percentiles_by_calls_and_the_later_moment() -> None:
    accounts = Accounting()
    timeline = Timeline([accounts])
    call(accounts, 0.1, n=3)
    timeline.tick(1.0, Moment(vus=1))
    call(accounts, 0.5)
    timeline.tick(2.0, Moment(vus=2, target_rate=5.0))
    for at in range(3, MOST_POINTS + 2):
        timeline.tick(float(at), Moment(vus=at))
    first, second = timeline.points[:2]
    assert (first.calls, first.seconds, first.at, first.vus, first.target_rate) == (4, 2, 2, 2, 5)
    assert first.p50 == pytest.approx(200, rel=0.001)
    assert first.maximum == pytest.approx(500, rel=0.001)
    assert (second.calls, second.p50, second.maximum) == (0, None, None)


def test_the_end_of_a_long_run_closes_the_interval_that_is_open() -> None:
    accounts = Accounting()
    timeline = run_of(MOST_POINTS + 2, accounts)  # the last second is half an interval
    assert sum(point.calls for point in timeline.points) == MOST_POINTS + 1
    timeline.finish(MOST_POINTS + 2.5, Moment())
    assert sum(point.calls for point in timeline.points) == MOST_POINTS + 2
    assert timeline.points[-1].at == MOST_POINTS + 2.5


@pytest.mark.parametrize(("seconds", "calls"), [(1, [5]), (2.5, [4, 5]), (5, [1, 2, 3, 4, 5]), (60, [1, 2, 3, 4, 5])])
def test_the_last_seconds_are_those_before_the_last_tick(seconds: float, calls: Sequence[int]) -> None:
    accounts = Accounting()
    timeline = Timeline([accounts])
    for n in range(1, 6):
        call(accounts, n=n)
        timeline.tick(float(n), Moment())
    call(accounts, n=100)  # not before the next tick
    found = timeline.last(seconds)
    expected = calls if seconds != 2.5 else [3, 4, 5]
    assert [part.calls for part in found] == list(expected)
    assert [part.response.count for part in found] == list(expected)


def test_no_more_than_a_minute_is_remembered() -> None:
    timeline = run_of(200, Accounting())
    assert [part.calls for part in timeline.last(1000)] == [1] * 60


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 5), st.integers(0, 2)), max_size=60))
def test_points_add_up_to_all_calls_whenever_the_ticks_come(steps: list[tuple[float, int, int]]) -> None:
    accounts, at = Accounting(), 0.0
    timeline = Timeline([accounts])
    for pause, good, bad in steps:
        call(accounts, n=good)
        call(accounts, outcome=HttpStatus("no", 503), n=bad)
        accounts.add_dropped(bad)
        at += pause
        timeline.tick(at, Moment())
    timeline.finish(at, Moment())
    assert sum(point.calls for point in timeline.points) == accounts.calls
    assert sum(point.failed for point in timeline.points) == accounts.failed
    assert sum(point.dropped for point in timeline.points) == accounts.dropped
    assert math.fsum(point.seconds for point in timeline.points) == pytest.approx(at)
