"""Real sleeps, by the kernel's timer and by the event loop's own: in order, never much too early, never lost."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator

import pytest
import uvloop

from servers.faults import system_clock
from servers.faults.system_clock import SystemClock, _Timer

LONG = 60.0
"""Seconds that no test waits for."""
EARLY = 0.0006
"""Seconds by which a loop's own timer may be early."""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="there are timers of this kind on Linux")


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = request.param
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        yield runner


@pytest.fixture(params=["kernel", "loop"])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SystemClock:
    """One that sleeps by the kernel's timer, where there is one, and one that has none."""
    if request.param == "loop":
        monkeypatch.setattr(system_clock, "_kernel_timer", lambda _: None)
    return SystemClock()


def test_nobody_wakes_before_the_time_and_whoever_sleeps_less_wakes_first(
    runner: asyncio.Runner, clock: SystemClock
) -> None:
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        began = clock.now()
        await clock.sleep(seconds)
        assert clock.now() - began > seconds - EARLY
        woken.append(seconds)

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for seconds in (0.06, 0.0, 0.09, 0.03, 0.001):
                group.create_task(sleep(seconds))

    runner.run(run())
    assert woken == [0.0, 0.001, 0.03, 0.06, 0.09]


def test_a_sleep_can_be_cancelled_and_the_others_go_on(runner: asyncio.Runner, clock: SystemClock) -> None:
    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(clock.sleep(seconds)) for seconds in (0.01, LONG, 0.02, LONG)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            await tasks[2]
            for task in tasks:
                task.cancel()

    runner.run(run())


@on_linux
def test_cancelled_sleepers_are_not_kept(runner: asyncio.Runner) -> None:
    clock = SystemClock()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(clock.sleep(LONG)) for _ in range(100)]
            await asyncio.sleep(0)
            for task in tasks[1:]:
                task.cancel()
            await asyncio.sleep(0)
            assert clock._timer is not None
            assert len(clock._timer._sleepers) <= 2
            tasks[0].cancel()

    runner.run(run())


@on_linux
def test_the_next_loop_gets_a_timer_of_its_own_and_the_last_one_is_closed() -> None:
    clock = SystemClock()
    files: list[int] = []
    for _ in range(2):
        with asyncio.Runner() as runner:
            runner.run(clock.sleep(0.001))
            assert isinstance(clock._timer, _Timer)
            files.append(clock._timer._file)
    clock._timer = None
    for file in set(files):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


def test_without_the_kernels_timer_the_loops_own_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: asyncio.AbstractEventLoop) -> _Timer:
        raise OSError("the kernel gives no timer")

    monkeypatch.setattr(system_clock, "_Timer", none)
    clock = SystemClock()
    asyncio.run(clock.sleep(0.001))
    assert clock._timer is None
