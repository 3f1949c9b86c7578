"""The accounts of a run as Prometheus metrics, made when they are scraped: the run itself pays nothing for them.

They are made in pieces, none of which takes long, so that calls can go on between two of them. What one series says is
of one moment; two series may be of different ones.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from operator import add
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from ..accounting import Accounting, Slice
from ..cells import Cell, call_checks
from ..histogram import Histogram
from ..metrics import Trend
from ..outcome import HttpStatus, RpcError, Timeout
from ..thresholds import Verdict

OPERATION_SECONDS = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15,
    0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
)  # fmt: skip
"""Bucket bounds: the same as the servers have, so that both ends can be compared."""
LAG_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
OTHER = "_other"
"""Stands for every tool that the plan does not name."""
_OPERATION = ("scenario", "mcp_method_name", "gen_ai_tool_name", "error_type", "network_transport")
RECENT_SECONDS = 10.0
_STATISTICS = (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))
Piece = Metric | None
"""A family of metrics, or a part of one whose other parts come next; None is but a step of the work."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What the series of a run are told apart by; `tools` are those of the plan, which no server can add to.

    `opening` is the method that a client begins with: initialize, or server/discover in the modern era.
    """

    run_id: str
    tools: tuple[str, ...]
    opening: str = "initialize"


class Shown(Protocol):
    """A scenario as it stands now."""

    @property
    def name(self) -> str:
        """Its name in the plan."""
        ...

    @property
    def accounting(self) -> Accounting:
        """Its accounts."""
        ...

    @property
    def active_requests(self) -> int:
        """Calls under way."""
        ...

    @property
    def target_rate(self) -> float | None:
        """Iterations due in a second; None in a closed model."""
        ...

    @property
    def phases_now(self) -> Mapping[str, bool]:
        """Its phases, as far as they are known, and whether each goes on."""
        ...

    def recent(self, seconds: float) -> Sequence[Slice]:
        """What came in the last `seconds`, second by second."""
        ...


class RunCollector:
    """One run of some scenarios. `loop_lag` is what the health monitor measures, `criteria` are judged when asked."""

    def __init__(
        self,
        labels: Labels,
        scenarios: Sequence[Shown],
        loop_lag: Trend,
        criteria: Callable[[], Iterable[Verdict]] = lambda: (),
    ) -> None:
        self.active = False
        self._criteria = criteria
        self._labels = labels
        self._scenarios = scenarios
        self._loop_lag = loop_lag
        self._versions = {"version": version("mcp-testbed"), "mcp_sdk": version("mcp")}

    def pieces(self) -> Iterator[Piece]:
        """Every metric as it stands when its piece is made; anything may happen between two pieces."""
        yield from chain.from_iterable(map(self._operations, self._scenarios))
        yield from self._gauges()
        yield from self._counters()
        yield from self._histograms()
        yield self._checks()
        yield from self._latency()
        active = GaugeMetricFamily("mcp_load_run_active", "1 while the run goes on.", labels=("scenario", "run_id"))
        for scenario in self._scenarios:
            active.add_metric((scenario.name, self._labels.run_id), float(self.active))
        yield active
        yield self._phases()
        yield from self._thresholds()
        tasks = GaugeMetricFamily("mcp_asyncio_tasks", "Tasks of the event loop.")
        tasks.add_metric((), len(asyncio.all_tasks()))
        yield tasks
        yield InfoMetricFamily("mcp_build", "Versions of this program.", self._versions)

    def _operations(self, scenario: Shown) -> Iterator[Piece]:
        series: dict[tuple[str, str, str], list[Trend]] = {("tools/call", tool, ""): [] for tool in self._labels.tools}
        for cell in scenario.accounting.cells:
            tool = cell.tool if cell.tool in self._labels.tools else OTHER
            trend = cell.service if cell.was_sent else cell.response
            series.setdefault(("tools/call", tool, error_type(cell)), []).append(trend)
        for cell in scenario.accounting.openings.values():
            series.setdefault((self._labels.opening, "", error_type(cell)), []).append(cell.service)
        for (method, tool, error), trends in series.items():
            family = HistogramMetricFamily(
                "mcp_client_operation_duration_seconds",
                "From sending an MCP request, or from its due moment if it could not be sent, to the end of its reply.",
                labels=_OPERATION,
            )
            yield from _fill(family, (scenario.name, method, tool, error, "tcp"), trends, OPERATION_SECONDS)

    def _gauges(self) -> Iterator[Metric]:
        values: tuple[tuple[str, str, Callable[[Shown], float | None]], ...] = (
            ("mcp_client_active_requests", "Calls under way.", lambda each: each.active_requests),
            ("mcp_load_vus", "Virtual users at work.", lambda each: each.accounting.vus.summary().value or 0),
            ("mcp_load_vus_max", "Virtual users there are.", lambda each: each.accounting.vus_max.summary().value or 0),
            (
                "mcp_load_target_iterations_per_second",
                "Iterations due in a second (open model).",
                lambda each: each.target_rate,
            ),
        )
        for name, meaning, value_of in values:
            family = GaugeMetricFamily(name, meaning, labels=("scenario",))
            for scenario in self._scenarios:
                value = value_of(scenario)
                if value is not None:
                    family.add_metric((scenario.name,), value)
            if family.samples:
                yield family

    def _counters(self) -> Iterator[Metric]:
        values: tuple[tuple[str, str, Callable[[Accounting], int]], ...] = (
            (
                "mcp_load_iterations",
                "Iterations that came to an end.",
                lambda accounts: sum(cell.calls for cell in accounts.cells if cell.ended),
            ),
            (
                "mcp_load_dropped_iterations",
                "Iterations never begun: no virtual user was free, or max_duration was over.",
                lambda accounts: accounts.dropped,
            ),
            ("mcp_load_sent_bytes", "Bytes of requests.", lambda accounts: accounts.phases.sent_bytes),
            ("mcp_load_received_bytes", "Bytes of replies.", lambda accounts: accounts.phases.received_bytes),
        )
        for name, meaning, value_of in values:
            family = CounterMetricFamily(name, meaning, labels=("scenario",))
            for scenario in self._scenarios:
                family.add_metric((scenario.name,), value_of(scenario.accounting))
            yield family

    def _histograms(self) -> Iterator[Piece]:
        name, meaning = "mcp_load_iteration_duration_seconds", "Response time of iterations, from due."
        for scenario in self._scenarios:
            iterations = [cell.response for cell in scenario.accounting.cells if cell.ended]
            family = HistogramMetricFamily(name, meaning, labels=("scenario",))
            yield from _fill(family, (scenario.name,), iterations, OPERATION_SECONDS)
        name, meaning = "mcp_load_schedule_lag_seconds", "From the due moment of an iteration to its real start."
        for scenario in self._scenarios:
            family = HistogramMetricFamily(name, meaning, labels=("scenario",))
            yield from _fill(family, (scenario.name,), [scenario.accounting.lag], LAG_SECONDS)
        family = HistogramMetricFamily(
            "mcp_event_loop_lag_seconds", "How late the event loop wakes a sleeper.", labels=()
        )
        yield from _fill(family, (), [self._loop_lag], LAG_SECONDS)

    def _checks(self) -> Metric:
        name, meaning = "mcp_load_checks", "What should hold for every reply, and how often it did."
        family = CounterMetricFamily(name, meaning, labels=("scenario", "check", "result"))
        for scenario in self._scenarios:
            for check in (*scenario.accounting.opening_checks(), *call_checks(scenario.accounting.cells)):
                family.add_metric((scenario.name, check.name, "pass"), check.passes)
                family.add_metric((scenario.name, check.name, "fail"), check.fails)
        return family

    def _phases(self) -> Metric:
        family = GaugeMetricFamily(
            "mcp_load_phase", "1 while this phase of the scenario goes on.", labels=("scenario", "phase")
        )
        for scenario in self._scenarios:
            for phase, goes_on in scenario.phases_now.items():
                family.add_metric((scenario.name, phase), float(goes_on))
        return family

    def _thresholds(self) -> Iterator[Piece]:
        families = [
            GaugeMetricFamily(f"mcp_load_threshold_{name}", meaning, labels=("scenario", "threshold"))
            for name, meaning in (
                ("limit", "What a criterion is compared with, in seconds, bytes or a share."),
                ("value", "What was measured for a criterion so far, in the unit of its limit; NaN: nothing yet."),
                ("ok", "1 if a criterion is met as things stand, 0 if it is missed; NaN: nothing was measured yet."),
            )
        ]
        for verdict in self._criteria():
            threshold = verdict.threshold
            labels = (dict(threshold.tags).get("scenario", ""), criterion(verdict))
            scale = 0.001 if threshold.unit == "ms" else 1.0
            measured = math.nan if verdict.measured is None else verdict.measured * scale
            ok = {"pass": 1.0, "fail": 0.0}.get(verdict.status, math.nan)
            for family, value in zip(families, (threshold.limit * scale, measured, ok), strict=True):
                family.add_metric(labels, value)
            yield None
        yield from families

    def _latency(self) -> Iterator[Piece]:
        name, meaning = "mcp_load_latency_seconds", "Response times of the last 10 s, to three digits."
        family = GaugeMetricFamily(name, meaning, labels=("scenario", "stat"))
        for scenario in self._scenarios:
            whole = Histogram()
            for second in scenario.recent(RECENT_SECONDS):
                whole.merge(second.response)
                yield None
            for stat, percent in _STATISTICS:
                value = whole.percentile(percent)
                family.add_metric((scenario.name, stat), math.nan if value is None else value)
        yield family


def criterion(verdict: Verdict) -> str:
    """A criterion as people write it, such as `http_req_duration: p(95)<100`, with its window."""
    threshold = verdict.threshold
    window = "" if threshold.window is None else f" (last {threshold.window:g}s)"
    return f"{threshold.metric_text}: {threshold}{window}"


def error_type(cell: Cell) -> str:
    """The value of `error_type` as OpenTelemetry's conventions for MCP have it; empty for ok."""
    failure = cell.failure
    if failure is None:
        return ""
    if cell.label.endswith("(other)"):
        return "_OTHER"
    if isinstance(failure, (RpcError, HttpStatus)):
        return str(failure.code)
    return "timeout" if isinstance(failure, Timeout) else failure.kind


def _fill(
    family: HistogramMetricFamily, labels: tuple[str, ...], trends: list[Trend], bounds: tuple[float, ...]
) -> Iterator[Piece]:
    """One series for all of `trends`: their counts are added, which costs less than to merge their histograms."""
    counts, total, seconds = [0] * len(bounds), 0, 0.0
    for trend in trends:
        counts = list(map(add, counts, trend.histogram.cumulated(bounds)))
        total += trend.count
        seconds += trend.sum
        yield None
    buckets = [(str(bound), float(count)) for bound, count in zip(bounds, counts, strict=True)]
    family.add_metric(labels, buckets=[*buckets, ("+Inf", float(total))], sum_value=seconds)
    yield family
