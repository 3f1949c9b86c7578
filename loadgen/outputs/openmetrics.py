"""A finished run with time stamps, for any Prometheus: `--out openmetrics=FILE`.

    promtool tsdb create-blocks-from openmetrics FILE DATA_FOLDER

It holds what `/metrics` would have shown, second by second. A look costs what a scrape costs; the text is written when
the run is over. Only numbers are kept until then, and when there are too many of them, every other look is forgotten.
"""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import Metric

from ..accounting import Accounting
from ..client.modern import MODERN
from ..conclusion import Asked, View
from ..metrics import Trend
from ..result import Phase, RunResult
from .collector import Labels, RunCollector, Shown
from .series import criterion

MOST_LOOKS = 1800
_SECONDS_BETWEEN_LOOKS = 1.0
_LEAST = 0.001
"""Seconds between two looks: what a time stamp can tell apart."""
_JOB = (("job", "mcp-loadgen"), ("instance", "openmetrics"))
"""What a scrape adds to every series."""
_NOT_KNOWN_HERE = {"mcp_event_loop_lag_seconds", "mcp_load_phase", "mcp_asyncio_tasks"}
"""Left out at a look: who records a run does not see the first, and phases are known best at the end."""
_FROM_ZERO = {"counter", "histogram"}

Labelled = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Family:
    """All series of one metric: the values of each, look by look; NaN where there is none."""

    kind: str
    series: dict[tuple[str, Labelled], "array[float]"] = field(default_factory=dict)


class OpenMetricsRecorder:
    """The `Recorder` of one run, written to `path` when it is over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: Asked | None = None
        self._times: array[float] = array("d")
        self._families: dict[str, _Family] = {}
        self._between = _SECONDS_BETWEEN_LOOKS
        self._collector: RunCollector | None = None
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def samples(self, scenario: str, accounting: Accounting) -> Accounting:  # noqa: ARG002 - as all recorders have it
        """See `Recorder`; the accounts themselves are looked at."""
        return accounting

    def begin(self, asked: Asked, began: float) -> None:  # noqa: ARG002 - the file has times of the calendar
        """See `Recorder`."""
        self._asked = asked

    def look(self, view: View) -> None:
        """See `Recorder`."""
        asked, at = self._asked, view.at
        if asked is None or at is None:
            return
        if not view.last and self._times and at < self._times[-1] + self._between:
            return
        if self._times:
            at = max(at, self._times[-1] + _LEAST)
        collector = self._collector_of(asked, view)
        collector.active = not view.last
        for family in (*collector.pieces(), *self._process.collect()):
            if family is not None and family.name not in _NOT_KNOWN_HERE:
                self._take(family)
        self._times.append(at)
        self._fill()
        if len(self._times) >= MOST_LOOKS:
            self._forget_every_other()

    def finish(self, result: RunResult) -> RunResult:
        """Write the file; `result` with a note when it cannot be."""
        asked = self._asked
        if asked is None:
            return result
        self._conclude(result)
        try:
            with self._path.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(self._lines(datetime.fromisoformat(asked.started_at).timestamp()))
        except OSError as error:
            note = f"{self._path} is not all there: {error.strerror}."
            return replace(result, notes=(*result.notes, note))
        return result

    def _collector_of(self, asked: Asked, view: View) -> RunCollector:
        """What shows the run as it stands."""
        if self._collector is None:
            # They are parts of a run that goes on, so they have what its /metrics shows.
            scenarios = cast(tuple[Shown, ...], tuple(view.parts))
            tools = tuple(dict.fromkeys(tool for scenario in scenarios for tool in scenario.tools))
            opening = "server/discover" if asked.protocol == MODERN else "initialize"
            labels = Labels(asked.run_id, tools, opening)
            self._collector = RunCollector(labels, scenarios, Trend(), most_lines=math.inf)
        return self._collector

    def _take(self, metric: Metric) -> None:
        family = self._families.setdefault(metric.name, _Family(metric.type))
        for sample in metric.samples:
            values = self._series(family, sample.name, tuple(sample.labels.items()))
            values.append(sample.value)

    def _series(self, family: _Family, name: str, labels: Labelled) -> "array[float]":
        """The values so far. What counts was 0 before it was there, so that the first of its kind is counted."""
        key = name, labels
        if key not in family.series:
            before = 0.0 if family.kind in _FROM_ZERO else math.nan
            family.series[key] = array("d", [before]) * len(self._times)
        return family.series[key]

    def _fill(self) -> None:
        """Let series that had no value at this look have none."""
        for family in self._families.values():
            for values in family.series.values():
                if len(values) < len(self._times):
                    values.append(math.nan)

    def _forget_every_other(self) -> None:
        self._times = self._times[1::2]
        for family in self._families.values():
            family.series = {key: values[1::2] for key, values in family.series.items()}
        self._between *= 2

    def _conclude(self, result: RunResult) -> None:
        """Add what is known at the end: phases, and criteria: their limits all the time, their values at the end."""
        for phase in result.phases:
            values = self._known("mcp_load_phase", (("scenario", phase.scenario), ("phase", phase.name)))
            for index, at in enumerate(self._times):
                values[index] = max(0.0 if math.isnan(values[index]) else values[index], float(_is_in(at, phase)))
        for verdict in result.verdicts:
            threshold = verdict.threshold
            labels = (("scenario", dict(threshold.tags).get("scenario", "")), ("threshold", criterion(verdict)))
            scale = 0.001 if threshold.unit == "ms" else 1.0
            limits = self._known("mcp_load_threshold_limit", labels)
            limits[:] = array("d", [threshold.limit * scale]) * len(limits)
            if limits and verdict.measured is not None:
                self._known("mcp_load_threshold_value", labels)[-1] = verdict.measured * scale
                self._known("mcp_load_threshold_ok", labels)[-1] = float(verdict.status == "pass")

    def _known(self, name: str, labels: Labelled) -> "array[float]":
        """The values of a gauge, one for each look, none of which has to be known yet."""
        family = self._families.setdefault(name, _Family("gauge"))
        return family.series.setdefault((name, labels), array("d", [math.nan]) * len(self._times))

    def _lines(self, zero: float) -> Iterator[str]:
        for name, family in self._families.items():
            yield f"# TYPE {name} {family.kind}\n"
            for (sample, labels), values in family.series.items():
                written = ",".join(f'{key}="{_escaped(value)}"' for key, value in (*labels, *_JOB))
                for at, value in zip(self._times, values, strict=True):
                    if not math.isnan(value):
                        yield f"{sample}{{{written}}} {value!r} {zero + at:.3f}\n"
        yield "# EOF\n"


def _is_in(at: float, phase: Phase) -> bool:
    return phase.start <= at < phase.end


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
