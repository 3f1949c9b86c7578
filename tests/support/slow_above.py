"""A calculator that is quick up to a known number of requests in flight, and slow above it.

    with slow_above(40) as url:
        ...

The model: a call takes `fast_seconds`. If at any moment of that time more than `capacity` calls were in flight, it
takes `slow_factor` times as long. Up to `capacity` virtual users, each with one call at a time, no call is ever slow.
With one more, nearly all are: users wait for replies practically all the time, so during each call there is a moment
at which all have one in flight. So the p95 of a hold steps from `fast_seconds` to `slow_factor` times that, and the
rate falls to that part, between `capacity` and `capacity + 1` users. There is no gradual queueing, so the breaking
point does not depend on where criteria lie between 1 and `slow_factor`, as long as the first level is a quick one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from loadgen.clock import Clock, SystemClock
from tests.support.calculator_app import CalculatorApp, served

FAST_SECONDS = 0.05
SLOW_FACTOR = 10.0


class SlowAbove:
    """The model; `work` is one call."""

    def __init__(
        self, capacity: int, clock: Clock, fast_seconds: float = FAST_SECONDS, slow_factor: float = SLOW_FACTOR
    ) -> None:
        self.in_flight = 0
        self._capacity = capacity
        self._clock = clock
        self._fast_seconds = fast_seconds
        self._slow_factor = slow_factor
        self._overloads = 0

    async def work(self) -> None:
        before = self._overloads
        self.in_flight += 1
        self._overloads += self.in_flight > self._capacity
        try:
            await self._clock.sleep(self._fast_seconds)
            if self._overloads != before:
                await self._clock.sleep(self._fast_seconds * (self._slow_factor - 1))
        finally:
            self.in_flight -= 1


@contextmanager
def slow_above(
    capacity: int, fast_seconds: float = FAST_SECONDS, slow_factor: float = SLOW_FACTOR, clock: Clock | None = None
) -> Iterator[str]:
    """Serve it; gives the URL. The breaking point is `capacity` virtual users."""
    with served(CalculatorApp(SlowAbove(capacity, clock or SystemClock(), fast_seconds, slow_factor).work)) as url:
        yield url
