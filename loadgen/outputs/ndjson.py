"""A run written down line by line while it goes on, from which its report can be made again: `--out ndjson=FILE`.

A line is encoded when its sample comes, in the event loop, in a microsecond or two: a thread that did it would hold the
interpreter for up to 5 ms at a time, and the latencies would have that in them. The thread of `LineFile` only writes.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from ..accounting import Accounting
from ..client.transport import Timings
from ..conclusion import Asked, Part, View
from ..outcome import Failure, Ok
from ..result import RunResult
from ..sample import Sample, SessionSample
from .line_file import LineFile

VERSION = 1
"""Of the lines; a reader knows those up to its own."""
_LAGS_TOGETHER = 256


def _line(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


class RecordedSamples:
    """Passes what happens in one scenario on to its `accounting`, and writes it down."""

    def __init__(self, scenario: str, accounting: Accounting) -> None:
        self._scenario = scenario
        self._accounting = accounting
        self._lags: list[float] = []
        self._zero = 0.0
        self._put: Callable[[bytes], None] = _nowhere

    def begin(self, file: LineFile, zero: float) -> None:
        """From now on write to `file`, in seconds from `zero`."""
        self._zero = zero
        self._put = file.put

    def add(self, sample: Sample) -> None:
        """See `Accounts`."""
        self._accounting.add(sample)
        zero, sent, timings, outcome = self._zero, sample.sent, sample.timings, sample.outcome
        line: dict[str, Any] = {
            "type": "call",
            "scenario": self._scenario,
            "tool": sample.tool,
            "due": sample.due - zero,
            "sent": None if sent is None else sent - zero,
            "end": sample.end - zero,
            "outcome": "ok",
        }
        if type(outcome) is not Ok:
            _tell(line, outcome)  # type: ignore[arg-type]  # what is not Ok is a failure
        if timings is not None:
            _time(line, timings)
        self._put(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def add_session(self, sample: SessionSample) -> None:
        """See `Accounts`."""
        self._accounting.add_session(sample)
        line: dict[str, Any] = {
            "type": "session",
            "scenario": self._scenario,
            "due": sample.due - self._zero,
            "end": sample.end - self._zero,
            "outcome": "ok",
            "named": sample.named,
        }
        if sample.failure is not None:
            _tell(line, sample.failure)
        if sample.timings is not None:
            _time(line, sample.timings)
        self._put(_line(line))

    def add_reissued(self, n: int) -> None:
        """See `Accounts`; it is told with the state of the scenario."""
        self._accounting.add_reissued(n)

    def add_dropped(self, n: int = 1) -> None:
        """See `Arrivals`; it is told with the state of the scenario."""
        self._accounting.add_dropped(n)

    def add_lag(self, seconds: float) -> None:
        """See `Arrivals`."""
        self._accounting.add_lag(seconds)
        self._lags.append(seconds)
        if len(self._lags) >= _LAGS_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write what waits for more of its kind."""
        if self._lags:
            self._put(_line({"type": "lag", "scenario": self._scenario, "seconds": self._lags}))
            self._lags.clear()


class NdjsonRecorder:
    """The `Recorder` of one run, in the file `path`, opened when the load begins and closed with the context."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: LineFile | None = None
        self._samples: list[RecordedSamples] = []
        self._known: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file, unless `finish` did."""
        if self._file is not None:
            self._file.close()

    def samples(self, scenario: str, accounting: Accounting) -> RecordedSamples:
        """See `Recorder`."""
        self._samples.append(RecordedSamples(scenario, accounting))
        return self._samples[-1]

    def begin(self, asked: Asked, began: float) -> None:
        """See `Recorder`."""
        self._zero = began
        self._file = LineFile(self._path)
        self._file.keep(_line(header(asked, began)))
        for samples in self._samples:
            samples.begin(self._file, began)

    def look(self, view: View) -> None:
        """See `Recorder`."""
        for samples in self._samples:
            samples.flush()
        self._known = {
            "windows": {str(index): value for index, value in view.windows},
            "aborted": view.aborted,
            "scenarios": [_state(part, self._zero) for part in view.parts],
        }
        if view.at is None or self._file is None:
            return  # it is told in the last line
        moment = view.moment
        tick = {
            "type": "tick",
            "at": view.at,
            "last": view.last,
            "vus": moment.vus,
            "target_rate": moment.target_rate,
            "server_memory_bytes": moment.server_memory,
            "server_sessions": moment.server_sessions,
        }
        self._file.keep(_line({**tick, **self._known}))

    def finish(self, result: RunResult) -> RunResult:
        """Write the end of the run down and close the file; `result` with a note when it is not all there.

        It waits for the disk, so it is not for the event loop.
        """
        file, self._file = self._file, None
        if file is None:
            return result
        file.close(_line({"type": "end", **_end(result), **self._known, "lost": file.lost}))
        return replace(result, notes=(*result.notes, *_notes(file)))


def header(asked: Asked, began: float) -> dict[str, Any]:
    """The first line of the file of a run that begins at the moment `began` of its clock."""
    known = asdict(replace(asked, thresholds=()))
    criteria = [
        {
            "metric": threshold.metric_text,
            "expression": str(threshold),
            "abort_on_fail": threshold.abort_on_fail,
            "delay_abort_eval": threshold.delay_abort_eval,
            "window": threshold.window,
            "stretch": threshold.stretch,
        }
        for threshold in asked.thresholds
    ]
    return {"type": "run", "version": VERSION, **known, "thresholds": criteria, "clock_zero": began}


def _end(result: RunResult) -> dict[str, Any]:
    return {
        "interrupted": result.interrupted,
        "seconds": result.seconds,
        "generator": None if result.generator is None else asdict(result.generator),
        "phases": [asdict(phase) for phase in result.phases],
        "findings": [asdict(finding) for finding in result.findings],
        "server_sessions": result.server_sessions,
        "vus": asdict(result.measured.vus),
        "vus_max": asdict(result.measured.vus_max),
    }


def _notes(file: LineFile) -> Iterable[str]:
    if file.problem is not None:
        yield f"{file.path} ends before the run did: {file.problem}. {file.missing:,} lines of it are missing."
    elif file.missing:
        yield f"{file.missing:,} lines are missing in {file.path}: the disk was slower than the run."


def _state(part: Part, zero: float) -> dict[str, Any]:
    """What a scenario knows besides its samples."""
    accounting, since = part.accounting, part.measured_from
    return {
        "name": part.tags["scenario"],
        "started": part.started,
        "from": since - zero if part.started and math.isfinite(since) else None,
        "until": part.measured_until - zero,
        "due": part.due,
        "dropped": accounting.dropped,
        "reissued": accounting.reissued,
        "unfinished_sessions": part.unfinished_sessions,
        "vus": asdict(accounting.vus.summary()),
        "vus_max": asdict(accounting.vus_max.summary()),
    }


def _tell(line: dict[str, Any], failure: Failure) -> None:
    line["outcome"] = failure.label
    line["detail"] = failure.detail


def _time(line: dict[str, Any], timings: Timings) -> None:
    line["blocked_ms"] = timings.blocked * 1000
    line["connecting_ms"] = timings.connecting * 1000
    line["tls_ms"] = timings.tls_handshaking * 1000
    line["sending_ms"] = timings.sending * 1000
    line["waiting_ms"] = timings.waiting * 1000
    line["receiving_ms"] = timings.receiving * 1000
    line["sent_bytes"] = timings.sent_bytes
    line["received_bytes"] = timings.received_bytes


def _nowhere(_: bytes) -> None:
    """What comes before the run begins is not part of it."""
