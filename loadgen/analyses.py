"""The analyses that a plan can ask for: what a finished run says about the server, beyond its metrics."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .analysis.overhead import protocol_overhead
from .analysis.recovery import baseline, recovery_seconds
from .analysis.slope import Slope, fit_slope
from .finding import BREAKING_POINT, Finding, Goal, Status, told_of
from .result import Phase, Point, RunResult

MEGABYTE = 1_000_000
_PAGE = 4096
"""Bytes in which systems count the memory of a process."""
_DRIFT_LIMIT = 0.10


@dataclass(frozen=True, slots=True)
class BreakingPointGoal:
    """A breaking point above some load, in each of the `searches`; these are the names of scenarios.

    A plan of one scenario needs none: there is nothing to tell it from.
    """

    goal: Goal
    searches: tuple[str, ...] = ()

    def find(self, result: RunResult) -> Iterable[Finding]:
        """See `Analysis`."""
        values = {each.name: each.value for each in result.findings}
        for name in [told_of(BREAKING_POINT, search) for search in self.searches] or [BREAKING_POINT]:
            yield from _against(self.goal, name, values.get(name), "VUs", ">", lambda value, limit: value > limit)


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long the server stays slow after each spike: a phase `spike …` between calm ones."""

    def find(self, result: RunResult) -> Iterable[Finding]:
        """See `Analysis`."""
        timeline = [(point.at, _slowest(point)) for point in result.points]
        calm = next((phase for phase in result.phases if phase.name == "baseline"), None)
        usual = None if calm is None else baseline(timeline, calm.start, calm.end)
        if not any(phase.name.startswith("spike") for phase in result.phases):
            yield Finding("recovery", "no phase of this run was named spike, so there was nothing to recover from")
        for phase in result.phases:
            if not phase.name.startswith("spike"):
                continue
            until = _end_of_calm(phase, result)
            errors = sum(point.failed for point in result.points if phase.start < point.at <= phase.end)
            took = None if usual is None else recovery_seconds(timeline, phase.end, usual, until)
            if usual is None:
                how = "no recovery could be told: there was no phase named baseline in which calls succeeded"
            elif took is None:
                how = f"p95 was not back at the baseline of {usual:.2f} ms within {until - phase.end:.3g} s"
            else:
                how = f"p95 was back at the baseline of {usual:.2f} ms after {took:.3g} s"
            yield Finding(f"recovery after {phase.name}", f"{how}; {errors:,} errors during it", took, "s")


@dataclass(frozen=True, slots=True)
class MemoryGrowth:
    """How the server's memory grows per hour, while the load is held; without a goal it is only told."""

    goal: Goal | None = None

    def find(self, result: RunResult) -> Iterable[Finding]:
        """See `Analysis`."""
        slope = _growth(_held(result, lambda point: point.server_memory))
        if slope is None:
            sentence = "the server's memory is not known well enough: it wants a /metrics page or --pid, and some time"
            target = None if self.goal is None else f"< {self.goal.target:g} MB/h"
            yield Finding("memory growth", sentence, None, "MB/h", target, "info" if target is None else "no data")
            return
        if self.goal is None:
            yield Finding("memory growth", _interval(slope, MEGABYTE, "MB"), slope.per_hour / MEGABYTE, "MB/h")
            yield from _per_payment(result)
            return
        for limit, stretch in ((self.goal.target, False), (self.goal.stretch, True)):
            if limit is not None:
                within = slope.within(limit * MEGABYTE)
                status: Status = "no data" if within is None else "pass" if within else "fail"
                sentence = slope.sentence(limit * MEGABYTE, "MB", MEGABYTE)
                value = slope.per_hour / MEGABYTE
                yield Finding("memory growth", sentence, value, "MB/h", f"< {limit:g} MB/h", status, stretch)


