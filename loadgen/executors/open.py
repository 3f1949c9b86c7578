"""The open model: calls are due at their moments, whether or not earlier ones have got their replies."""

import asyncio
import math
from dataclasses import dataclass

from formats.durations import format_duration

from ..clock import Sleep
from ..pacing import ConstantPace, Pace, RampingPace, Stage, level_at, phases
from ..plan import Floor
from .crew import Crew
from .deadline import GRACEFUL_STOP, LONGEST_NAP, kill
from .refusal import above, at_least, refuse, seconds, stages

_SHORTEST_NAP = 0.0005
"""Seconds; at rates above one in that time, iterations are handed out several at a time."""
_UNHURRIED = 0.001
"""Seconds to the next iteration that leave time to have it ready before its moment."""
_LEAD, _LEAD_SHARE = 0.0007, 0.1
"""How long before its moment an iteration is then handed out: so many seconds at most, and no more than that part of
the time to it, for who is ready waits awake. It covers waking up, and what comes before the first byte."""


@dataclass(frozen=True, slots=True)
class ConstantArrivalRate:
    """`rate` calls per second for `duration` seconds, by `vus` users, or up to `max_vus` when those are busy.

    A call that is due while every user is busy is dropped. Calls under way at the end get `graceful_stop` seconds.
    """

    rate: float
    duration: float
    vus: int
    max_vus: int
    graceful_stop: float = GRACEFUL_STOP

    def __post_init__(self) -> None:
        """Complain about all settings that cannot be used."""
        refuse(
            above("rate", self.rate, 0),
            above("duration", self.duration, 0),
            *_allocation(self.vus, self.max_vus),
            seconds("graceful_stop", self.graceful_stop),
        )

    def __str__(self) -> str:
        return f"{self.rate:,g} calls per second for {format_duration(self.duration)}, up to {self.max_vus:,} at a time"

    def progress(self, calls: int, seconds: float) -> float:  # noqa: ARG002 - the executor decides which one counts
        """See `Executor`."""
        return min(1.0, seconds / self.duration)

    def rate_at(self, seconds: float) -> float | None:
        """See `Executor`."""
        return self.rate if seconds < self.duration else 0.0

    @property
    def phases(self) -> tuple[tuple[str, float, float], ...]:
        """See `Executor`."""
        return ()

    async def run(self, floor: Floor) -> None:
        """See `Executor`."""
        pace = ConstantPace(self.rate, self.duration)
        await _run(floor, pace, self.duration, self.vus, self.max_vus, self.graceful_stop)


@dataclass(frozen=True, slots=True)
class RampingArrivalRate:
    """From `start_rate` calls per second through the targets of `stages`; otherwise as `ConstantArrivalRate`."""

    stages: tuple[Stage, ...]
    vus: int
    max_vus: int
    start_rate: float = 0.0
    graceful_stop: float = GRACEFUL_STOP

    def __post_init__(self) -> None:
        """Complain about all settings that cannot be used."""
        refuse(
            at_least("start_rate", self.start_rate, 0),
            *stages(self.stages, self.start_rate, "calls per second"),
            *_allocation(self.vus, self.max_vus),
            seconds("graceful_stop", self.graceful_stop),
        )

    def __str__(self) -> str:
        most = max(self.start_rate, *(stage.target for stage in self.stages))
        lasts = format_duration(self.duration)
        return f"up to {most:,g} calls per second for {lasts}, up to {self.max_vus:,} at a time"

    @property
    def duration(self) -> float:
        """Seconds in which calls are begun."""
        return math.fsum(stage.duration for stage in self.stages)

    def progress(self, calls: int, seconds: float) -> float:  # noqa: ARG002 - the executor decides which one counts
        """See `Executor`."""
        return min(1.0, seconds / self.duration)

    def rate_at(self, seconds: float) -> float | None:
        """See `Executor`."""
        return level_at(self.start_rate, self.stages, seconds) if seconds < self.duration else 0.0

    @property
    def phases(self) -> tuple[tuple[str, float, float], ...]:
        """See `Executor`."""
        return phases(self.start_rate, self.stages)

    async def run(self, floor: Floor) -> None:
        """See `Executor`."""
        pace = RampingPace(self.start_rate, self.stages)
        await _run(floor, pace, self.duration, self.vus, self.max_vus, self.graceful_stop)


async def _run(floor: Floor, pace: Pace, duration: float, vus: int, max_vus: int, graceful_stop: float) -> None:
    start = floor.clock.now()
    crew: Crew | None = None
    try:
        async with asyncio.TaskGroup() as supervision:
            async with asyncio.TaskGroup() as group:
                crew = Crew(group, floor, vus, max_vus)
                with floor.clock.alarm() as sleep:
                    await _hand_out(floor, pace, start, start + duration, crew, sleep)
                crew.dismiss()
                killer = supervision.create_task(kill(crew.tasks, floor.clock, floor.clock.now() + graceful_stop))
            killer.cancel()
    finally:
        if crew is not None:
            crew.abandon()


async def _hand_out(floor: Floor, pace: Pace, start: float, end: float, crew: Crew, sleep: Sleep) -> None:
    """Hand every iteration out when it is due, or just before to who is free, all of a time together, until `end`."""
    tally, clock, stopping = floor.tally, floor.clock, floor.stopping
    total, n, lead = pace.total, 0, 0.0
    due = start + pace.due_at(0)
    while not stopping():
        now, before = clock.now(), n
        while n < total and (due <= now or (due <= now + lead and crew.idle)):
            number = tally.issue()
            if not crew.hand(number, due):
                tally.drop(number, due)
            n += 1
            due = start + pace.due_at(n)
        until = due if n < total else end
        unhurried = until - now > _UNHURRIED
        if n > before and unhurried:
            await asyncio.sleep(0)  # who has got a call goes first
        left = until - clock.now()
        if left <= 0 and n >= total:
            return
        lead = min(_LEAD, left * _LEAD_SHARE) if n < total and unhurried else 0.0
        await sleep(min(max(_SHORTEST_NAP, left - lead), LONGEST_NAP))


def _allocation(vus: int, max_vus: int) -> list[str | None]:
    more = f"max_vus should be vus or more, got {max_vus} for {vus} vus" if max_vus < max(vus, 1) else None
    return [at_least("vus", vus, 0), at_least("max_vus", max_vus, 1) or more]
