import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from formats.errors import InvalidInput
from loadgen.clock import Sleep
from loadgen.executors.open import ConstantArrivalRate, RampingArrivalRate
from loadgen.pacing import Stage
from loadgen.plan import Executor
from loadgen.tally import Tally
from loadgen.warm_up import WarmUp
from tests.support.clock import FakeClock
from tests.support.users import SlowPool, cancelled_at


async def test_calls_are_due_at_even_distances_however_slow_the_replies_are() -> None:
    pool = SlowPool(FakeClock(), 1.0)
    await ConstantArrivalRate(10, 3, 5, 20).run(pool.floor)
    assert [made.due for made in pool.made] == pytest.approx([n / 10 for n in range(30)])
    assert [made.n for made in pool.made] == list(range(1, 31))
    assert all(made.began == pytest.approx(made.due, abs=0.001) for made in pool.made)
    assert pool.dropped == 0
    pool.check()


async def test_a_call_that_is_due_begins_before_the_alarm_for_the_next_one_is_set() -> None:
    class SlowToSet(FakeClock):
        @contextmanager
        def alarm(self) -> Iterator[Sleep]:
            async def sleep(seconds: float) -> None:
                self.skip(0.01)
                await self.sleep(seconds - 0.01)

            yield sleep

    pool = SlowPool(SlowToSet(), 1.0)
    await ConstantArrivalRate(10, 3, 20, 20).run(pool.floor)
    assert all(made.began == pytest.approx(made.due, abs=0.001) for made in pool.made)


async def test_who_is_free_gets_a_call_just_before_its_moment_to_have_it_ready() -> None:
    pool = SlowPool(FakeClock(), 0.05)
    await ConstantArrivalRate(10, 3, 1, 1).run(pool.floor)
    early = [made.due - made.began for made in pool.made if made.began is not None]
    assert early == pytest.approx([0, *[0.0007] * 29])
    assert max(pool.lags) == 0


async def test_who_gets_free_between_that_and_its_moment_gets_it_then() -> None:
    pool = SlowPool(FakeClock(), 0.0997)
    await ConstantArrivalRate(10, 3, 1, 1).run(pool.floor)
    assert (len(pool.made), pool.dropped) == (30, 0)
    assert all(made.began == pytest.approx(made.due, abs=0.0005) for made in pool.made)


@pytest.mark.parametrize("rate", [1_100, 4_000])
async def test_at_high_rates_nobody_waits_ready(rate: int) -> None:
    pool = SlowPool(FakeClock(), 0.0001)
    await ConstantArrivalRate(rate, 1, 9, 9).run(pool.floor)
    assert all(made.began is not None and made.began >= made.due - 1e-9 for made in pool.made)


async def test_users_are_made_when_all_are_busy_and_no_more_than_needed() -> None:
    pool = SlowPool(FakeClock(), 0.95)
    await ConstantArrivalRate(10, 3, 5, 100).run(pool.floor)
    assert len(pool.users) == 10


async def test_a_call_that_finds_no_free_user_is_dropped_and_counted() -> None:
    pool = SlowPool(FakeClock(), 0.95)
    await ConstantArrivalRate(10, 3, 0, 4).run(pool.floor)
    assert (len(pool.made), pool.dropped, pool.tally.due, pool.tally.dropped) == (12, 18, 30, 18)
    assert [round(made.due, 3) for made in pool.made] == [s + t for s in (0, 1, 2) for t in (0, 0.1, 0.2, 0.3)]
    pool.check()


async def test_users_take_turns() -> None:
    pool = SlowPool(FakeClock(), 0.01)
    await ConstantArrivalRate(10, 1, 5, 5).run(pool.floor)
    assert [made.user for made in pool.made] == [0, 1, 2, 3, 4] * 2


