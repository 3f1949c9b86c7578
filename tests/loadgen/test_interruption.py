import asyncio
import os
import signal

import pytest

from loadgen.interruption import Interruption


async def test_work_that_nobody_stops_runs_to_its_end() -> None:
    done = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append(True)

    assert await Interruption().guard(work(), grace=5)
    assert done == [True]


async def forever() -> None:
    await asyncio.Event().wait()


async def test_the_first_press_leaves_work_its_grace_and_the_second_cancels_it_at_once() -> None:
    interruption = Interruption()
    interruption.press()
    assert interruption.requested()
    work = asyncio.create_task(interruption.guard(forever(), grace=60))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not work.done()
    interruption.press()
    assert await work is False


async def test_without_a_grace_the_first_press_cancels() -> None:
    interruption = Interruption()
    interruption.press()
    assert not await interruption.guard(forever(), grace=0)


async def test_work_that_fails_raises_its_own_exception() -> None:
    async def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await Interruption().guard(fails(), grace=5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_presses(number: signal.Signals) -> None:
    interruption = Interruption()
    with interruption.on_signals():
        os.kill(os.getpid(), number)
        assert not await interruption.guard(forever(), grace=0)
    assert interruption.requested()
