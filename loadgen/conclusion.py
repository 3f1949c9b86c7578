"""What a run comes to: its result, from its accounts, be they of a run just now or of one that was written down."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .accounting import measure
from .cells import merged
from .client.modern import MODERN
from .environment import environment
from .finding import Finding
from .health import GeneratorHealth
from .metrics import NEVER_SET, GaugeSummary, TrendSummary
from .readings import KnownReading, Read, RunReadings
from .result import Measurements, Phase, Point, RunResult, ScenarioResult
from .targets import Target, TargetVerdict, judge_target
from .thresholds import Readings, Threshold, Verdict, judge
from .timeline import Moment

_BOUNDS = tuple(1e-5 * 10 ** (step / 12) for step in range(12 * 8))
"""Upper bounds of the distribution's bins in seconds, twelve to a decade."""


@dataclass(frozen=True, slots=True)
class AskedScenario:
    """One scenario as it was asked for."""

    name: str
    mix: str
    load: str
    tags: Mapping[str, str]
    open_model: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A run as it was asked for, of a server that was found; see `RunResult`.

    `thresholds` are those that are judged, `targets` those for information, `notes` what the look at the server gave.
    `max_vus` is how many virtual users there could be.
    """

    workload: str
    mix: str
    url: str
    server: str
    protocol: str
    seed: int
    run_id: str
    load: str
    timeout: float
    command: tuple[str, ...]
    started_at: str
    min_success: float | None
    scenarios: tuple[AskedScenario, ...]
    thresholds: tuple[Threshold, ...]
    targets: tuple[Target, ...]
    notes: tuple[str, ...]
    max_vus: int
    description: str = ""
    scale: float = 1.0
    round_trip: tuple[str, TrendSummary] | None = None
    environment: Mapping[str, Any] = field(default_factory=environment)

    @property
    def open_model(self) -> bool:
        """Whether any of the calls had a moment at which they were due."""
        return any(scenario.open_model for scenario in self.scenarios)


class Part(Read, Protocol):
    """A scenario of a run, with its accounts."""

    @property
    def started(self) -> bool:
        """Whether its clock ever ran."""
        ...

    @property
    def due(self) -> int:
        """Iterations that count and were due."""
        ...

    @property
    def unfinished_sessions(self) -> int:
        """Sessions that could not be ended."""
        ...

    def result(self, began: float) -> ScenarioResult:
        """What it measured; the run began at `began`."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """A run as it stands at the end of an interval, `at` seconds after it began; None: after its last one.

    `windows` has what is known of criteria with a window, by their place among all, `aborted` the criterion that ends
    the run. The interval is the `last` one.
    """

    at: float | None
    moment: Moment
    parts: Sequence[Part]
    windows: Sequence[tuple[int, float | None]] = ()
    aborted: str | None = None
    last: bool = False


class Generator(Protocol):
    """Says how the generator was."""

    def __call__(self, schedule_lag: TrendSummary, *, open_model: bool) -> GeneratorHealth | None:
        """Its health, None when nobody knows; see `judge_generator`."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a run at its end besides its accounts; see `RunResult`.

    `windows` has what was measured in the windows of criteria that have one; `vus` and `vus_max` are of all scenarios
    together.
    """

    generator: Generator
    interrupted: bool = False
    phases: tuple[Phase, ...] = ()
    points: tuple[Point, ...] = ()
    windows: Mapping[Threshold, float | None] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    aborted: str | None = None
    server_sessions: float | None = None
    vus: GaugeSummary = NEVER_SET
    vus_max: GaugeSummary = NEVER_SET


def measured_seconds(parts: Iterable[Part]) -> float:
    """From the first moment that counts to the last one, so far; 0 before there is any."""
    spans = [(part.measured_from, part.measured_until) for part in parts if part.started]
    counted = [span for span in spans if span[0] < span[1]]
    return max(end for _, end in counted) - min(start for start, _ in counted) if counted else 0.0


def conclude(asked: Asked, parts: Sequence[Part], began: float, seen: Seen) -> RunResult:
    """The result of the run that began at `began`, by the clock of `parts`, one of which has started at least."""
    seconds = measured_seconds(parts)
    several = {"vus": seen.vus, "vus_max": seen.vus_max} if len(asked.scenarios) > 1 else {}
    measured = measure(
        [part.accounting for part in parts],
        sum(part.due for part in parts),
        unfinished_sessions=sum(part.unfinished_sessions for part in parts),
        **several,
    )
    generator = seen.generator(measured.schedule_lag, open_model=asked.open_model)
    limited = generator is not None and generator.limited

    def verdict(threshold: Threshold) -> Verdict:
        whole: Readings = RunReadings(parts, seconds)
        readings = whole if threshold.window is None else KnownReading(seen.windows.get(threshold))
        return judge(threshold, readings, generator_limited=limited)

    return RunResult(
        workload=asked.workload,
        mix=asked.mix,
        url=asked.url,
        server=asked.server,
        protocol=asked.protocol,
        seed=asked.seed,
        run_id=asked.run_id,
        load=asked.load,
        timeout=asked.timeout,
        command=asked.command,
        started_at=asked.started_at,
        seconds=seconds,
        interrupted=seen.interrupted,
        min_success=asked.min_success,
        measured=measured,
        targets=_verdicts(asked.targets, measured, seconds),
        notes=(*asked.notes, *_about(asked, parts, measured)),
        generator=generator,
        open_model=asked.open_model,
        description=asked.description,
        scale=asked.scale,
        scenarios=tuple(part.result(began) for part in parts if part.started),
        phases=seen.phases,
        points=seen.points,
        distribution=_distribution(parts),
        verdicts=tuple(verdict(threshold) for threshold in asked.thresholds),
        findings=seen.findings,
        aborted=seen.aborted,
        server_sessions=seen.server_sessions,
        round_trip=asked.round_trip,
        environment=asked.environment,
    )


def _about(asked: Asked, parts: Iterable[Part], measured: Measurements) -> Iterable[str]:
    yield from _about_dropped(asked, parts, measured.due)
    if measured.reissued:
        yield f"{measured.reissued:,} requests were sent once more, because their reply was lost (--retry-lost)."
    if asked.protocol == MODERN:
        yield f"MCP {MODERN} has no sessions, so there are no session metrics and no checks of initialize."


def _about_dropped(asked: Asked, parts: Iterable[Part], due: int) -> Iterable[str]:
    """An open model drops what finds no free user; a closed one, what is not begun in time."""
    open_model = {scenario.name for scenario in asked.scenarios if scenario.open_model}
    dropped = Counter[bool]()
    for part in parts:
        dropped[part.tags["scenario"] in open_model] += part.accounting.dropped
    if dropped[True]:
        yield (
            f"{dropped[True]:,} of {due:,} iterations were dropped: they were due, but none of "
            f"{asked.max_vus:,} virtual users was free."
        )
    if dropped[False]:
        yield f"{dropped[False]:,} of {due:,} iterations were dropped: they were not begun within max_duration."


def _distribution(parts: Iterable[Part]) -> tuple[tuple[float, int], ...]:
    """Response times by upper bounds in milliseconds, from the first bin with values to the last one."""
    trend = merged(cell.response for part in parts for cell in part.accounting.cells if cell.ended)
    counts = list(trend.histogram.cumulated(_BOUNDS))
    bins = [(bound * 1000, count - before) for bound, count, before in zip(_BOUNDS, counts, [0, *counts], strict=False)]
    filled = [index for index, (_, count) in enumerate(bins) if count]
    return tuple(bins[filled[0] : filled[-1] + 1]) if filled else ()


def _verdicts(targets: Iterable[Target], measured: Measurements, seconds: float) -> tuple[TargetVerdict, ...]:
    found = {tool.tool: tool for tool in measured.tools}
    verdicts = []
    for target in targets:
        tool = found.get(target.tool)
        calls, ok, p95 = (tool.calls, tool.ok, tool.response.p95) if tool else (0, 0, None)
        verdicts += judge_target(target, calls, calls - ok, p95, seconds)
    return tuple(verdicts)
