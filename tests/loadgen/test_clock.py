import asyncio
import time

import pytest

from loadgen import clock as module
from loadgen.clock import SystemClock


def test_it_is_the_performance_counter() -> None:
    before = time.perf_counter()
    assert before <= SystemClock().now() <= time.perf_counter()


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
