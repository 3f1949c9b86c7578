"""The search for the load that breaks a server: level by level upwards, then bisection, then a look at the recovery."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from formats.durations import format_duration

from ..accounting import Slice
from ..analysis.failure import judge_failure
from ..analysis.search import (
    ARRIVALS,
    VIRTUAL_USERS,
    BreakingPoint,
    Criterion,
    Done,
    Level,
    LoadKind,
    broken_by,
    next_step,
)
from ..finding import BREAKING_POINT, Finding
from ..outcome import Category, Failure
from ..pacing import Stage
from ..plan import Floor
from .deadline import LONGEST_NAP
from .open import RampingArrivalRate
from .ramping import RampingVus
from .refusal import above, at_least, refuse, seconds

_SETTLING = 0.25
"""The share of a probe that is not measured: the load has just changed."""
_USERS_PER_RATE = 2.0
"""Virtual users allowed for each call per second: time enough for replies of two seconds."""
_MOST_USERS = 20_000
_SCALE_MS = 1000


@dataclass(frozen=True, slots=True)
class BreakingPointSearch:
    """Goes up `levels` of virtual users, or of calls per second: `ramp` seconds up to each, then `hold` seconds there.

    When a level breaks, probes of `probe` seconds, a quarter of which is left for the server to settle, halve what lies
    between the last good level and the broken one. At the end the load falls to the lowest level for `recovery`
    seconds. Calls under way at the end of a step get `graceful_stop` seconds.
    """

    levels: tuple[float, ...]
    of: Literal["vus", "rate"] = "vus"
    ramp: float = 120.0
    hold: float = 180.0
    probe: float = 60.0
    recovery: float = 60.0
    graceful_stop: float = 5.0

    def __post_init__(self) -> None:
        """Complain about all settings that cannot be used."""
        rising = all(a < b for a, b in zip(self.levels, self.levels[1:], strict=False))
        whole = self.of == "rate" or all(float(level).is_integer() for level in self.levels)
        refuse(
            None if self.levels else "levels should have at least one level",
            None if rising else "levels should rise",
            None if whole else "levels should be whole numbers of virtual users",
            *(above("a level", level, 0) for level in self.levels[:1]),
            seconds("ramp", self.ramp),
            above("hold", self.hold, 0),
            above("probe", self.probe, 0),
            above("recovery", self.recovery, 0),
            at_least("graceful_stop", self.graceful_stop, 0),
        )

    def __str__(self) -> str:
        what = "virtual users" if self.of == "vus" else "calls per second"
        levels = ", ".join(f"{level:,g}" for level in self.levels)
        return f"search for the breaking point at {levels} {what}, {format_duration(self.hold)} each"

    @property
    def vus(self) -> int:
        """See `Executor`; users open their session when they come."""
        return 0

    @property
    def max_vus(self) -> int:
        """See `Executor`."""
        most = self.levels[-1]
        return int(most) if self.of == "vus" else int(min(max(most * _USERS_PER_RATE, 10), _MOST_USERS))

    @property
    def duration(self) -> float:
        """Seconds that the levels take, when none of them breaks, with the recovery."""
        return len(self.levels) * (self.ramp + self.hold) + self.recovery

    @property
    def phases(self) -> tuple[tuple[str, float, float], ...]:
        """See `Executor`; they are announced as they come."""
        return ()

    def rate_at(self, seconds: float) -> float | None:
        """See `Executor`; what is due depends on what was found before, so from the start on it is not known."""
        return None if self.of == "vus" or seconds > 0 else 0.0

    def progress(self, calls: int, seconds: float) -> float:  # noqa: ARG002 - the executor decides which one counts
        """See `Executor`."""
        return min(0.99, seconds / self.duration)

    async def run(self, floor: Floor) -> None:
        """See `Executor`."""
        search = _Search(self, floor)
        while not floor.stopping():
            step = next_step(self.levels, search.history, kind=search.kind)
            if isinstance(step, Done):
                await search.conclude(step.point)
                return
            await search.measure(step.load, planned=not step.is_bisection)


@dataclass(slots=True)
class _Search:
    """What has been measured so far."""

    settings: BreakingPointSearch
    floor: Floor
    load: float = 0.0
    history: list[Level] = field(default_factory=list)
    errors: list[Mapping[str, int]] = field(default_factory=list)

    @property
    def kind(self) -> LoadKind:
        """What a load counts."""
        return VIRTUAL_USERS if self.settings.of == "vus" else ARRIVALS

    async def measure(self, load: float, *, planned: bool) -> None:
        """Go to `load`, hold it, and remember what it did."""
        settings = self.settings
        up, hold = settings.ramp, settings.hold
        if not planned:
            up, hold = settings.probe * _SETTLING, settings.probe * (1 - _SETTLING)
        part, lasted = await self._hold(load, up, hold, "hold" if planned else "probe")
        if not self.floor.stopping():
            self.history.append(_level(load, part, lasted))
            self.errors.append(part.errors)

    async def conclude(self, point: BreakingPoint) -> None:
        """Let the load fall, see whether the server recovers, and say what was found."""
        settings, kind = self.settings, self.kind
        sentence = point.sentence
        if point.first_broken is not None:
            recovered = (
                None if point.last_good is None else await self._recovers(min(settings.levels[0], point.last_good))
            )
            loads = [level.load for level in self.history]
            failure = judge_failure(_by_category(self.errors[loads.index(point.first_broken)]), recovered)
            silent = point.criterion is Criterion.NO_CALLS
            told = "catastrophic: no call was answered" if silent else failure.sentence
            self.floor.found(Finding("failure mode", told))
        value = point.last_good if point.first_broken is not None else settings.levels[-1]
        self.floor.found(Finding(BREAKING_POINT, sentence, value or 0.0, kind.unit))

    async def _recovers(self, calm: float) -> bool | None:
        """Let the load fall to `calm`, which went well before: does it again? None: the run is stopping."""
        half = self.settings.recovery / 2
        part, lasted = await self._hold(calm, half, half, "recovery at")
        return None if self.floor.stopping() else broken_by(_level(calm, part, lasted), self.history) is None

    async def _hold(self, load: float, up: float, hold: float, name: str) -> tuple[Slice, float]:
        """Go to `load` in `up` seconds, stay there for `hold`; what was measured then, and how long it took.

        Upwards the load rises evenly. Downwards it falls at once, so that the server has all of that time to settle:
        what it did under more load than this is not to be measured.
        """
        floor, clock = self.floor, self.floor.clock
        stages = (Stage(up, load), Stage(hold, load))
        start = clock.now()
        async with asyncio.TaskGroup() as group:
            if up:
                floor.announce(f"{'ramp to' if load > self.load else 'settle at'} {load:,g}")
            running = group.create_task(self._segment(min(self.load, load), stages).run(floor))
            await self._wait(start + up)
            floor.announce(f"{name} {load:,g}")
            tap, began = floor.tap(), clock.now()
            await self._wait(start + up + hold)
            part, lasted = tap.take(), clock.now() - began
            tap.close()
            await running
        self.load = load
        return part, lasted

    def _segment(self, start: float, stages: tuple[Stage, ...]) -> RampingVus | RampingArrivalRate:
        settings = self.settings
        if settings.of == "vus":
            return RampingVus(stages, int(start), settings.graceful_stop, settings.graceful_stop)
        return RampingArrivalRate(stages, 0, settings.max_vus, start, settings.graceful_stop)

    async def _wait(self, until: float) -> None:
        clock = self.floor.clock
        while (left := until - clock.now()) > 0 and not self.floor.stopping():
            await clock.sleep(min(left, LONGEST_NAP))


def _level(load: float, part: Slice, lasted: float) -> Level:
    """What a hold measured; dropped iterations are calls that failed, and calls that we gave up say nothing."""
    p95 = part.response.percentile(95)
    gave_up = part.calls - part.finished
    return Level(
        load,
        part.finished + part.dropped,
        part.failed - gave_up + part.dropped,
        lasted,
        None if p95 is None else p95 * _SCALE_MS,
        part.finished / lasted if lasted > 0 else 0.0,
    )


def _by_category(errors: Mapping[str, int]) -> dict[Category, int]:
    """Counts by outcome label, such as `http_status(503)`, as counts by category."""
    categories = {failure.kind: failure.category for failure in get_args(Failure)}
    counts: dict[Category, int] = {}
    for label, count in errors.items():
        category = categories[label.partition("(")[0]]
        counts[category] = counts.get(category, 0) + count
    return counts
