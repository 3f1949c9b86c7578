"""Folds samples into sums and distributions as they come; memory does not grow with their number.

The hot path finds the cell of a call's tool and outcome and appends its times to flat arrays. Now and then one array
at a time is folded. Whatever is asked of a whole run, a tool or an outcome is a merge of cells, made when it is asked.
"""

from .cells import OK, Cell, errors, merged, outcomes, tools
from .histogram import Histogram
from .metrics import Gauge, Trend
from .outcome import CheckFailed, Failure, Ok, SchemaViolation, SessionLost
from .phases import Phases
from .result import Measurements, SessionsResult
from .sample import Sample, SessionSample

_MOST_KINDS = 100
_FOLD_EVERY = 1024


class Accounting:
    """The `Accounts` of one run. A cancelled call is counted, but has no duration: its reply never came.

    In a `closed` model every call is due when it is sent, so that response and service times are the same.
    """

    def __init__(self, *, closed: bool = False) -> None:
        self._closed = closed
        self.dropped = 0
        self.lag = Trend()
        self.vus, self.vus_max = Gauge(), Gauge()
        self.phases = Phases()
        self.openings: dict[str, Cell] = {}
        self._labels: set[str] = set()
        self._ok: dict[str, Cell] = {}
        self._failed: dict[tuple[str, str, bool], Cell] = {}
        self._recent: Histogram | None = None

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, as they stand now."""
        return (*self._ok.values(), *self._failed.values())

    @property
    def calls(self) -> int:
        """Calls so far."""
        return sum(cell.calls for cell in self.cells)

    @property
    def ok(self) -> int:
        """Calls so far whose outcome was ok."""
        return sum(cell.calls for cell in self._ok.values())

    @property
    def failed(self) -> int:
        """Calls so far with any outcome but ok."""
        return sum(cell.calls for cell in self._failed.values())

    def add(self, sample: Sample) -> None:
        """See `Accounts`."""
        end, sent = sample.end, sample.sent
        if type(sample.outcome) is Ok:
            cell = self._ok.get(sample.tool) or self._new_ok(sample.tool)
        else:
            cell = self._cell_of_failure(sample)
        cell.calls = calls = cell.calls + 1
        cell.response.push(end - sample.due)
        if sent is not None and not self._closed:
            cell.service.push(end - sent)
        if not calls % _FOLD_EVERY:
            self._fold(cell)
        timings = sample.timings
        if timings is not None:
            self.phases.add(timings)

    def add_session(self, sample: SessionSample) -> None:
        """See `Accounts`."""
        label = OK if sample.failure is None else self._bounded(sample.failure)
        cell = self.openings.get(label)
        if cell is None:
            cell = self.openings[label] = Cell("", label, sample.failure, was_sent=True)
        cell.calls += 1
        cell.service.add(sample.end - sample.due)

    def add_dropped(self, n: int = 1) -> None:
        """Count `n` iterations that were due while no virtual user was free."""
        self.dropped += n

    def add_lag(self, seconds: float) -> None:
        """Take in how long after its due moment an iteration of an open model really began."""
        self.lag.add(seconds)

    def set_vus(self, busy: int, allocated: int) -> None:
        """Take in how many virtual users there are now: making calls, and in all."""
        self.vus.set(busy)
        self.vus_max.set(allocated)

    def take_recent(self) -> Histogram:
        """The response times since this was called last; the first time there are none."""
        for cell in self.cells:
            cell.response.fold(self._recent if cell.ended else None)
        recent, self._recent = self._recent, Histogram()
        return recent or Histogram()

    def measurements(self, unfinished_sessions: int) -> Measurements:
        """What it all adds up to."""
        cells, ended = self.cells, [cell for cell in self.cells if cell.ended]
        ok = list(self._ok.values())
        return Measurements(
            calls=self.calls,
            ok=self.ok,
            finished=sum(cell.calls for cell in ended),
            checks_passed=self.ok,
            checks_failed=sum(c.calls for c in cells if isinstance(c.failure, (CheckFailed, SchemaViolation))),
            response=merged(cell.response for cell in ended).summary(),
            response_ok=merged(cell.response for cell in ok).summary(),
            service=merged(cell.service for cell in ended).summary(),
            service_ok=merged(cell.service for cell in ok).summary(),
            tools=tools(cells),
            errors=errors(cells),
            sessions=self._sessions(unfinished_sessions),
            dropped=self.dropped,
            schedule_lag=self.lag.summary(),
            phases=self.phases.summary(),
            outcomes=outcomes(cells),
            vus=self.vus.summary(),
            vus_max=self.vus_max.summary(),
        )

    def _fold(self, cell: Cell) -> None:
        """Fold one of the two arrays: at no time is much folded at once."""
        if self._closed or cell.calls // _FOLD_EVERY % 2:
            cell.response.fold(self._recent if cell.ended else None)
        else:
            cell.service.fold()

    def _new_ok(self, tool: str) -> Cell:
        cell = self._ok[tool] = self._cell(tool, OK, None, was_sent=True)
        return cell

    def _cell_of_failure(self, sample: Sample) -> Cell:
        outcome, was_sent = sample.outcome, sample.sent is not None
        if isinstance(outcome, Ok):
            raise TypeError("an Ok call did not fail")
        label = self._bounded(outcome)
        cell = self._failed.get((sample.tool, label, was_sent))
        if cell is None:
            cell = self._failed[sample.tool, label, was_sent] = self._cell(sample.tool, label, outcome, was_sent)
        return cell

    def _cell(self, tool: str, label: str, failure: Failure | None, was_sent: bool) -> Cell:
        response = Trend()
        return Cell(tool, label, failure, was_sent, 0, response, response if self._closed and was_sent else Trend())

    def _bounded(self, failure: Failure) -> str:
        """Its label, as long as there are not too many: a server can invent codes without end."""
        label = failure.label
        if label not in self._labels:
            if len(self._labels) >= _MOST_KINDS:
                return f"{failure.kind}(other)"
            self._labels.add(label)
        return label

    def _sessions(self, unfinished: int) -> SessionsResult:
        opened = self.openings.get(OK, Cell("", OK, None, was_sent=True))
        failed = sum(cell.calls for label, cell in self.openings.items() if label != OK)
        lost = sum(cell.calls for cell in self._failed.values() if isinstance(cell.failure, SessionLost))
        return SessionsResult(opened.calls, failed, lost, unfinished, opened.service.summary())
