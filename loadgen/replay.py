"""A run that was written down, taken in again: its report from the file of `--out ndjson=FILE`.

Every line goes into accounts like those of the run itself, in the same order, so that all sums are made by the same
code. One line at a time is in memory.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from formats.errors import InvalidInput, complaint

from .accounting import Accounting, Slice, measure
from .client.modern import MODERN
from .client.transport import Timings
from .conclusion import Asked, AskedScenario, Seen, conclude
from .errors import NothingMeasured
from .finding import Finding
from .health import GeneratorHealth
from .metrics import Gauge, GaugeSummary, TrendSummary
from .outcome import (
    Cancelled,
    CheckFailed,
    Connect,
    ContentType,
    Failure,
    HttpStatus,
    Ok,
    Parse,
    Reset,
    RpcError,
    SchemaViolation,
    SessionLost,
    SseProtocol,
    Timeout,
    Tls,
    ToolError,
    printable,
)
from .outputs.ndjson import VERSION
from .result import Phase, RunResult, ScenarioResult
from .sample import Sample, SessionSample
from .thresholds import Threshold, parse_threshold
from .timeline import Moment, Timeline

_LONGEST_LINE = 16 * 1024 * 1024
_LARGEST = 1e12
_OK = Ok({})
_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)
"""What comes of a line that has not the keys, or the values, that one of its kind has."""
_PLAIN = {
    kind.kind: kind
    for kind in (
        Connect, Tls, Reset, ContentType, Parse, SseProtocol, ToolError, SchemaViolation, CheckFailed, SessionLost,
        Cancelled,
    )
}  # fmt: skip
"""Failures that are nothing but their detail."""
_WAITS = ("connect", "first_byte", "total")
_LABEL = re.compile(r"(\w+)\((-?\w+)\)")
Line = Mapping[str, Any]
T = TypeVar("T")


def replay(path: Path) -> RunResult:
    """The result of the run that was written to `path`; when the file ends too early, of what there is of it.

    Raises:
        InvalidInput: it cannot be read, is no such file, or has a line that is none of a run.
        NothingMeasured: it has no call.
    """
    try:
        with path.open("rb") as file:
            lines = _lines(path, file)
            number, first = next(lines, (1, {}))
            replayed = _checked(path, number, lambda: _Replay(_asked(first)))
            for number, line in lines:
                _checked(path, number, lambda line=line: replayed.take(line))  # type: ignore[misc]  # bound at once
    except OSError as error:
        raise InvalidInput([f"{path} cannot be read: {error.strerror}"]) from error
    return replayed.result(path)


class _ReplayedScenario:
    """The `Part` of one scenario; moments are seconds of the run."""

    def __init__(self, asked: AskedScenario, *, has_sessions: bool) -> None:
        self.asked = asked
        self.accounting = Accounting(has_sessions=has_sessions)
        self.tags = {**asked.tags, "scenario": asked.name}
        self.unfinished_sessions = 0
        self._told: Line = {}
        self._first, self._last = math.inf, -math.inf
        self._final = False

    @property
    def started(self) -> bool:
        """See `Part`."""
        return bool(self._told.get("started", False)) or math.isfinite(self._first)

    @property
    def measured_from(self) -> float:
        """See `Part`; the file may end before it is told."""
        told: float | None = self._told.get("from")
        return self._first if told is None else told

    @property
    def measured_until(self) -> float:
        """See `Part`; the file may end before it is told."""
        told: float = self._told.get("until", -math.inf)
        return told if self._final else max(told, self._last)

    @property
    def due(self) -> int:
        """See `Part`; at least what became of some."""
        told: int = self._told.get("due", 0)
        return told if self._final else max(told, self.accounting.calls + self.accounting.dropped)

    def recent(self, _: float) -> Sequence[Slice]:
        """See `Read`; windows are not judged again, what was measured in them was written down."""
        return ()

    def result(self, began: float) -> ScenarioResult:
        """See `Part`."""
        since = self.measured_from if math.isfinite(self.measured_from) else self.measured_until
        measured = measure([self.accounting], self.due, unfinished_sessions=self.unfinished_sessions)
        asked, seconds = self.asked, max(0.0, self.measured_until - self.measured_from)
        return ScenarioResult(asked.name, asked.mix, asked.load, since - began, seconds, measured)

    def add(self, line: Line) -> None:
        """Take in a call."""
        due, end = _number(line, "due"), _number(line, "end")
        self._first, self._last = min(self._first, due), max(self._last, end)
        outcome = _OK if line["outcome"] == "ok" else read_failure(line["outcome"], line["detail"])
        self.accounting.add(Sample(_text(line, "tool"), due, _maybe(line, "sent"), end, outcome, _timings(line)))

    def add_session(self, line: Line) -> None:
        """Take in an attempt to open a session."""
        due, end = _number(line, "due"), _number(line, "end")
        failure = None if line["outcome"] == "ok" else read_failure(line["outcome"], line["detail"])
        named = line["named"] is True
        self.accounting.add_session(SessionSample(due, end, failure, named, _timings(line)))

    def know(self, told: Line, *, final: bool) -> None:
        """Take in what the scenario knows besides its samples."""
        self._told = {
            "started": told["started"],
            "from": _maybe(told, "from"),
            "until": _number(told, "until"),
            "due": _count(told, "due"),
        }
        accounting = self.accounting
        accounting.add_dropped(_count(told, "dropped") - accounting.dropped)
        accounting.add_reissued(_count(told, "reissued") - accounting.reissued)
        self.unfinished_sessions = _count(told, "unfinished_sessions")
        accounting.vus, accounting.vus_max = _gauge(told["vus"]), _gauge(told["vus_max"])
        self._final = final


class _KnownGenerator:
    """A generator whose health was judged before; None: it was not."""

    def __init__(self, health: GeneratorHealth | None) -> None:
        self._health = health

    def __call__(self, schedule_lag: TrendSummary, *, open_model: bool) -> GeneratorHealth | None:  # noqa: ARG002 - as read
        return self._health


class _Replay:
    """Takes in the lines of a run, after the first one."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        has_sessions = asked.protocol != MODERN
        self._parts = {each.name: _ReplayedScenario(each, has_sessions=has_sessions) for each in asked.scenarios}
        self._timeline = Timeline([part.accounting for part in self._parts.values()])
        self._vus = Gauge()
        self._at = 0.0
        self._moment = Moment()
        self._finished = False
        self._windows: dict[Threshold, float | None] = {}
        self._aborted: str | None = None
        self._end: Line | None = None
        self._seen = Seen(_KnownGenerator(None), interrupted=True)
        self._lost = 0

    def take(self, line: Line) -> None:
        """Take one in."""
        if self._end is not None:
            raise ValueError("it comes after the end of the run")
        kind = line["type"]
        if kind == "call":
            part = self._parts[line["scenario"]]
            part.add(line)
        elif kind == "session":
            self._parts[line["scenario"]].add_session(line)
        elif kind == "lag":
            lags = dict(enumerate(line["seconds"]))
            for index in lags:
                self._parts[line["scenario"]].accounting.add_lag(_number(lags, index))
        elif kind == "tick":
            self._tick(line)
        elif kind == "end":
            self._finish(line)
        else:
            raise ValueError(f'there is no type "{printable(str(kind), 40)}"')

    def result(self, path: Path) -> RunResult:
        """All of it; `path` is for the notes.

        Raises:
            NothingMeasured: there is no call.
        """
        parts = list(self._parts.values())
        if not any(part.accounting.calls for part in parts):
            raise NothingMeasured(f"{path} has no call in it that counts, so nothing was measured")
        if not self._finished:
            self._timeline.finish(max(self._at, *(part.measured_until for part in parts)), self._moment)
        seen = replace(
            self._seen,
            points=self._timeline.points,
            windows=self._windows,
            aborted=self._aborted,
            vus=self._seen.vus if self._end else self._vus.summary(),
        )
        result = conclude(self._asked, parts, 0.0, seen)
        return replace(result, notes=(*result.notes, *self._notes(path)))

    def _notes(self, path: Path) -> Iterator[str]:
        if self._end is None:
            yield (
                f"{path} ends before the run did: this is what there is of it, without findings, phases and a look at "
                "the generator."
            )
        elif self._lost:
            yield f"{self._lost:,} lines are missing in {path}: the disk was slower than the run."

    def _tick(self, line: Line) -> None:
        self._know(line, final=False)
        vus, at = _count(line, "vus"), _number(line, "at")
        keys = ("target_rate", "server_memory_bytes", "server_sessions")
        moment = Moment(vus, *(_maybe(line, key) for key in keys))
        self._at, self._moment = at, moment
        self._vus.set(vus)
        self._finished = line["last"] is True
        (self._timeline.finish if self._finished else self._timeline.tick)(at, moment)

    def _know(self, line: Line, *, final: bool) -> None:
        for told in line["scenarios"]:
            self._parts[told["name"]].know(told, final=final)
        windows, criteria = line["windows"], self._asked.thresholds
        self._windows = {criteria[int(index)]: _maybe(windows, index) for index in windows}
        self._aborted = None if line["aborted"] is None else _text(line, "aborted")

    def _finish(self, line: Line) -> None:
        self._know(line, final=True)
        generator = line["generator"]
        self._seen = Seen(
            _KnownGenerator(None if generator is None else _read(GeneratorHealth, generator)),
            interrupted=line["interrupted"] is True,
            phases=_read(tuple[Phase, ...], line["phases"]),
            findings=_read(tuple[Finding, ...], line["findings"]),
            server_sessions=_maybe(line, "server_sessions"),
            vus=_read(GaugeSummary, line["vus"]),
            vus_max=_read(GaugeSummary, line["vus_max"]),
        )
        self._lost = _count(line, "lost")
        self._end = line


