"""Time for tests: a clock that jumps to the next sleeper, and a leap of the real one."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import loadgen.client.aiohttp
import loadgen.client.connection
import loadgen.client.raw
from loadgen.clock import Sleep


class FakeClock:
    """A `Clock` that jumps to the earliest sleeper once every task waits. For tests without IO."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = self.start = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._watching = False

    def now(self) -> float:
        return self._now

    def skip(self, seconds: float) -> None:
        """Let time pass while nothing runs, as when a process is stopped."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        if not self._watching:
            self._watching = True
            loop.call_soon(self._jump)
        await woken

    @contextmanager
    def alarm(self) -> Iterator[Sleep]:
        yield self.sleep

    def _jump(self) -> None:
        loop: Any = asyncio.get_running_loop()
        if loop._ready:  # somebody can still run
            loop.call_soon(self._jump)
            return
        self._watching = False
        while self._sleepers:
            at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._now = max(self._now, at)
                woken.set_result(None)
                break
        if self._sleepers:
            self._watching = True
            loop.call_soon(self._jump)


class LeapingClock:
    """The real time of the running loop and of the transports, but of their `hold`, until a test lets it leap.

    So a time limit may be so long that it is never reached on a busy machine, and is reached at once when it should be.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._leaped = 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", self.now)
        for module in (loadgen.client.aiohttp, loadgen.client.connection, loadgen.client.raw):
            monkeypatch.setattr(module, "_now", self.now)

    def now(self) -> float:
        return time.perf_counter() + self._leaped

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def leap(self, seconds: float) -> None:
        self._leaped += seconds
