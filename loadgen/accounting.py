"""Folds samples into sums and distributions as they come; memory does not grow with their number.

The hot path finds the cell of a call's tool and outcome and appends its times to flat arrays. Now and then one array
at a time is folded. Whatever is asked of a whole run, a tool or an outcome is a merge of cells, made when it is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .cells import OK, Cell, call_checks, errors, merged, opening_checks, outcomes, tools
from .histogram import Histogram
from .metrics import Gauge, GaugeSummary, Trend
from .outcome import Cancelled, Failure, Ok, SessionLost
from .phases import Phases
from .result import Check, Measurements, SessionsResult
from .sample import Sample, SessionSample

_MOST_KINDS = 100
_FOLD_EVERY = 1024


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of a run: times of the calls that came to an end, calls by outcome label, dropped iterations.

    `response` has those of all, from due, `service` those of calls that were sent, from sent.
    """

    response: Histogram = field(default_factory=Histogram)
    service: Histogram = field(default_factory=Histogram)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    dropped: int = 0

    @property
    def calls(self) -> int:
        """Calls that are over."""
        return sum(self.outcomes.values())

    @property
    def finished(self) -> int:
        """Calls that came to an end."""
        return self.calls - self.outcomes.get(Cancelled.kind, 0)

    @property
    def errors(self) -> dict[str, int]:
        """Calls by outcome, without the good ones."""
        return {label: count for label, count in self.outcomes.items() if label != OK}

    @property
    def failed(self) -> int:
        """Calls with any outcome but ok."""
        return self.calls - self.outcomes.get(OK, 0)


def joined(slices: Iterable[Slice]) -> Slice:
    """One slice of them all."""
    response, service, outcomes, dropped = Histogram(), Histogram(), dict[str, int](), 0
    for each in slices:
        response.merge(each.response)
        service.merge(each.service)
        for label, count in each.outcomes.items():
            outcomes[label] = outcomes.get(label, 0) + count
        dropped += each.dropped
    return Slice(response, service, outcomes, dropped)


class Tap:
    """Where somebody looks at a run while it goes on, from the moment it is made.

    `responses` and `services` are the histograms that all such times of the accounting go into.
    """

    def __init__(self, accounting: "Accounting", responses: list[Histogram], services: list[Histogram]) -> None:
        self._accounting = accounting
        self._totals = accounting.fold()
        self._dropped = accounting.dropped
        self._responses, self._services = responses, services
        self._listen()

    def take(self) -> Slice:
        """What came since the tap was made, or since the last look."""
        totals, dropped = self._accounting.fold(), self._accounting.dropped
        since = {label: count - self._totals.get(label, 0) for label, count in totals.items()}
        outcomes = {label: n for label, n in since.items() if n}
        part = Slice(self._response, self._service, outcomes, dropped - self._dropped)
        self.close()
        self._totals, self._dropped = totals, dropped
        self._listen()
        return part

    def close(self) -> None:
        """Look no more."""
        self._responses.remove(self._response)
        self._services.remove(self._service)

    def _listen(self) -> None:
        self._response, self._service = Histogram(), Histogram()
        self._responses.append(self._response)
        self._services.append(self._service)


