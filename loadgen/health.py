"""Was the generator the limit? How late its event loop was, how much of its core it used, how late iterations began."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from .clock import Clock
from .metrics import NO_VALUES, Trend, TrendSummary

_SECONDS_BETWEEN_LOOKS = 0.02
_MOST_LAG_MS = 20.0
_MOST_CPU = 0.9


@dataclass(frozen=True, slots=True)
class GeneratorHealth:
    """The generator during a run; `cpu_share` is of one core, `reason` the sentence why it was the limit, if it was."""

    loop_lag: TrendSummary
    cpu_share: float | None
    reason: str | None

    @property
    def limited(self) -> bool:
        """Whether the generator, not the server, set the pace or the latencies."""
        return self.reason is not None


def judge_generator(
    loop_lag: TrendSummary, cpu_share: float | None, schedule_lag: TrendSummary, *, open_model: bool
) -> GeneratorHealth:
    """The verdict. A closed model uses all the CPU that a fast server leaves it, so there CPU alone says nothing."""
    late, behind = _most(loop_lag), _most(schedule_lag)
    reason = None
    if late is not None and late > _MOST_LAG_MS:
        reason = f"its event loop was {late:.0f} ms late for 1 of 100 events, which the latencies include"
    elif open_model and behind is not None and behind > _MOST_LAG_MS:
        reason = f"1 of 100 iterations began {behind:.0f} ms or more after its due moment"
    elif open_model and cpu_share is not None and cpu_share > _MOST_CPU:
        reason = f"it used {cpu_share:.0%} of its core, so it could hardly have kept a higher rate"
    return GeneratorHealth(loop_lag, cpu_share, reason)


def _most(lag: TrendSummary) -> float | None:
    """The 99th percentile, or what comes closest to it in a short run."""
    return lag.p99 if lag.p99 is not None else lag.p95


class HealthMonitor:
    """Measures the generator from the start to the end of its context."""

    def __init__(self, clock: Clock, cpu_seconds: Callable[[], float] = time.process_time) -> None:
        self.loop_lag = Trend()
        self._clock = clock
        self._cpu_seconds = cpu_seconds
        self._group = asyncio.TaskGroup()
        self._sampler: asyncio.Task[None] | None = None
        self._began = self._cpu_began = 0.0
        self._ended: tuple[float, float] | None = None

    async def __aenter__(self) -> Self:
        self._began, self._cpu_began = self._clock.now(), self._cpu_seconds()
        await self._group.__aenter__()
        self._sampler = self._group.create_task(self._sample())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop measuring. What went wrong inside is passed on as it is, not as a group."""
        self._ended = self._clock.now(), self._cpu_seconds()
        if self._sampler is not None:
            self._sampler.cancel()
        await self._group.__aexit__(None, None, None)

    def summary(self, schedule_lag: TrendSummary = NO_VALUES, *, open_model: bool = False) -> GeneratorHealth:
        """The verdict on the time so far, or on the whole after the end."""
        now, cpu_now = self._ended or (self._clock.now(), self._cpu_seconds())
        wall = now - self._began
        cpu_share = (cpu_now - self._cpu_began) / wall if wall > 0 else None
        return judge_generator(self.loop_lag.summary(), cpu_share, schedule_lag, open_model=open_model)

    async def _sample(self) -> None:
        while True:
            due = self._clock.now() + _SECONDS_BETWEEN_LOOKS
            await self._clock.sleep(_SECONDS_BETWEEN_LOOKS)
            self.loop_lag.add(max(0.0, self._clock.now() - due))
