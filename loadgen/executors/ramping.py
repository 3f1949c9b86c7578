"""The closed model with a number of virtual users that changes."""

import asyncio
import math
from dataclasses import dataclass

from formats.durations import format_duration

from ..pacing import Stage, VuPace, phases
from ..plan import Floor
from .closed import ClosedModel, timed, users
from .deadline import GRACEFUL_STOP, LONGEST_NAP, kill
from .refusal import at_least, refuse, seconds, stages


@dataclass(frozen=True, slots=True)
class RampingVus(ClosedModel):
    """From `start_vus` through the targets of `stages`, one user after another, evenly.

    A user that goes finishes its call, for which it has `graceful_ramp_down` seconds; at the end of the last stage all
    go, and have `graceful_stop` seconds. Who comes back goes on in the session that it had.
    """

    stages: tuple[Stage, ...]
    start_vus: int = 0
    graceful_ramp_down: float = GRACEFUL_STOP
    graceful_stop: float = GRACEFUL_STOP
    think_time: float = 0.0

    def __post_init__(self) -> None:
        """Complain about all settings that cannot be used."""
        whole = all(float(stage.target).is_integer() for stage in self.stages if 0 <= stage.target < float("inf"))
        refuse(
            at_least("start_vus", self.start_vus, 0),
            *stages(self.stages, self.start_vus, "virtual users"),
            None if whole else "the targets of stages should be whole numbers of virtual users",
            seconds("graceful_ramp_down", self.graceful_ramp_down),
            seconds("graceful_stop", self.graceful_stop),
            seconds("think_time", self.think_time),
        )

    def __str__(self) -> str:
        return f"up to {users(self.max_vus)} for {format_duration(self.duration)}"

    @property
    def vus(self) -> int:
        """See `Executor`; those who come later open their session when they come."""
        return self.start_vus

    @property
    def max_vus(self) -> int:
        """See `Executor`."""
        return max(self.start_vus, *(int(stage.target) for stage in self.stages))

    @property
    def duration(self) -> float:
        """Seconds in which calls are begun."""
        return math.fsum(stage.duration for stage in self.stages)

    @property
    def phases(self) -> tuple[tuple[str, float, float], ...]:
        """See `Executor`."""
        return phases(self.start_vus, self.stages)

    def progress(self, calls: int, seconds: float) -> float:  # noqa: ARG002 - the executor decides which one counts
        """See `Executor`."""
        return min(1.0, seconds / self.duration)

    async def run(self, floor: Floor) -> None:
        """See `Executor`."""
        pace, clock = VuPace(self.start_vus, self.stages), floor.clock
        start = clock.now()
        async with asyncio.TaskGroup() as supervision:
            async with asyncio.TaskGroup() as group:
                ramp = _Ramp(group, floor, self.think_time)
                for at, count in pace.changes:
                    await ramp.wait(start + at)
                    if not floor.stopping():
                        ramp.change(count, clock.now() + self.graceful_ramp_down)
                await ramp.wait(start + pace.duration)
                ramp.change(0, clock.now() + self.graceful_stop)
                killers = [supervision.create_task(kill(tasks, clock, at)) for at, tasks in ramp.doomed()]
            for killer in killers:
                killer.cancel()


class _Ramp:
    """The users at work, those who are about to go, and until when these have time."""

    def __init__(self, group: asyncio.TaskGroup, floor: Floor, think_time: float) -> None:
        self._group = group
        self._floor = floor
        self._think_time = think_time
        self._count = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._going: dict[int, tuple[float, asyncio.Task[None]]] = {}  # by user, the first deadline first

    def change(self, count: int, deadline: float) -> None:
        """From now on `count` users are at work; those too many have until `deadline` for the call under way."""
        before, self._count = self._count, count
        for index in range(count, before):
            self._going[index] = (deadline, self._tasks[index])
        for index in range(before, count):
            self._going.pop(index, None)
            self._begin(index)
        self._floor.tally.vus = count

    async def wait(self, until: float) -> None:
        """Let time pass, and stop those whose time is over; less of it when the run is stopping."""
        clock, stopping = self._floor.clock, self._floor.stopping
        while (left := until - clock.now()) > 0 and not stopping():
            first = next(iter(self._going.values()), (until, None))[0]
            await clock.sleep(max(0.0, min(left, first - clock.now(), LONGEST_NAP)))
            for index, (deadline, task) in list(self._going.items()):
                if deadline > clock.now():
                    break
                task.cancel()
                del self._going[index]

    def doomed(self) -> list[tuple[float, list[asyncio.Task[None]]]]:
        """Who is to be stopped when, at the end."""
        by_deadline: dict[float, list[asyncio.Task[None]]] = {}
        for deadline, task in self._going.values():
            by_deadline.setdefault(deadline, []).append(task)
        return list(by_deadline.items())

    def _begin(self, index: int) -> None:
        before = self._tasks[index] if index < len(self._tasks) else None
        if before is not None and not before.done() and not before.cancelling():
            return  # it is back before its last call ended, and just goes on
        self._tasks[index : index + 1] = [self._group.create_task(self._work(index, before))]

    async def _work(self, index: int, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])  # stopped, but perhaps not over yet; a user makes one call at a time
        await timed(self._floor.pool.user(index), self._floor, lambda: index < self._count, self._think_time)