def _lines(path: Path, file: BinaryIO) -> Iterator[tuple[int, Line]]:
    """The lines with their numbers. One without an end was cut off while it was written: it is left out."""
    number = 0
    while (text := file.readline(_LONGEST_LINE)).endswith(b"\n"):
        number += 1
        try:
            line = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise _broken(path, number, f"it is not JSON ({error.msg})") from error
        if not isinstance(line, dict):
            raise _broken(path, number, "it is no JSON object")
        yield number, line
    if not number or len(text) == _LONGEST_LINE:
        raise _broken(path, number + 1, "it is no JSON object" if number else "it is not the first line of one")


def _checked(path: Path, number: int, take: Callable[[], T]) -> T:
    try:
        return take()
    except _WRONG as error:
        if isinstance(error, InvalidInput):
            raise
        missing = f"{error} is missing or not known" if isinstance(error, KeyError) else str(error)
        raise _broken(path, number, missing) from error


def _broken(path: Path, number: int, why: str) -> InvalidInput:
    kind = "is not the beginning of a run that mcp-load wrote" if number == 1 else "is no line of a run"
    return InvalidInput([f"{path}:{number}: this {kind}: {printable(why, 200)}"])


def _asked(line: Line) -> Asked:
    """What the first line says was asked for."""
    if line["type"] != "run":
        raise ValueError("its type should be run")
    version = _count(line, "version")
    if version > VERSION:
        raise ValueError(f"its version is {version}, and this mcp-load reads version {VERSION}")
    thresholds = tuple(_threshold(criterion) for criterion in line["thresholds"])
    asked = _read(Asked, {**line, "thresholds": ()})
    if not asked.command or not asked.scenarios:
        raise ValueError("it should have a command and a scenario")
    return replace(asked, thresholds=thresholds)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read(kind: Callable[..., T], value: object) -> T:
    """What was written as JSON.

    Raises:
        ValueError: it is not that.
    """
    try:
        read: T = _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))} {complaint(first)}") from error
    return read


