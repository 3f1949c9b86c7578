"""Time as an argument: everything that waits or measures gets a `Clock`, so that a test can bring its own."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from .timer import PreciseTimer

Sleep = Callable[[float], Awaitable[None]]
_COARSE = 0.001
"""Seconds to which event loops round their timers; uvloop would make none of less than half of it."""
_A_MOMENT = 0.00005
"""Seconds that an event loop rounds to none: others run meanwhile."""


class Clock(Protocol):
    """Seconds that only grow, and a way to let some pass."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back, resolves well below a microsecond."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later; can be cancelled."""
        ...


async def sleep_until(clock: Clock, moment: float) -> None:
    """Return at `moment` of `clock`, and not before, however its event loop rounds."""
    while (left := moment - clock.now()) > 0:
        await clock.sleep(left if left >= _COARSE else min(left, _A_MOMENT))


class AlarmClock(Clock, Protocol):
    """A `Clock` that can also keep to a schedule."""

    def alarm(self) -> AbstractContextManager[Sleep]:
        """A `sleep` as precise as the system has one, for one waiter at a time."""
        ...


class SystemClock:
    """The machine's clock. Not `loop.time()`: that has a resolution of 1 ms under uvloop."""

    now = staticmethod(time.perf_counter)

    async def sleep(self, seconds: float) -> None:
        """Sleep on the running event loop."""
        await asyncio.sleep(seconds)

    @contextmanager
    def alarm(self) -> Iterator[Sleep]:
        """To the microsecond where there is a timerfd, else to the millisecond."""
        try:
            timer = PreciseTimer()
        except (OSError, NotImplementedError):  # not Linux; an event loop that watches no files
            yield lambda seconds: asyncio.sleep(max(seconds, _COARSE))
            return

        try:
            yield timer.sleep
        finally:
            timer.close()
