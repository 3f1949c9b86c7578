"""Folds samples into sums and distributions as they come; memory does not grow with their number."""

from dataclasses import dataclass, field

from .metrics import Rate, Trend
from .outcome import Cancelled, Category, CheckFailed, Failure, Ok, SchemaViolation, SessionLost
from .result import ErrorKind, Measurements, SessionsResult, ToolResult
from .sample import Sample, SessionSample

_MOST_KINDS = 100
_ORDER = list(Category)


@dataclass(slots=True)
class _Tool:
    calls: int = 0
    ok: int = 0
    response: Trend = field(default_factory=Trend)


class Accounting:
    """The `Accounts` of one run. A cancelled call is counted, but has no duration: its reply never came."""

    def __init__(self) -> None:
        self.calls = 0
        self.ok = 0
        self._cancelled = 0
        self._checks = Rate()
        self._response, self._response_ok = Trend(), Trend()
        self._service, self._service_ok = Trend(), Trend()
        self._tools: dict[str, _Tool] = {}
        self._kinds: dict[str, tuple[int, Failure]] = {}
        self._opened = self._failed_to_open = self._lost = 0
        self._creation = Trend()
        self._dropped = 0
        self._lag = Trend()

    @property
    def failed(self) -> int:
        """Calls so far with any outcome but ok."""
        return self.calls - self.ok

    def add(self, sample: Sample) -> None:
        """See `Accounts`."""
        outcome = sample.outcome
        tool = self._tools.get(sample.tool)
        if tool is None:
            tool = self._tools[sample.tool] = _Tool()
        ok = isinstance(outcome, Ok)
        self.calls += 1
        self.ok += ok
        tool.calls += 1
        tool.ok += ok
        if not isinstance(outcome, Ok):
            self._add_failure(outcome)
        if isinstance(outcome, (Ok, CheckFailed, SchemaViolation)):
            self._checks.add(ok)
        if not isinstance(outcome, Cancelled):
            self._add_times(sample, tool, ok)

    def add_session(self, sample: SessionSample) -> None:
        """See `Accounts`."""
        if sample.failure is None:
            self._opened += 1
            self._creation.add(sample.end - sample.due)
        else:
            self._failed_to_open += 1

    def add_dropped(self, n: int = 1) -> None:
        """Count `n` iterations that were due while no virtual user was free."""
        self._dropped += n

    def add_lag(self, seconds: float) -> None:
        """Take in how long after its due moment an iteration of an open model really began."""
        self._lag.add(seconds)

    def measurements(self, unfinished_sessions: int) -> Measurements:
        """What it all adds up to."""
        return Measurements(
            calls=self.calls,
            ok=self.ok,
            finished=self.calls - self._cancelled,
            checks_passed=self._checks.true,
            checks_failed=self._checks.total - self._checks.true,
            response=self._response.summary(),
            response_ok=self._response_ok.summary(),
            service=self._service.summary(),
            service_ok=self._service_ok.summary(),
            tools=tuple(ToolResult(n, t.calls, t.ok, t.response.summary()) for n, t in sorted(self._tools.items())),
            errors=self._errors(),
            sessions=SessionsResult(
                self._opened, self._failed_to_open, self._lost, unfinished_sessions, self._creation.summary()
            ),
            dropped=self._dropped,
            schedule_lag=self._lag.summary(),
        )

    def _add_times(self, sample: Sample, tool: _Tool, ok: bool) -> None:
        response = sample.end - sample.due
        self._response.add(response)
        tool.response.add(response)
        if ok:
            self._response_ok.add(response)
        if sample.sent is not None:
            self._service.add(sample.end - sample.sent)
            if ok:
                self._service_ok.add(sample.end - sample.sent)

    def _add_failure(self, failure: Failure) -> None:
        self._lost += isinstance(failure, SessionLost)
        self._cancelled += isinstance(failure, Cancelled)
        label = failure.label
        if label not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            label = f"{failure.kind}(other)"  # a server can invent codes without end
        count, example = self._kinds.get(label, (0, failure))
        self._kinds[label] = (count + 1, example)

    def _errors(self) -> tuple[ErrorKind, ...]:
        kinds = [ErrorKind(f.category, label, count, f.detail) for label, (count, f) in self._kinds.items()]
        return tuple(sorted(kinds, key=lambda kind: (_ORDER.index(Category(kind.category)), -kind.count, kind.label)))
