"""What a run knows at its end; every report is a function of it."""

from dataclasses import dataclass

from .health import GeneratorHealth
from .metrics import NEVER_SET, NO_VALUES, GaugeSummary, TrendSummary
from .targets import TargetVerdict


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
class Measurements:
    """Everything that the samples of a run add up to.

    `calls` were begun; `finished` of them came to an end and `unfinished` were cancelled. `dropped` iterations were due
    in an open model, but no virtual user was free to begin them. `schedule_lag` is how long after their due moment
    iterations of an open model really began.
    """

    calls: int
    ok: int
    finished: int
    checks_passed: int
    checks_failed: int
    response: TrendSummary
    response_ok: TrendSummary
    service: TrendSummary
    service_ok: TrendSummary
    tools: tuple[ToolResult, ...]
    errors: tuple[ErrorKind, ...]
    sessions: SessionsResult
    dropped: int = 0
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
    def due(self) -> int:
        """Every call that should have been made: ok, failed (but not cancelled), unfinished, dropped."""
        return self.calls + self.dropped


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run: what was asked for, what was measured, and the gate.

    `started_at` is ISO 8601 in UTC, `seconds` the time from the first call's start to the last one's end, `command`
    the words of a command line that repeats the run, `min_success` the gate in per cent.
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
    min_success: float
    measured: Measurements
    targets: tuple[TargetVerdict, ...]
    notes: tuple[str, ...]
    generator: GeneratorHealth | None = None
    open_model: bool = False

    @property
    def failed(self) -> int:
        """Calls with any outcome but ok."""
        return self.measured.calls - self.measured.ok

    @property
    def success_rate(self) -> float:
        """Successful calls in per cent of all."""
        return 100 * self.measured.ok / self.measured.calls

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.measured.calls / self.seconds if self.seconds > 0 else 0.0

    @property
    def passed(self) -> bool:
        """Whether the gate is passed: at least `min_success` per cent of the calls succeeded."""
        return self.success_rate >= self.min_success
