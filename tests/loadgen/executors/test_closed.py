import asyncio
import math
from collections import Counter

import pytest

from formats.errors import InvalidInput
from loadgen.executors.closed import ConstantVus, PerVuIterations, SharedIterations
from loadgen.outcome import Connect, HttpStatus
from loadgen.plan import Executor
from tests.support.clock import FakeClock
from tests.support.users import SlowPool, cancelled_at


def by_user(pool: SlowPool) -> list[int]:
    return [count for _, count in sorted(Counter(made.user for made in pool.made).items())]


async def test_shared_iterations_makes_every_call_once() -> None:
    pool = SlowPool(FakeClock(), speeds=(0.1, 0.2, 0.3))
    await SharedIterations(3, 20).run(pool.floor)
    assert [made.n for made in pool.made] == list(range(1, 21))
    pool.check()


async def test_in_shared_iterations_a_faster_user_makes_more_calls() -> None:
    pool = SlowPool(FakeClock(), speeds=(0.1, 1.0))
    await SharedIterations(2, 11).run(pool.floor)
    assert by_user(pool) == [10, 1]


async def test_shared_iterations_that_do_not_fit_into_the_longest_time_are_dropped() -> None:
    pool = SlowPool(FakeClock(), 0.4)
    await SharedIterations(2, 20, max_duration=1.0).run(pool.floor)
    assert (len(pool.finished), pool.dropped, pool.tally.due) == (6, 14, 20)
    pool.check()


async def test_per_vu_iterations_are_as_many_for_a_slow_user_as_for_a_fast_one() -> None:
    pool = SlowPool(FakeClock(), speeds=(0.1, 1.0, 7.0))
    await PerVuIterations(3, 5).run(pool.floor)
    assert by_user(pool) == [5, 5, 5]
    assert pool.clock.now() - pool.clock.start == pytest.approx(35)
    pool.check()


async def test_per_vu_iterations_that_do_not_fit_into_the_longest_time_are_dropped() -> None:
    pool = SlowPool(FakeClock(), speeds=(0.1, 1.0))
    await PerVuIterations(2, 5, max_duration=2.5).run(pool.floor)
    assert (by_user(pool), pool.dropped) == ([5, 3], 2)
    pool.check()


async def test_constant_vus_begins_calls_for_the_duration_and_waits_for_the_last_ones() -> None:
    pool = SlowPool(FakeClock(), 0.4)
    await ConstantVus(5, 1.0).run(pool.floor)
    assert by_user(pool) == [3] * 5
    assert pool.clock.now() - pool.clock.start == pytest.approx(1.2)
    assert sorted(made.n for made in pool.finished) == list(range(1, 16))
    pool.check()


@pytest.mark.parametrize(
    "executor",
    [
        ConstantVus(2, 5.0, graceful_stop=2),
        SharedIterations(2, 9, max_duration=5, graceful_stop=2),
        PerVuIterations(2, 9, max_duration=5, graceful_stop=2),
    ],
)
async def test_calls_that_outlast_the_graceful_stop_are_stopped_and_unfinished(executor: Executor) -> None:
    pool = SlowPool(FakeClock(), speeds=(4.0, 3.0))
    await executor.run(pool.floor)
    assert [(made.user, made.ended) for made in pool.made] == [(0, 4), (1, 3), (1, 6), (0, None)]
    assert pool.clock.now() - pool.clock.start == pytest.approx(7)
    pool.check()


@pytest.mark.parametrize("executor", [ConstantVus(1, 10.0, think_time=0.9), PerVuIterations(1, 10, think_time=0.9)])
async def test_a_user_thinks_between_two_calls(executor: Executor) -> None:
    pool = SlowPool(FakeClock(), 0.1)
    await executor.run(pool.floor)
    assert [made.due for made in pool.made] == pytest.approx(range(10))


async def test_a_user_without_a_connection_pauses_instead_of_spinning() -> None:
    pool = SlowPool(FakeClock(), 0.0, outcome=Connect("refused"))
    pool.stopping = lambda: len(pool.made) > 1_000  # one that spins stands still in time, and would never end
    await ConstantVus(1, 10.0).run(pool.floor)
    assert len(pool.made) == 100


async def test_a_user_with_another_failure_does_not_pause() -> None:
    pool = SlowPool(FakeClock(), 0.01, outcome=HttpStatus("no", 503))
    await ConstantVus(1, 1.0).run(pool.floor)
    assert len(pool.made) == pytest.approx(100, abs=1)


EXECUTORS = [SharedIterations(2, 1000), PerVuIterations(2, 500, max_duration=1000.0), ConstantVus(2, 1000.0)]


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_nothing_begins_once_the_run_is_stopping(executor: Executor) -> None:
    pool = SlowPool(FakeClock(), 1.0)
    pool.stopping = lambda: pool.clock.now() - pool.clock.start >= 5
    await executor.run(pool.floor)
    assert (len(pool.finished), pool.dropped) == (10, 0)
    pool.check()


@pytest.mark.parametrize("executor", EXECUTORS)
async def test_a_cancelled_run_leaves_no_call_behind_and_forgets_none(executor: Executor) -> None:
    pool = SlowPool(FakeClock(), 1.0)
    await cancelled_at(pool, asyncio.create_task(executor.run(pool.floor)), 3.5)
    assert (len(pool.finished), len(pool.unfinished)) == (6, 2)
    pool.check()


def test_progress_of_iterations_is_counted_and_of_a_duration_is_timed() -> None:
    assert SharedIterations(1, 200).progress(calls=50, seconds=9) == 0.25
    assert SharedIterations(1, 200, max_duration=10).progress(calls=50, seconds=9) == 0.9
    assert PerVuIterations(2, 100).progress(calls=50, seconds=9) == 0.25
    assert ConstantVus(1, 30.0).progress(calls=50, seconds=15) == 0.5
    assert ConstantVus(1, 30.0).progress(calls=50, seconds=31) == 1.0


def test_an_executor_describes_itself() -> None:
    assert str(SharedIterations(10, 1000)) == "1,000 calls by 10 virtual users"
    assert str(PerVuIterations(10, 1000)) == "1,000 calls by each of 10 virtual users"
    assert str(ConstantVus(1, 90.0)) == "1 virtual user for 1m30s"


def test_all_settings_that_cannot_be_used_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        ConstantVus(0, 0, graceful_stop=-1, think_time=math.inf)
    assert refused.value.problems == (
        "vus should be 1 or more, got 0",
        "duration should be more than 0, got 0",
        "graceful_stop should be a duration of zero or more seconds, got -1",
        "think_time should be a duration of zero or more seconds, got inf",
    )
    for kind in (SharedIterations, PerVuIterations):
        with pytest.raises(InvalidInput, match="iterations should be 1 or more, got 0\nmax_duration should be more"):
            kind(1, 0, max_duration=0)
