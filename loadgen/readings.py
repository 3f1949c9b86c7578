"""What criteria are judged by: the accounts of a run, as far as it is, or its last seconds."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from .accounting import Accounting, Slice, joined
from .catalogue import (
    CHECKS,
    DATA_RECEIVED,
    DATA_SENT,
    DROPPED_ITERATIONS,
    HTTP_REQ_BLOCKED,
    HTTP_REQ_CONNECTING,
    HTTP_REQ_DURATION,
    HTTP_REQ_FAILED,
    HTTP_REQ_RECEIVING,
    HTTP_REQ_SENDING,
    HTTP_REQ_TLS_HANDSHAKING,
    HTTP_REQ_WAITING,
    HTTP_REQS,
    ITERATION_DURATION,
    ITERATIONS,
    SESSION_CREATION,
    TOOL_CALL,
    VUS,
    VUS_MAX,
    operation_metric,
)
from .cells import OK, Cell, call_checks, merged
from .histogram import Histogram
from .metrics import Trend
from .thresholds import Aggregation, Tags

_PHASES = {
    HTTP_REQ_BLOCKED.name: "blocked",
    HTTP_REQ_CONNECTING.name: "connecting",
    HTTP_REQ_TLS_HANDSHAKING.name: "tls_handshaking",
    HTTP_REQ_SENDING.name: "sending",
    HTTP_REQ_WAITING.name: "waiting",
    HTTP_REQ_RECEIVING.name: "receiving",
}
_OF_CALLS = {"tool", "outcome", "expected_response"}


class Read(Protocol):
    """A scenario whose accounts are read."""

    @property
    def tags(self) -> Mapping[str, str]:
        """What it is selected by."""
        ...

    @property
    def accounting(self) -> Accounting:
        """Its accounts."""
        ...

    @property
    def measured_from(self) -> float:
        """The moment of the clock from which on samples count."""
        ...

    @property
    def measured_until(self) -> float:
        """The moment of the clock up to which there are samples."""
        ...

    def recent(self, seconds: float) -> Sequence[Slice]:
        """What came in the last `seconds`, tick by tick."""
        ...


class RunReadings:
    """The whole run so far, which has lasted `seconds`. See `thresholds.Readings`."""

    def __init__(self, scenarios: Sequence[Read], seconds: float) -> None:
        self._scenarios = scenarios
        self._seconds = seconds

    def read(self, metric: str, tags: Tags, aggregation: Aggregation) -> float | None:
        """See `Readings`; a rate per second of tagged scenarios is that of the time in which any of them ran."""
        chosen = _chosen(self._scenarios, tags)
        idle = not any(each.accounting.calls or each.accounting.dropped for each in chosen)
        if not chosen or (idle and (metric in _COUNTED or metric in {VUS.name, VUS_MAX.name})):
            return None  # nothing was asked for: 0 would be no measurement
        wanted = {key for key, _ in tags} - _OF_CALLS
        accounts = [each.accounting for each in chosen]
        cells = [cell for each in accounts for cell in each.cells if _fits(cell, dict(tags))]
        if metric in _COUNTED:
            count = _COUNTED[metric](accounts, cells)
            seconds = _covered(chosen, -math.inf) if wanted else self._seconds
            return count if aggregation.name == "count" else count / seconds if seconds > 0 else None
        if metric == HTTP_REQ_FAILED.name:
            failed, whole = _calls(cell for cell in cells if cell.failure is not None), _calls(cells)
            return failed / whole if whole else None
        if metric == CHECKS.name:
            part, whole = _checked([] if {key for key, _ in tags} & _OF_CALLS else accounts, cells)
            return part / whole if whole else None
        if metric in {VUS.name, VUS_MAX.name}:
            values = [(each.vus if metric == VUS.name else each.vus_max).summary().value for each in accounts]
            return sum(value or 0 for value in values) if values else None
        return _of_trend(_trend(metric, accounts, cells), aggregation)


class WindowReadings:
    """The last `seconds` of a run up to `now`, all calls of a scenario together; times have three digits."""

    def __init__(self, scenarios: Sequence[Read], seconds: float, now: float) -> None:
        self._scenarios = scenarios
        self._seconds = seconds
        self._now = now

    def read(self, metric: str, tags: Tags, aggregation: Aggregation) -> float | None:
        """See `Readings`; None for what is not kept by the second. A rate is that of the time that was measured."""
        if _OF_CALLS & {key for key, _ in tags}:
            return None
        chosen = _chosen(self._scenarios, tags)
        part = joined(piece for each in chosen for piece in each.recent(self._seconds))
        if metric in {TOOL_CALL.name, ITERATION_DURATION.name}:
            return _of_histogram(part.response, aggregation)
        if metric == HTTP_REQ_DURATION.name:
            return _of_histogram(part.service, aggregation)
        if metric == HTTP_REQ_FAILED.name:
            return part.failed / part.calls if part.calls else None
        counts = {HTTP_REQS.name: part.calls, ITERATIONS.name: part.finished, DROPPED_ITERATIONS.name: part.dropped}
        covered = _covered(chosen, self._now - self._seconds)
        if metric not in counts or not covered:
            return None
        return counts[metric] if aggregation.name == "count" else counts[metric] / covered


class KnownReading:
    """A value that was read before, whatever is asked for."""

    def __init__(self, value: float | None) -> None:
        self._value = value

    def read(self, metric: str, tags: Tags, aggregation: Aggregation) -> float | None:  # noqa: ARG002 - see above
        """See `Readings`."""
        return self._value


def _chosen(scenarios: Sequence[Read], tags: Tags) -> list[Read]:
    wanted = {key: value for key, value in tags if key not in _OF_CALLS}
    return [each for each in scenarios if wanted.items() <= each.tags.items()]


def _covered(scenarios: Iterable[Read], since: float) -> float:
    """Seconds from `since` in which any of `scenarios` was measured; one that has not begun has no such time."""
    spans = [(max(each.measured_from, since), each.measured_until) for each in scenarios]
    covered, until = 0.0, -math.inf
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered


def _of_histogram(times: Histogram, aggregation: Aggregation) -> float | None:
    if aggregation.name == "count":
        return times.count or None
    if aggregation.name == "avg":
        return _ms(times.mean())
    if aggregation.name == "min":
        return _ms(times.value_at(1)) if times.count else None
    return _ms(times.percentile({"med": 50.0, "max": 100.0}.get(aggregation.name, aggregation.percent or 0.0)))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _fits(cell: Cell, tags: dict[str, str]) -> bool:
    good = "true" if cell.failure is None else "false"
    of = {"tool": cell.tool, "outcome": cell.label, "expected_response": good}
    return all(tags.get(key, value) == value for key, value in of.items())


def _calls(cells: Iterable[Cell]) -> int:
    return sum(cell.calls for cell in cells)


def _checked(accounts: Sequence[Accounting], cells: Sequence[Cell]) -> tuple[int, int]:
    checks = [check for each in accounts for check in each.opening_checks()]
    checks += call_checks(cells)
    passes = sum(check.passes for check in checks)
    return passes, passes + sum(check.fails for check in checks)


def _trend(metric: str, accounts: Sequence[Accounting], cells: Sequence[Cell]) -> Trend:
    ended = [cell for cell in cells if cell.ended]
    if metric in _PHASES:
        return merged(getattr(each.phases, _PHASES[metric]) for each in accounts)
    if metric == SESSION_CREATION.name:
        return merged(each.openings[OK].service for each in accounts if each.has_sessions and OK in each.openings)
    if metric == HTTP_REQ_DURATION.name:
        return merged(cell.service for cell in ended)
    if metric in {TOOL_CALL.name, ITERATION_DURATION.name}:
        return merged(cell.response for cell in ended)
    return merged(cell.response for cell in ended if operation_metric(cell.tool).name == metric)


def _of_trend(trend: Trend, aggregation: Aggregation) -> float | None:
    if aggregation.percent is not None:
        return trend.percentile(aggregation.percent)
    whole = trend.summary()
    of = {"avg": whole.average, "min": whole.minimum, "med": whole.median, "max": whole.maximum, "count": whole.count}
    return of.get(aggregation.name) if whole.count else None


_COUNTED: dict[str, Callable[[Sequence[Accounting], Sequence[Cell]], int]] = {
    HTTP_REQS.name: lambda _, cells: _calls(cells),
    ITERATIONS.name: lambda _, cells: _calls(cell for cell in cells if cell.ended),
    DROPPED_ITERATIONS.name: lambda accounts, _: sum(each.dropped for each in accounts),
    DATA_SENT.name: lambda accounts, _: sum(each.phases.sent_bytes for each in accounts),
    DATA_RECEIVED.name: lambda accounts, _: sum(each.phases.received_bytes for each in accounts),
}