class Accounting:
    """The `Accounts` of one run. A cancelled call is counted, but has no duration: its reply never came.

    Without `has_sessions` the protocol has none: openings are still kept by outcome, but they are no sessions, and not
    checked.
    """

    def __init__(self, *, has_sessions: bool = True) -> None:
        self.has_sessions = has_sessions
        self.dropped = 0
        self.reissued = 0
        """Requests sent once more because their reply was lost."""
        self.named_sessions = 0
        """Sessions that the server gave an id."""
        self.lag = Trend()
        self.vus, self.vus_max = Gauge(), Gauge()
        self.phases = Phases()
        self.openings: dict[str, Cell] = {}
        self._labels: set[str] = set()
        self._ok: dict[str, Cell] = {}
        self._failed: dict[tuple[str, str, bool], Cell] = {}
        self._responses: list[Histogram] = []  # by tap
        self._services: list[Histogram] = []

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
        if sent is not None:
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
        self.named_sessions += sample.named
        if sample.timings is not None:
            self.phases.add_connection(sample.timings)

    def opening_checks(self) -> tuple[Check, ...]:
        """What should hold for every `initialize`; nothing without one."""
        asked = self.has_sessions and self.openings
        return opening_checks(self.openings.values(), self.named_sessions or None) if asked else ()

    def add_reissued(self, n: int) -> None:
        """See `Accounts`."""
        self.reissued += n

    def add_dropped(self, n: int = 1) -> None:
        """See `Arrivals`."""
        self.dropped += n

    def add_lag(self, seconds: float) -> None:
        """Take in how long after its due moment an iteration of an open model really began."""
        self.lag.add(seconds)

    def set_vus(self, busy: int, allocated: int) -> None:
        """Take in how many virtual users there are now: making calls, and in all."""
        self.vus.set(busy)
        self.vus_max.set(allocated)

    def tap(self) -> Tap:
        """A look at what comes from now on."""
        return Tap(self, self._responses, self._services)

    def fold(self) -> dict[str, int]:
        """Fold all times, so that every tap has them; how many calls there are by outcome label."""
        totals: dict[str, int] = {}
        for cell in self.cells:
            cell.response.fold()
            cell.service.fold()
            totals[cell.label] = totals.get(cell.label, 0) + cell.calls
        return totals

    def _fold(self, cell: Cell) -> None:
        """Fold one of the two arrays: at no time is much folded at once."""
        if cell.calls // _FOLD_EVERY % 2:
            cell.response.fold()
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
        heard = not isinstance(failure, Cancelled)  # how long a cancelled call took says nothing
        response, service = Trend(self._responses if heard else ()), Trend(self._services if heard else ())
        return Cell(tool, label, failure, was_sent, 0, response, service)

    def _bounded(self, failure: Failure) -> str:
        """Its label, as long as there are not too many: a server can invent codes without end."""
        label = failure.label
        if label not in self._labels:
            if len(self._labels) >= _MOST_KINDS:
                return f"{failure.kind}(other)"
            self._labels.add(label)
        return label


def measure(
    accountings: Sequence[Accounting],
    due: int,
    *,
    unfinished_sessions: int = 0,
    vus: GaugeSummary | None = None,
    vus_max: GaugeSummary | None = None,
) -> Measurements:
    """What the accounts of some scenarios add up to; `due` iterations were asked for.

    `vus` and `vus_max` are for several scenarios, which cannot know them together; of one they are its own.
    """
    cells = [cell for accounting in accountings for cell in accounting.cells]
    has_sessions = any(accounting.has_sessions for accounting in accountings)
    ended = [cell for cell in cells if cell.ended]
    ok = [cell for cell in cells if cell.failure is None]
    openings = [cell for accounting in accountings for cell in accounting.openings.values()] if has_sessions else []
    named = sum(accounting.named_sessions for accounting in accountings)
    return Measurements(
        calls=sum(cell.calls for cell in cells),
        ok=sum(cell.calls for cell in ok),
        finished=sum(cell.calls for cell in ended),
        due=due,
        checks=(*(opening_checks(openings, named or None) if openings else ()), *call_checks(cells)),
        response=merged(cell.response for cell in ended).summary(),
        response_ok=merged(cell.response for cell in ok).summary(),
        service=merged(cell.service for cell in ended).summary(),
        service_ok=merged(cell.service for cell in ok).summary(),
        tools=tools(cells),
        errors=errors(cells),
        sessions=_sessions(openings, cells, unfinished_sessions) if has_sessions else None,
        dropped=sum(accounting.dropped for accounting in accountings),
        reissued=sum(accounting.reissued for accounting in accountings),
        schedule_lag=merged(accounting.lag for accounting in accountings).summary(),
        phases=_phases([accounting.phases for accounting in accountings]).summary(),
        outcomes=outcomes(cells),
        vus=vus or accountings[0].vus.summary(),
        vus_max=vus_max or accountings[0].vus_max.summary(),
    )


def _phases(all_phases: Sequence[Phases]) -> Phases:
    """The phases of several scenarios as those of one."""
    return Phases(
        blocked=merged(phases.blocked for phases in all_phases),
        connecting=merged(phases.connecting for phases in all_phases),
        tls_handshaking=merged(phases.tls_handshaking for phases in all_phases),
        sending=merged(phases.sending for phases in all_phases),
        waiting=merged(phases.waiting for phases in all_phases),
        receiving=merged(phases.receiving for phases in all_phases),
        sent_bytes=sum(phases.sent_bytes for phases in all_phases),
        received_bytes=sum(phases.received_bytes for phases in all_phases),
    )


def _sessions(openings: Iterable[Cell], cells: Iterable[Cell], unfinished: int) -> SessionsResult:
    good = [cell for cell in openings if cell.failure is None]
    opened = sum(cell.calls for cell in good)
    failed = sum(cell.calls for cell in openings) - opened
    lost = sum(cell.calls for cell in cells if isinstance(cell.failure, SessionLost))
    return SessionsResult(opened, failed, lost, unfinished, merged(cell.service for cell in good).summary())
