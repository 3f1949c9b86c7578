"""The machine's time for delays: sleeps that end at their moment, where event loops count in milliseconds.

On Linux one timer of the kernel (timerfd) wakes all sleepers; elsewhere the loop does, to half a millisecond.
"""

import asyncio
import ctypes
import heapq
import itertools
import math
import os
import sys
import time
import weakref

_CLOCK_MONOTONIC = 1
"""What `time.perf_counter` reads on Linux, too."""
_ABSOLUTE = 1
_NANO = 1_000_000_000
_RESOLUTION = 0.0005
"""Seconds; what is shorter is no delay for a loop's own timers."""


class SystemClock:
    """A `Clock`. Belongs to the event loop that sleeps on it first, until that is closed."""

    now = staticmethod(time.perf_counter)  # not `loop.time()`: that has a resolution of 1 ms under uvloop

    def __init__(self) -> None:
        self._timer: _Timer | None = None

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later; can be cancelled."""
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer.loop is not loop:
            self._timer = _kernel_timer(loop)
        if self._timer is not None:
            await self._timer.sleep_until(time.perf_counter() + seconds)
            return
        until = time.perf_counter() + seconds
        while seconds >= _RESOLUTION:  # a timer may come a millisecond early: then once more
            await asyncio.sleep(seconds)
            seconds = until - time.perf_counter()


class _Spec(ctypes.Structure):
    """`struct itimerspec`."""

    _fields_ = (
        ("interval_seconds", ctypes.c_long),
        ("interval_nanoseconds", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
    )


class _Timer:
    """Wakes the sleepers of one event loop by a timerfd, which is closed when nobody needs the timer any more.

    Raises:
        OSError, AttributeError: there is no such thing here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._set_time = ctypes.CDLL(None).timerfd_settime
        self._file = ctypes.CDLL(None).timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            raise OSError("the kernel gives no timer")
        weakref.finalize(self, os.close, self._file)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._cancelled = 0
        self._next = math.inf
        """When the timer goes off."""
        loop.add_reader(self._file, self._wake)

    async def sleep_until(self, moment: float) -> None:
        """Return then, by `time.perf_counter`."""
        woken = self.loop.create_future()
        heapq.heappush(self._sleepers, (moment, next(self._order), woken))
        if moment < self._next:
            self._set(moment)
        try:
            await woken
        except asyncio.CancelledError:
            self._forget_one()
            raise

    def _forget_one(self) -> None:
        """A sleeper was cancelled; clear them out when most are, as some would have slept for a day."""
        self._cancelled += 1
        if 2 * self._cancelled > len(self._sleepers):
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[2].done()]
            heapq.heapify(self._sleepers)
            self._cancelled = 0

    def _set(self, moment: float) -> None:
        part, whole = math.modf(moment)
        spec = _Spec(0, 0, int(whole), min(int(part * _NANO) + 1, _NANO - 1))
        if self._set_time(self._file, _ABSOLUTE, ctypes.byref(spec), None):
            raise OSError("the kernel's timer cannot be set")
        self._next = moment

    def _wake(self) -> None:
        """The timer went off."""
        try:
            os.read(self._file, 8)
        except BlockingIOError:
            return  # it was set anew meanwhile
        now = time.perf_counter()
        while self._sleepers and (self._sleepers[0][0] <= now or self._sleepers[0][2].done()):
            woken = heapq.heappop(self._sleepers)[2]
            if woken.done():
                self._cancelled -= 1
            else:
                woken.set_result(None)
        self._next = math.inf
        if self._sleepers:
            self._set(self._sleepers[0][0])


def _kernel_timer(loop: asyncio.AbstractEventLoop) -> _Timer | None:
    if sys.platform != "linux":
        return None
    try:
        return _Timer(loop)
    except (OSError, AttributeError):
        return None
