"""Sleeping to the microsecond on Linux: event loops round their timers up to milliseconds, a timerfd does not."""

import asyncio
import ctypes
import os
from collections.abc import Callable

_CLOCK_MONOTONIC = 1  # what time.perf_counter() reads on Linux
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_EVENT_BYTES = 8


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class PreciseTimer:
    """One timer of the running event loop; `sleep` for one waiter at a time, to within the kernel's timer slack.

    Raises:
        OSError: this system has no timerfd (anything but Linux).
    """

    def __init__(self) -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            self._set_time: Callable[..., int] = libc.timerfd_settime
            self._fd: int = libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        except AttributeError as error:
            raise OSError("this system has no timerfd") from error
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._loop = asyncio.get_running_loop()
        self._fired: asyncio.Future[None] | None = None
        self._loop.add_reader(self._fd, self._fire)

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later; can be cancelled."""
        whole = int(seconds)
        setting = _Setting(_TimeSpec(0, 0), _TimeSpec(whole, max(1, int((seconds - whole) * 1e9))))
        self._fired = self._loop.create_future()
        self._set_time(self._fd, 0, ctypes.byref(setting), None)
        await self._fired

    def close(self) -> None:
        """Give the timer back."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _fire(self) -> None:
        try:
            os.read(self._fd, _EVENT_BYTES)
        except BlockingIOError:
            return  # it was set anew since it fired
        if self._fired is not None and not self._fired.done():
            self._fired.set_result(None)
