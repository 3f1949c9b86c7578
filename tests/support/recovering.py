"""A calculator that stays slow for a known time after a burst.

    with recovering(capacity=20, seconds=3.0) as url:
        ...

The model: while more than `capacity` calls are in flight, and for `seconds` after the last moment at which that was
so, a call that arrives takes `slow_factor` times `fast_seconds`; otherwise `fast_seconds`. When a spike ends, the calls
that are still in flight take at most one slow call to end, and the last slow call begins just before the time is over:
so slow replies come until `seconds` after the spike at the least, and two slow calls later at the most.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from loadgen.clock import Clock, SystemClock
from tests.support.calculator_app import CalculatorApp, served

FAST_SECONDS = 0.02
SLOW_FACTOR = 10.0


class Recovering:
    """The model; `work` is one call."""

    def __init__(
        self,
        capacity: int,
        seconds: float,
        clock: Clock,
        fast_seconds: float = FAST_SECONDS,
        slow_factor: float = SLOW_FACTOR,
    ) -> None:
        self.in_flight = 0
        self._capacity = capacity
        self._seconds = seconds
        self._clock = clock
        self._fast_seconds = fast_seconds
        self._slow_factor = slow_factor
        self._last_above = -math.inf

    async def work(self) -> None:
        self.in_flight += 1
        self._look()
        slow = self._clock.now() < self._last_above + self._seconds
        try:
            await self._clock.sleep(self._fast_seconds * (self._slow_factor if slow else 1))
        finally:
            self._look()
            self.in_flight -= 1

    def _look(self) -> None:
        if self.in_flight > self._capacity:
            self._last_above = self._clock.now()


@contextmanager
def recovering(
    capacity: int,
    seconds: float,
    fast_seconds: float = FAST_SECONDS,
    slow_factor: float = SLOW_FACTOR,
    clock: Clock | None = None,
) -> Iterator[str]:
    """Serve it; gives the URL. It recovers `seconds` after a spike of more than `capacity` virtual users."""
    model = Recovering(capacity, seconds, clock or SystemClock(), fast_seconds, slow_factor)
    with served(CalculatorApp(model.work)) as url:
        yield url
