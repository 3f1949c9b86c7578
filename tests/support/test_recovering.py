import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from loadgen.analysis.recovery import recovery_seconds
from tests.support.clock import FakeClock
from tests.support.raw_mcp import HANDSHAKE, RawClient
from tests.support.recovering import FAST_SECONDS, SLOW_FACTOR, Recovering, recovering

SLOW_SECONDS = FAST_SECONDS * SLOW_FACTOR


class Users:
    """Call one after another until their block ends."""

    def __init__(self, clock: FakeClock, model: Recovering) -> None:
        self.taken: list[tuple[float, float]] = []
        """When each call ended, and its milliseconds."""
        self._clock = clock
        self._model = model

    @asynccontextmanager
    async def calling(self, users: int) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._use()) for _ in range(users)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _use(self) -> None:
        while True:
            began = self._clock.now()
            await self._model.work()
            self.taken.append((self._clock.now(), (self._clock.now() - began) * 1000))

    def p95s(self, interval: float) -> list[tuple[float, float | None]]:
        """A timeline from the first call's start on."""
        timeline: list[tuple[float, float | None]] = []
        for n in range(int((self.taken[-1][0] - self._clock.start) / interval)):
            ended = sorted(ms for at, ms in self.taken if n * interval <= at - self._clock.start < (n + 1) * interval)
            timeline.append(((n + 1) * interval, ended[int(0.95 * len(ended))] if ended else None))
        return timeline


async def test_it_is_quick_within_its_capacity() -> None:
    clock = FakeClock()
    users = Users(clock, Recovering(5, 3.0, clock))
    async with users.calling(5):
        await clock.sleep(2.0)
    assert {round(ms, 6) for _, ms in users.taken} == {FAST_SECONDS * 1000}


async def test_after_a_burst_it_stays_slow_for_the_time_that_it_was_given() -> None:
    clock = FakeClock()
    users = Users(clock, Recovering(5, 3.0, clock))
    async with users.calling(5):
        await clock.sleep(5.0)
        async with users.calling(20):
            await clock.sleep(4.0)
        await clock.sleep(10.0)
    spike_end = 9.0
    last_slow = max(at for at, ms in users.taken if ms > FAST_SECONDS * 1001) - clock.start
    assert spike_end + 3.0 <= last_slow <= spike_end + 3.0 + 2 * SLOW_SECONDS
    recovered = recovery_seconds(users.p95s(0.5), spike_end, FAST_SECONDS * 1000, until=19.0)
    assert recovered is not None
    assert 3.0 <= recovered <= 3.0 + 2 * SLOW_SECONDS + 0.5


def test_on_the_wire_it_calculates() -> None:
    with recovering(2, 0.1, fast_seconds=0.001) as url:
        client = RawClient(url, HANDSHAKE)
        assert client.call("multiply", {"a": 6, "b": 7}).message["result"]["structuredContent"] == {"result": 42}
