import asyncio

import pytest

from formats.errors import InvalidInput
from loadgen.executors.ramping import RampingVus
from loadgen.outcome import Outcome
from loadgen.pacing import Stage, VuPace
from tests.support.clock import FakeClock
from tests.support.users import Made, SlowPool, SlowUser, cancelled_at


def busy_at(pool: SlowPool, t: float) -> int:
    """How many calls were under way at `t`."""
    return sum(made.began is not None and made.began <= t < (made.ended or 1e9) for made in pool.made)


async def test_as_many_users_are_at_work_as_the_stages_say_at_each_minute_of_the_load_plan() -> None:
    pool = SlowPool(FakeClock(), 1.0)
    stages = (Stage(60, 50), Stage(300, 50), Stage(60, 100), Stage(300, 100), Stage(60, 0))
    executor = RampingVus(stages)
    await executor.run(pool.floor)
    assert (executor.vus, executor.max_vus, executor.duration) == (0, 100, 780)
    assert [busy_at(pool, 60 * minute + 0.01) for minute in range(13)] == [0, *[50] * 6, *[100] * 6]
    assert not pool.unfinished
    pool.check()


async def test_a_user_that_goes_finishes_its_call() -> None:
    pool = SlowPool(FakeClock(), 3.0)
    await RampingVus((Stage(4, 2), Stage(0, 1), Stage(6, 1)), start_vus=2).run(pool.floor)
    assert [(made.user, made.ended) for made in pool.made] == [(0, 3), (1, 3), (0, 6), (1, 6), (0, 9), (0, 12)]
    pool.check()


async def test_a_user_that_goes_has_no_longer_than_the_graceful_ramp_down() -> None:
    pool = SlowPool(FakeClock(), speeds=(1.0, 20.0))
    await RampingVus((Stage(4, 2), Stage(0, 1), Stage(6, 1)), 2, graceful_ramp_down=2).run(pool.floor)
    assert [(made.user, made.began) for made in pool.unfinished] == [(1, 0)]
    assert pool.clock.now() - pool.clock.start <= 11
    pool.check()


async def test_a_graceful_ramp_down_that_outlasts_the_stages_still_ends_in_time() -> None:
    pool = SlowPool(FakeClock(), speeds=(50.0, 50.0))
    executor = RampingVus((Stage(4, 2), Stage(0, 1), Stage(1, 1)), 2, graceful_ramp_down=3, graceful_stop=10)
    await executor.run(pool.floor)
    assert len(pool.unfinished) == 2
    assert pool.clock.now() - pool.clock.start == pytest.approx(15)
    pool.check()


async def test_a_user_that_comes_back_in_time_goes_on_with_its_call() -> None:
    pool = SlowPool(FakeClock(), 5.0)
    executor = RampingVus((Stage(1, 1), Stage(0, 0), Stage(1, 0), Stage(0, 1), Stage(4, 1)), 1, graceful_ramp_down=2)
    await executor.run(pool.floor)
    assert [(made.began, made.ended) for made in pool.made] == [(0, 5), (5, 10)]
    pool.check()


class Reluctant(SlowUser):
    """A user whose call takes three more seconds to end when it is stopped."""

    async def iterate(self, n: int, due: float | None = None) -> Outcome:  # noqa: ARG002 - the closed model gives none
        self.busy += 1
        assert self.busy == 1, "a user makes one call at a time"
        self.made.append(Made(n, 0, self.clock.now() - self.clock.start))
        try:
            await self.clock.sleep(self.seconds)
        finally:
            await self.clock.sleep(3)
            self.busy -= 1
        return self.outcome


async def test_a_user_that_was_stopped_and_comes_back_makes_no_call_until_the_last_one_is_over() -> None:
    pool = SlowPool(FakeClock())
    pool.users[0] = Reluctant(0, pool.clock, 100.0, pool.outcome, pool.made)
    away = (Stage(1, 1), Stage(0, 0), Stage(2, 0), Stage(0, 1), Stage(10, 1))
    await RampingVus(away, 1, graceful_ramp_down=1, graceful_stop=0).run(pool.floor)
    assert [made.began for made in pool.made] == [0, 5]  # stopped at 2, back at 3, over at 5


async def test_the_deadline_of_an_earlier_departure_does_not_hit_a_later_one() -> None:
    pool = SlowPool(FakeClock(), 6.0)
    away = (Stage(1, 1), Stage(0, 0), Stage(1, 0), Stage(0, 1), Stage(1, 1), Stage(0, 0), Stage(4, 0))
    await RampingVus(away, 1, graceful_ramp_down=4).run(pool.floor)
    assert [(made.began, made.ended) for made in pool.made] == [(0, 6)]


async def test_spikes_use_the_same_users_again() -> None:
    pool = SlowPool(FakeClock(), 1.0)
    spike = (Stage(0, 20), Stage(60, 20), Stage(0, 2), Stage(60, 2))
    await RampingVus((Stage(60, 2), *spike, *spike), 2).run(pool.floor)
    assert [busy_at(pool, 60 * minute + 30.5) for minute in range(5)] == [2, 20, 2, 20, 2]
    assert len(pool.users) == 20
    pool.check()


async def test_nothing_begins_once_the_run_is_stopping() -> None:
    pool = SlowPool(FakeClock(), 1.0)
    pool.stopping = lambda: pool.clock.now() - pool.clock.start >= 5
    await RampingVus((Stage(100, 50),), 2).run(pool.floor)
    assert {made.user for made in pool.made} == {0, 1, 2, 3}
    assert max(made.began or 0 for made in pool.made) < 5
    assert pool.clock.now() - pool.clock.start < 6
    pool.check()


async def test_a_cancelled_run_forgets_no_call() -> None:
    pool = SlowPool(FakeClock(), 1.0)
    await cancelled_at(pool, asyncio.create_task(RampingVus((Stage(100, 50),), 2).run(pool.floor)), 3.5)
    assert len(pool.unfinished) == 3
    pool.check()


def test_it_describes_itself_and_its_progress() -> None:
    executor = RampingVus((Stage(60, 50), Stage(30, 0)))
    assert str(executor) == "up to 50 virtual users for 1m30s"
    assert executor.progress(calls=7, seconds=45) == 0.5
    assert VuPace(0, executor.stages).vus_at(30) == 25


def test_all_settings_that_cannot_be_used_are_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        RampingVus((Stage(-1, 2.5), Stage(0, -3)), start_vus=-1, graceful_ramp_down=-2)
    assert refused.value.problems == (
        "start_vus should be 0 or more, got -1",
        "duration of stage 1 should be a duration of zero or more seconds, got -1",
        "target of stage 2 should be 0 or more, got -3",
        "stages should last longer than 0 seconds together",
        "the targets of stages should be whole numbers of virtual users",
        "graceful_ramp_down should be a duration of zero or more seconds, got -2",
    )
    with pytest.raises(InvalidInput, match="stages should reach more than 0 virtual users"):
        RampingVus((Stage(10, 0),))
    with pytest.raises(InvalidInput, match="stages should have at least one stage"):
        RampingVus(())