def _threshold(criterion: Line) -> Threshold:
    settings = {key: value for key, value in criterion.items() if key not in {"metric", "expression"}}
    return parse_threshold(criterion["metric"], criterion["expression"], **settings)


def read_failure(label: str, detail: str) -> Failure:
    """The failure with that label and detail.

    Raises:
        ValueError: there is no such label.
    """
    if label in _PLAIN:
        return _PLAIN[label](detail)
    match = _LABEL.fullmatch(label)
    kind, code = match.groups() if match else ("", "")
    if kind == Timeout.kind and code in _WAITS:
        return Timeout(detail, cast(Literal["connect", "first_byte", "total"], code))
    if kind in (HttpStatus.kind, RpcError.kind):
        return (HttpStatus if kind == HttpStatus.kind else RpcError)(detail, int(code))
    raise ValueError(f'there is no outcome "{printable(label, 40)}"')


def _timings(line: Line) -> Timings | None:
    if "waiting_ms" not in line:
        return None
    return Timings(
        _number(line, "blocked_ms") / 1000,
        _number(line, "connecting_ms") / 1000,
        _number(line, "tls_ms") / 1000,
        _number(line, "sending_ms") / 1000,
        _number(line, "waiting_ms") / 1000,
        _number(line, "receiving_ms") / 1000,
        _count(line, "sent_bytes"),
        _count(line, "received_bytes"),
    )


def _maybe(line: Line, key: str) -> float | None:
    return None if line[key] is None else _number(line, key)


def _number(line: Mapping[Any, Any], key: object) -> float:
    value = line[key]
    if type(value) not in {float, int} or not -_LARGEST < value < _LARGEST:
        raise ValueError(f"{key} should be a number")
    return float(value)


def _count(line: Line, key: str) -> int:
    value = line[key]
    if type(value) is not int or value < 0:
        raise ValueError(f"{key} should be a whole number, 0 or more")
    return value


def _text(line: Line, key: str) -> str:
    value = line[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} should be text")
    return value


def _gauge(told: Line) -> Gauge:
    """A gauge that has been where that one was."""
    gauge, summary = Gauge(), _read(GaugeSummary, told)
    for value in (summary.minimum, summary.maximum, summary.value):
        if value is not None:
            gauge.set(value)
    return gauge
