import asyncio
import time

import pytest

from loadgen import clock as module
from loadgen.clock import SystemClock, sleep_until
from tests.support.clock import FakeClock


def test_it_is_the_performance_counter() -> None:
    before = time.perf_counter()
    assert before <= SystemClock().now() <= time.perf_counter()


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.0003, 0.0021, 0.7])
async def test_sleeping_until_a_moment_ends_then(seconds: float) -> None:
    clock = FakeClock()
    await sleep_until(clock, clock.start + seconds)
    assert clock.now() == pytest.approx(clock.start + max(seconds, 0.0))
    assert clock.now() >= clock.start + seconds


async def test_sleeping_until_a_moment_never_ends_before_it() -> None:
    clock = SystemClock()
    for seconds in (0.0003, 0.002):
        moment = clock.now() + seconds
        await sleep_until(clock, moment)
        assert clock.now() >= moment


async def test_an_alarm_never_rings_early() -> None:
    clock = SystemClock()
    with clock.alarm() as sleep:
        for seconds in (0.0003, 0.002):
            began = clock.now()
            await sleep(seconds)
            assert clock.now() - began >= seconds


async def test_where_there_is_no_precise_timer_an_alarm_sleeps_to_the_millisecond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    def no_timer() -> None:
        raise OSError

    async def note(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(module, "PreciseTimer", no_timer)
    monkeypatch.setattr(asyncio, "sleep", note)
    with SystemClock().alarm() as sleep:
        await sleep(0.0001)
        await sleep(0.5)
    assert slept == [0.001, 0.5]
