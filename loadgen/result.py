"""What a run knows at its end; every report is a function of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .finding import Finding
from .health import GeneratorHealth
from .metrics import NEVER_SET, NO_VALUES, GaugeSummary, TrendSummary
from .targets import TargetVerdict
from .thresholds import Verdict, passed


@dataclass(frozen=True, slots=True)
class ToolResult:
    """One tool's calls: response times are from due, service times from sent; `outcomes` counts by label."""

    tool: str
    calls: int
    ok: int
    response: TrendSummary
    service: TrendSummary = NO_VALUES
    outcomes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeResult:
    """The calls with one outcome, `ok` or the label of a failure; cancelled ones have no times."""

    label: str
    calls: int
    response: TrendSummary
    service: TrendSummary


@dataclass(frozen=True, slots=True)
class PhasesResult:
    """Where the exchanges spent their time, and the bytes they moved.

    `blocked`, `connecting` and `tls_handshaking` hold only those that had to make a connection.
    """

    blocked: TrendSummary = NO_VALUES
    connecting: TrendSummary = NO_VALUES
    tls_handshaking: TrendSummary = NO_VALUES
    sending: TrendSummary = NO_VALUES
    waiting: TrendSummary = NO_VALUES
    receiving: TrendSummary = NO_VALUES
    sent_bytes: int = 0
    received_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of failed call; `category` is its heading, `label` its name, `example` the first one's detail."""

    category: str
    label: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class SessionsResult:
    """MCP sessions of the virtual users; `unfinished` could not be ended at the end."""

    opened: int
    failed: int
    lost: int
    unfinished: int
    creation: TrendSummary


@dataclass(frozen=True, slots=True)
class Check:
    """Something that should hold for each of many replies, and how often it did."""

    name: str
    passes: int
    fails: int


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything that the samples of a run, or of one of its scenarios, add up to.

    `calls` were begun; `finished` of them came to an end and `unfinished` were cancelled. `dropped` iterations were
    never begun: no virtual user was free, or their time was over; `due` is what the executors asked for. `schedule_lag`
    is how long after their due moment iterations of an open model really began. `sessions` is None where the protocol
    has none. `reissued` requests were sent once more because their reply was lost.
    """

    calls: int
    ok: int
    finished: int
    due: int
    checks: tuple[Check, ...]
    response: TrendSummary
    response_ok: TrendSummary
    service: TrendSummary
    service_ok: TrendSummary
    tools: tuple[ToolResult, ...]
    errors: tuple[ErrorKind, ...]
    sessions: SessionsResult | None
    dropped: int = 0
    reissued: int = 0
    schedule_lag: TrendSummary = NO_VALUES
    phases: PhasesResult = PhasesResult()
    outcomes: tuple[OutcomeResult, ...] = ()
    vus: GaugeSummary = NEVER_SET
    vus_max: GaugeSummary = NEVER_SET

    @property
    def unfinished(self) -> int:
        """Calls that were begun and cancelled."""
        return self.calls - self.finished

    @property
    def failed(self) -> int:
        """Calls that came to an end, and not a good one."""
        return self.finished - self.ok


@dataclass(frozen=True, slots=True)
class Phase:
    """A named part of a scenario, in seconds from the start of the run."""

    name: str
    scenario: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Point:
    """One interval of a run: it ended `at` seconds after the run began and took `seconds`.

    Percentiles are of response times in milliseconds; `errors` counts by outcome label. `target_rate` is None in a
    closed model, `server_memory` (bytes) and `server_sessions` where they are not known.
    """

    at: float
    seconds: float
    calls: int
    errors: dict[str, int]
    dropped: int
    p50: float | None
    p95: float | None
    p99: float | None
    maximum: float | None
    vus: int = 0
    target_rate: float | None = None
    server_memory: float | None = None
    server_sessions: float | None = None

    @property
    def failed(self) -> int:
        """Calls with any outcome but ok."""
        return sum(self.errors.values())


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """One scenario of a run; it began `start` seconds after the run and took `seconds`."""

    name: str
    mix: str
    load: str
    start: float
    seconds: float
    measured: Measurements


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run: what was asked for, what was measured, and the gates.

    `started_at` is ISO 8601 in UTC, `seconds` the time from the first call's start to the last one's end, `command`
    the words of a command line that repeats the run, `min_success` a gate in per cent. `aborted` says which criterion
    ended the run early. `distribution` counts response times by upper bounds in milliseconds. `server_sessions` are
    those that the server kept at the end, `round_trip` the cheapest request and how long it took, `environment` the
    machine that made the run, None: this one.
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
    seconds: float
    interrupted: bool
    min_success: float | None
    measured: Measurements
    targets: tuple[TargetVerdict, ...]
    notes: tuple[str, ...]
    generator: GeneratorHealth | None = None
    open_model: bool = False
    description: str = ""
    scale: float = 1.0
    scenarios: tuple[ScenarioResult, ...] = ()
    phases: tuple[Phase, ...] = ()
    points: tuple[Point, ...] = ()
    distribution: tuple[tuple[float, int], ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()
    aborted: str | None = None
    server_sessions: float | None = None
    round_trip: tuple[str, TrendSummary] | None = None
    environment: Mapping[str, Any] | None = None

    @property
    def success_rate(self) -> float:
        """Successful calls in per cent of all."""
        return 100 * self.measured.ok / self.measured.calls

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.measured.calls / self.seconds if self.seconds > 0 else 0.0

    @property
    def succeeded_enough(self) -> bool:
        """Whether at least `min_success` per cent of the calls succeeded, if that is asked for."""
        return self.min_success is None or self.success_rate >= self.min_success

    @property
    def passed(self) -> bool:
        """Whether all gates are passed: successful calls, criteria, and the targets of findings."""
        return (
            not self.interrupted
            and self.succeeded_enough
            and passed(self.verdicts)
            and self.aborted is None
            and not any(finding.fails for finding in self.findings)
        )
