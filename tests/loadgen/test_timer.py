import asyncio
import sys
import time

import pytest

from loadgen.timer import PreciseTimer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")


async def test_a_sleep_is_never_shorter_than_asked() -> None:
    timer = PreciseTimer()
    for seconds in (0.0003, 0.0, 0.0011):
        before = time.perf_counter()
        await timer.sleep(seconds)
        assert time.perf_counter() - before >= seconds
    timer.close()


async def test_a_sleep_can_be_cancelled_and_the_next_one_is_a_new_one() -> None:
    timer = PreciseTimer()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await timer.sleep(60)
    await timer.sleep(0.0001)
    timer.close()
