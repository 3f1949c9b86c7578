import asyncio
from collections.abc import Sequence

import pytest

from loadgen.clock import Clock
from loadgen.executors.closed import ConstantVus, SharedIterations
from loadgen.outcome import Connect, HttpStatus, Ok, Outcome
from tests.support.clock import FakeClock

OK = Ok({})


class SlowUser:
    """A user whose calls take a fixed time of the clock."""

    def __init__(self, clock: Clock, seconds: float, outcome: Outcome = OK) -> None:
        self.made: list[int] = []
        self._clock = clock
        self._seconds = seconds
        self._outcome = outcome

    async def iterate(self, n: int) -> Outcome:
        self.made.append(n)
        await self._clock.sleep(self._seconds)
        return self._outcome


def made(users: Sequence[SlowUser]) -> list[int]:
    return sorted(n for user in users for n in user.made)


async def test_shared_iterations_makes_every_call_once() -> None:
    clock = FakeClock()
    users = [SlowUser(clock, 0.1), SlowUser(clock, 0.2), SlowUser(clock, 0.3)]
    await SharedIterations(3, 20).run(users, clock, lambda: False)
    assert made(users) == list(range(1, 21))


async def test_in_shared_iterations_a_faster_user_makes_more_calls() -> None:
    clock = FakeClock()
    fast, slow = SlowUser(clock, 0.1), SlowUser(clock, 1.0)
    await SharedIterations(2, 11).run([fast, slow], clock, lambda: False)
    assert (len(fast.made), len(slow.made)) == (10, 1)


async def test_constant_vus_begins_calls_for_the_duration_and_waits_for_the_last_ones() -> None:
    clock = FakeClock()
    began = clock.now()
    users = [SlowUser(clock, 0.4) for _ in range(5)]
    await ConstantVus(5, 1.0).run(users, clock, lambda: False)
    assert [len(user.made) for user in users] == [3] * 5
    assert clock.now() - began == pytest.approx(1.2)
    assert made(users) == list(range(1, 16))


async def test_a_user_without_a_connection_pauses_instead_of_spinning() -> None:
    clock = FakeClock()
    user = SlowUser(clock, 0.0, Connect("refused"))
    await ConstantVus(1, 10.0).run([user], clock, lambda: False)
    assert len(user.made) == 100


async def test_a_user_with_another_failure_does_not_pause() -> None:
    clock = FakeClock()
    user = SlowUser(clock, 0.01, HttpStatus("no", 503))
    await ConstantVus(1, 1.0).run([user], clock, lambda: False)
    assert len(user.made) == pytest.approx(100, abs=1)


@pytest.mark.parametrize("executor", [SharedIterations(2, 1000), ConstantVus(2, 1000.0)])
async def test_nothing_begins_once_the_run_is_stopping(executor: SharedIterations | ConstantVus) -> None:
    clock = FakeClock()
    users = [SlowUser(clock, 1.0), SlowUser(clock, 1.0)]
    began = clock.now()
    await executor.run(users, clock, lambda: clock.now() - began >= 5)
    assert made(users) == list(range(1, 11))


@pytest.mark.parametrize("executor", [SharedIterations(2, 1000), ConstantVus(2, 1000.0)])
async def test_a_cancelled_run_leaves_no_call_behind(executor: SharedIterations | ConstantVus) -> None:
    class Endless(SlowUser):
        cancelled = False

        async def iterate(self, n: int) -> Outcome:  # noqa: ARG002 - a user's shape
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
            return OK

    users = [Endless(FakeClock(), 0), Endless(FakeClock(), 0)]
    run = asyncio.create_task(executor.run(users, FakeClock(), lambda: False))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert all(user.cancelled for user in users)


def test_progress_of_iterations_is_counted_and_of_a_duration_is_timed() -> None:
    assert SharedIterations(1, 200).progress(calls=50, seconds=9) == 0.25
    assert ConstantVus(1, 30.0).progress(calls=50, seconds=15) == 0.5
    assert ConstantVus(1, 30.0).progress(calls=50, seconds=31) == 1.0


def test_an_executor_describes_itself() -> None:
    assert str(SharedIterations(10, 1000)) == "1,000 calls by 10 virtual users"
    assert str(ConstantVus(1, 90.0)) == "1 virtual user for 1m30s"
