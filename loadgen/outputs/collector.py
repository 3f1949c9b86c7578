"""The accounts of a run as Prometheus metrics, made when they are scraped: the run itself pays nothing for them.

They are made in pieces, none of which takes long, so that calls can go on between two of them. What one series says is
of one moment; two series may be of different ones.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from operator import add

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from ..accounting import Accounting
from ..cells import Cell
from ..metrics import Trend
from ..outcome import CheckFailed, HttpStatus, RpcError, SchemaViolation, Timeout
from .window import Window

OPERATION_SECONDS = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15,
    0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
)  # fmt: skip
"""Bucket bounds: the same as the servers have, so that both ends can be compared."""
LAG_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
OTHER = "_other"
"""Stands for every tool that the plan does not name."""
_OPERATION = ("scenario", "mcp_method_name", "gen_ai_tool_name", "error_type", "network_transport")
_CHECKS = ("schema", "value")
Piece = Metric | None
"""A family of metrics, or a part of one whose other parts come next; None is but a step of the work."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What the series of a run are told apart by; `tools` are those of the plan, which no server can add to."""

    scenario: str
    run_id: str
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """What only the engine knows while the run goes on; `target_rate` is None in a closed model."""

    active_requests: int
    target_rate: float | None


class RunCollector:
    """One run. `loop_lag` is what the health monitor measures."""

    def __init__(
        self, labels: Labels, accounts: Accounting, live: Callable[[], Live], loop_lag: Trend, window: Window
    ) -> None:
        self.active = False
        self._labels = labels
        self._accounts = accounts
        self._live = live
        self._loop_lag = loop_lag
        self._window = window
        self._versions = {"version": version("mcp-testbed"), "mcp_sdk": version("mcp")}

    def pieces(self) -> Iterator[Piece]:
        """Every metric as it stands when its piece is made; anything may happen between two pieces."""
        self._window.extend(self._accounts.take_recent())  # to read the accounts takes it away from there
        yield from self._operations()
        yield from self._gauges()
        yield from self._counters()
        yield from self._histograms()
        yield self._checks()
        yield from self._latency()
        active = GaugeMetricFamily("mcp_load_run_active", "1 while the run goes on.", labels=("scenario", "run_id"))
        active.add_metric((self._labels.scenario, self._labels.run_id), float(self.active))
        yield active
        tasks = GaugeMetricFamily("mcp_asyncio_tasks", "Tasks of the event loop.")
        tasks.add_metric((), len(asyncio.all_tasks()))
        yield tasks
        yield InfoMetricFamily("mcp_build", "Versions of this program.", self._versions)

    def _operations(self) -> Iterator[Piece]:
        series: dict[tuple[str, str, str], list[Trend]] = {("tools/call", tool, ""): [] for tool in self._labels.tools}
        for cell in self._accounts.cells:
            tool = cell.tool if cell.tool in self._labels.tools else OTHER
            trend = cell.service if cell.was_sent else cell.response
            series.setdefault(("tools/call", tool, error_type(cell)), []).append(trend)
        for cell in self._accounts.openings.values():
            series.setdefault(("initialize", "", error_type(cell)), []).append(cell.service)
        for (method, tool, error), trends in series.items():
            family = HistogramMetricFamily(
                "mcp_client_operation_duration_seconds",
                "From sending an MCP request, or from its due moment if it could not be sent, to the end of its reply.",
                labels=_OPERATION,
            )
            yield from _fill(family, (self._labels.scenario, method, tool, error, "tcp"), trends, OPERATION_SECONDS)

    def _gauges(self) -> Iterator[Metric]:
        live, accounts = self._live(), self._accounts
        values = (
            ("mcp_client_active_requests", "Calls under way.", live.active_requests),
            ("mcp_load_vus", "Virtual users at work.", accounts.vus.summary().value or 0),
            ("mcp_load_vus_max", "Virtual users there are.", accounts.vus_max.summary().value or 0),
            ("mcp_load_target_iterations_per_second", "Iterations due in a second (open model).", live.target_rate),
        )
        for name, meaning, value in values:
            if value is not None:
                family = GaugeMetricFamily(name, meaning, labels=("scenario",))
                family.add_metric((self._labels.scenario,), value)
                yield family

    def _counters(self) -> Iterator[Metric]:
        accounts = self._accounts
        ended = sum(cell.calls for cell in accounts.cells if cell.ended)
        values = (
            ("mcp_load_iterations", "Iterations that came to an end.", ended),
            ("mcp_load_dropped_iterations", "Iterations due while no virtual user was free.", accounts.dropped),
            ("mcp_load_sent_bytes", "Bytes of requests.", accounts.phases.sent_bytes),
            ("mcp_load_received_bytes", "Bytes of replies.", accounts.phases.received_bytes),
        )
        for name, meaning, value in values:
            family = CounterMetricFamily(name, meaning, labels=("scenario",))
            family.add_metric((self._labels.scenario,), value)
            yield family

    def _histograms(self) -> Iterator[Piece]:
        scenario = (self._labels.scenario,)
        iterations = [cell.response for cell in self._accounts.cells if cell.ended]
        name, meaning = "mcp_load_iteration_duration_seconds", "Response time of iterations, from due."
        family = HistogramMetricFamily(name, meaning, labels=("scenario",))
        yield from _fill(family, scenario, iterations, OPERATION_SECONDS)
        name, meaning = "mcp_load_schedule_lag_seconds", "From the due moment of an iteration to its real start."
        family = HistogramMetricFamily(name, meaning, labels=("scenario",))
        yield from _fill(family, scenario, [self._accounts.lag], LAG_SECONDS)
        family = HistogramMetricFamily(
            "mcp_event_loop_lag_seconds", "How late the event loop wakes a sleeper.", labels=()
        )
        yield from _fill(family, (), [self._loop_lag], LAG_SECONDS)

    def _checks(self) -> Metric:
        counts = dict.fromkeys(((check, result) for check in _CHECKS for result in ("pass", "fail")), 0)
        for cell in self._accounts.cells:
            if isinstance(cell.failure, SchemaViolation):
                counts["schema", "fail"] += cell.calls
            elif cell.failure is None or isinstance(cell.failure, CheckFailed):
                counts["schema", "pass"] += cell.calls
                counts["value", "pass" if cell.failure is None else "fail"] += cell.calls
        name, meaning = "mcp_load_checks", "Replies checked against the outputSchema, and for their values."
        family = CounterMetricFamily(name, meaning, labels=("scenario", "check", "result"))
        for (check, result), count in counts.items():
            family.add_metric((self._labels.scenario, check, result), count)
        return family

    def _latency(self) -> Iterator[Piece]:
        name, meaning = "mcp_load_latency_seconds", "Response times of the last 10 s, to three digits."
        family = GaugeMetricFamily(name, meaning, labels=("scenario", "stat"))
        for found in self._window.statistics():
            if found is None:
                yield None
            else:
                family.add_metric((self._labels.scenario, found[0]), found[1])
        yield family


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