async def test_what_became_due_while_the_generator_stood_still_begins_late_and_keeps_its_due_moment() -> None:
    clock = FakeClock()
    pool = SlowPool(clock, 0.01)

    async def stall() -> None:
        await clock.sleep(0.95)
        clock.skip(1.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(stall())
        group.create_task(ConstantArrivalRate(10, 3, 20, 20).run(pool.floor))
    assert [made.due for made in pool.made] == pytest.approx([n / 10 for n in range(30)])
    late = [made for made in pool.made if made.began is not None and made.began - made.due > 0.01]
    assert [made.due for made in late] == pytest.approx([1 + n / 10 for n in range(10)])
    assert max(pool.lags) == pytest.approx(0.95, abs=0.001)
    pool.check()


async def test_iterations_due_before_the_end_are_made_even_when_the_generator_slept_through_it() -> None:
    clock = FakeClock()
    pool = SlowPool(clock, 0.01)

    async def stall() -> None:
        await clock.sleep(0.95)
        clock.skip(100.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(stall())
        group.create_task(ConstantArrivalRate(10, 3, 20, 20).run(pool.floor))
    assert (len(pool.made), pool.dropped) == (30, 0)
    pool.check()


async def test_ten_thousand_per_second_are_handed_out_without_losing_one() -> None:
    pool = SlowPool(FakeClock(), 0.005)
    await ConstantArrivalRate(10_000, 1, 60, 60).run(pool.floor)
    assert (len(pool.finished), pool.dropped, pool.tally.due) == (10_000, 0, 10_000)
    pool.check()


async def test_a_ramping_rate_has_its_arrivals_at_each_minute() -> None:
    pool = SlowPool(FakeClock(), 0.05)
    executor = RampingArrivalRate((Stage(60, 20), Stage(60, 20), Stage(0, 5), Stage(60, 5), Stage(60, 0)), 5, 50)
    await executor.run(pool.floor)
    per_minute = [sum(60 * m <= made.due < 60 * (m + 1) for made in pool.made) for m in range(4)]
    assert per_minute == [600, 1200, 300, 150]
    assert executor.duration == 240
    pool.check()


async def test_the_run_lasts_to_the_end_of_its_duration() -> None:
    pool = SlowPool(FakeClock(), 0.1)
    await RampingArrivalRate((Stage(1, 10), Stage(0, 0), Stage(9, 0)), 2, 2, start_rate=10).run(pool.floor)
    assert len(pool.made) == 10
    assert pool.clock.now() - pool.clock.start == pytest.approx(10)


async def test_calls_that_outlast_the_graceful_stop_are_stopped_and_unfinished() -> None:
    pool = SlowPool(FakeClock(), 5.0)
    await ConstantArrivalRate(1, 4, 0, 10, graceful_stop=2).run(pool.floor)
    assert [made.ended for made in pool.made] == [pytest.approx(5), pytest.approx(6), None, None]
    assert pool.clock.now() - pool.clock.start == pytest.approx(6)
    pool.check()


@pytest.mark.parametrize("executor", [ConstantArrivalRate(2, 1000, 2, 9), RampingArrivalRate((Stage(60, 9),), 2, 9, 2)])
async def test_nothing_begins_once_the_run_is_stopping(executor: Executor) -> None:
    pool = SlowPool(FakeClock(), 1.0)
    pool.stopping = lambda: pool.clock.now() - pool.clock.start >= 5
    await executor.run(pool.floor)
    assert max(made.due for made in pool.made) <= 5
    assert not pool.unfinished
    assert pool.clock.now() - pool.clock.start < 6.2
    pool.check()


@pytest.mark.parametrize("seconds", [0, 0.5, 1.5, 3.25])
async def test_a_cancelled_run_forgets_no_call(seconds: float) -> None:
    pool = SlowPool(FakeClock(), 1.0)
    run = asyncio.create_task(ConstantArrivalRate(4, 100, 1, 3).run(pool.floor))
    await cancelled_at(pool, run, seconds)
    assert run.cancelled()
    assert pool.tally.due > 0
    pool.check()


def test_executors_describe_themselves_and_their_progress() -> None:
    constant, ramping = ConstantArrivalRate(1000, 60, 10, 200), RampingArrivalRate((Stage(90, 2500),), 1, 50)
    assert str(constant) == "1,000 calls per second for 1m, up to 200 at a time"
    assert str(ramping) == "up to 2,500 calls per second for 1m30s, up to 50 at a time"
    assert constant.progress(calls=1, seconds=15) == 0.25
    assert ramping.progress(calls=1, seconds=45) == 0.5


def test_all_settings_that_cannot_be_used_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        ConstantArrivalRate(0, -1, 10, 5, graceful_stop=-1)
    assert refused.value.problems == (
        "rate should be more than 0, got 0",
        "duration should be more than 0, got -1",
        "max_vus should be vus or more, got 5 for 10 vus",
        "graceful_stop should be a duration of zero or more seconds, got -1",
    )
    with pytest.raises(InvalidInput) as refused:
        RampingArrivalRate((Stage(10, 0),), -1, 0, start_rate=-1)
    assert refused.value.problems == (
        "start_rate should be 0 or more, got -1",
        "stages should reach more than 0 calls per second",
        "vus should be 0 or more, got -1",
        "max_vus should be 1 or more, got 0",
    )


async def test_dropped_and_late_iterations_of_a_warm_up_do_not_count() -> None:
    clock = FakeClock()
    pool = SlowPool(clock, 0.95)
    pool.warm_up = WarmUp(seconds=1.0)
    pool.tally = Tally(pool, pool.warm_up)
    pool.warm_up.start(clock.now())
    await ConstantArrivalRate(10, 3, 0, 4).run(pool.floor)
    assert (pool.dropped, pool.tally.dropped, len(pool.lags)) == (12, 12, 8)