@dataclass(frozen=True, slots=True)
class Drift:
    """Whether response times drift while the load is held."""

    def find(self, result: RunResult) -> Iterable[Finding]:
        """See `Analysis`."""
        points = _held(result, lambda point: point.p50)
        slope = fit_slope(points)
        if slope is None:
            yield Finding("response time drift", "the load was held too briefly to tell", None, "ms/h")
            return
        middle = sorted(value for _, value in points)[len(points) // 2]
        words = ("the median drifts", "the median does not drift")
        sentence = slope.sentence(_DRIFT_LIMIT * middle, "ms", words=words)
        yield Finding("response time drift", sentence, slope.per_hour, "ms/h")


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions opened, closed, and still alive on the server; connections made and broken."""

    def find(self, result: RunResult) -> Iterable[Finding]:
        """See `Analysis`."""
        sessions = result.measured.sessions
        if sessions is not None:
            closed = sessions.opened - sessions.unfinished - sessions.lost
            alive = result.server_sessions
            left = "how many the server still keeps is not known" if alive is None else f"the server keeps {alive:,.0f}"
            sentence = f"{sessions.opened:,} opened, {closed:,} closed, {sessions.lost:,} lost; {left}"
            yield Finding("sessions", sentence, alive, "sessions")
        made = result.measured.phases.connecting.count
        broken = sum(kind.count for kind in result.measured.errors if kind.category == "Connection")
        yield Finding(
            "connection stability", f"{made:,} connections were made, {broken:,} calls failed by one", broken, "calls"
        )


@dataclass(frozen=True, slots=True)
class Uptime:
    """The share of the time in which good replies came.

    A time without any reply, while virtual users waited for one, counts as what came after it: good replies that were
    slow, or failures. So a server that hangs until calls time out is down all that time.
    """

    goal: Goal | None = None

    def find(self, result: RunResult) -> Iterable[Finding]:
        """See `Analysis`."""
        up = total = silent = 0.0
        for point in result.points:
            if point.calls:
                total += silent + point.seconds
                up += silent + point.seconds if point.calls > point.failed else 0.0
                silent = 0.0
            elif point.vus:
                silent += point.seconds
        total += silent
        share = 100 * up / total if total else None
        if self.goal is None:
            told = "n/a" if share is None else f"{share:.4g} %"
            yield Finding("uptime", f"good replies came in {told} of the time", share, "%")
        else:
            yield from _against(self.goal, "uptime", share, "%", ">=", lambda value, limit: value >= limit)


@dataclass(frozen=True, slots=True)
class Overhead:
    """What a tool call costs beyond the cheapest round trip, and what a session costs."""

    def find(self, result: RunResult) -> Iterable[Finding]:
        """See `Analysis`."""
        cheapest = result.round_trip
        found = None if cheapest is None else protocol_overhead(result.measured.service, cheapest[1], cheapest[0])
        if found is None:
            yield Finding("protocol overhead", "no round trip could be measured", None, "ms")
        else:
            yield Finding("protocol overhead", found.sentence, found.median_ms, "ms")
        sessions = result.measured.sessions
        if sessions is not None and sessions.creation.median is not None:
            sentence = f"a session takes {sessions.creation.median:.2f} ms at the median ({sessions.opened:,} opened)"
            yield Finding("session creation", sentence, sessions.creation.median, "ms")


def _against(
    goal: Goal, name: str, value: float | None, unit: str, sign: str, met: Callable[[float, float], bool]
) -> Iterable[Finding]:
    """The finding against its target, and against its stretch goal."""
    for limit, stretch in ((goal.target, False), (goal.stretch, True)):
        if limit is not None:
            status: Status = "no data" if value is None else "pass" if met(value, limit) else "fail"
            told = "not known" if value is None else f"{value:,.6g} {unit}"
            yield Finding(name, told, value, unit, f"{sign} {limit:g} {unit}", status, stretch)


def _held(result: RunResult, value: Callable[[Point], float | None]) -> list[tuple[float, float]]:
    """The values while the load was held: in the longest phase, or in the whole run when it has none."""
    phase = max(result.phases, key=lambda each: each.end - each.start, default=None)
    start, end = (0.0, float("inf")) if phase is None else (phase.start, phase.end)
    known = [(point.at, value(point)) for point in result.points if start < point.at <= end]
    return [(at, seen) for at, seen in known if seen is not None]


def _slowest(point: Point) -> float | None:
    """Its p95, which of fewer than 20 calls is the slowest; None when calls failed: quick errors are no recovery."""
    if point.failed:
        return None
    return point.maximum if point.p95 is None else point.p95


def _growth(memory: list[tuple[float, float]]) -> Slope | None:
    """The slope of a process's memory. Growth of less than a page in all the time cannot be seen, but may be."""
    slope = fit_slope(memory)
    if slope is None:
        return None
    unseen = _PAGE / (memory[-1][0] - memory[0][0])
    return replace(slope, low=slope.low - unseen, high=slope.high + unseen)


def _end_of_calm(spike: Phase, result: RunResult) -> float:
    """When the calm after `spike` ends: at the next spike, or with the run."""
    return min(
        (each.start for each in result.phases if each.name.startswith("spike") and each.start > spike.start),
        default=result.points[-1].at if result.points else spike.end,
    )


def _interval(slope: Slope, per_unit: float, unit: str) -> str:
    low, high = slope.low * 3600 / per_unit, slope.high * 3600 / per_unit
    return (
        f"{slope.per_hour / per_unit:,.4g} {unit}/h, {slope.confidence:.0%} interval {low:,.4g} to {high:,.4g} {unit}/h"
    )


def _per_payment(result: RunResult) -> Iterable[Finding]:
    """Bytes for each payment that the server keeps, from first to last look."""
    seen = [point.server_memory for point in result.points if point.server_memory is not None]
    created = next((tool.ok for tool in result.measured.tools if tool.tool == "create_payment"), 0)
    if len(seen) > 1 and created:
        each = (seen[-1] - seen[0]) / created
        sentence = f"{each:,.0f} bytes for each of {created:,} payments made"
        yield Finding("memory per payment", sentence, each, "B")
