"""The accounts of a run as Prometheus metrics, made when they are scraped: calls pay nothing for them.

They are made in pieces, none of which takes long, so that calls can go on between two of them. What one series says is
of one moment; two series may be of different ones.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from formats.version import VERSION

from ..accounting import Accounting, Slice
from ..cells import call_checks
from ..histogram import Joint
from ..metrics import Trend
from ..thresholds import Verdict
from .page_budget import MOST_LINES, Operation, Operations, Wanting, on_page
from .series import LAG_SECONDS, OPERATION_SECONDS, OTHER, Piece, criterion, error_type, fill

_OPERATION = ("scenario", "mcp_method_name", "gen_ai_tool_name", "error_type", "network_transport")
RECENT_SECONDS = 10.0
_STATISTICS = (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))


@dataclass(frozen=True, slots=True)
class Labels:
    """What the series of a run are told apart by; `tools` are those of the plan, which no server can add to.

    `opening` is the method that a client begins with: initialize, or server/discover in the modern era.
    """

    run_id: str
    tools: tuple[str, ...]
    opening: str = "initialize"


class Shown(Wanting, Protocol):
    """A scenario as it stands now."""

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

    def recent(self, seconds: float) -> Sequence[Slice]:
        """What came in the last `seconds`, second by second."""
        ...


class RunCollector:
    """One run of some scenarios. `loop_lag` is what the health monitor measures, `criteria` are judged when asked.

    A page has about `most_lines`; see `page_budget`.
    """

    def __init__(
        self,
        labels: Labels,
        scenarios: Sequence[Shown],
        loop_lag: Trend,
        criteria: Callable[[], Iterable[Verdict]] = lambda: (),
        most_lines: float = MOST_LINES,
    ) -> None:
        self.active = False
        self._criteria = criteria
        self._labels = labels
        self._scenarios = scenarios
        self._most_lines = most_lines
        self._operations = {scenario.name: Operations() for scenario in scenarios}
        self._loop_lag = loop_lag
        self._versions = {"version": VERSION, "mcp_sdk": version("mcp")}

    def pieces(self) -> Iterator[Piece]:
        """Every metric as it stands when its piece is made; anything may happen between two pieces."""
        shown = on_page(self._scenarios, self._operations, self._most_lines)
        yield from chain.from_iterable(map(self._durations, shown))
        yield from _gauges(shown)
        yield from _counters(shown)
        yield from self._histograms(shown)
        yield _checks(shown)
        yield from _latency(shown)
        active = GaugeMetricFamily("mcp_load_run_active", "1 while the run goes on.", labels=("scenario", "run_id"))
        for scenario in self._scenarios:
            active.add_metric((scenario.name, self._labels.run_id), float(self.active))
        yield active
        yield _phases(shown)
        yield from self._thresholds()
        tasks = GaugeMetricFamily("mcp_asyncio_tasks", "Tasks of the event loop.")
        tasks.add_metric((), len(asyncio.all_tasks()))
        yield tasks
        yield InfoMetricFamily("mcp_build", "Versions of this program.", self._versions)

    def _durations(self, scenario: Shown) -> Iterator[Piece]:
        name = self._operations[scenario.name].name
        series: dict[Operation, list[Trend]] = {name(("tools/call", tool, "")): [] for tool in scenario.tools}
        series[name((self._labels.opening, "", ""))] = []
        for cell in scenario.accounting.cells:
            tool = cell.tool if cell.tool in self._labels.tools else OTHER
            trend = cell.service if cell.was_sent else cell.response
            series.setdefault(name(("tools/call", tool, error_type(cell))), []).append(trend)
        for cell in scenario.accounting.openings.values():
            series.setdefault(name((self._labels.opening, "", error_type(cell))), []).append(cell.service)
        for (method, tool, error), trends in series.items():
            family = HistogramMetricFamily(
                "mcp_client_operation_duration_seconds",
                "From sending an MCP request, or from its due moment if it could not be sent, to the end of its reply.",
                labels=_OPERATION,
            )
            yield from fill(family, (scenario.name, method, tool, error, "tcp"), trends, OPERATION_SECONDS)

    def _histograms(self, shown: Sequence[Shown]) -> Iterator[Piece]:
        name, meaning = "mcp_load_iteration_duration_seconds", "Response time of iterations, from due."
        for scenario in shown:
            iterations = [cell.response for cell in scenario.accounting.cells if cell.ended]
            family = HistogramMetricFamily(name, meaning, labels=("scenario",))
            yield from fill(family, (scenario.name,), iterations, OPERATION_SECONDS)
        name, meaning = "mcp_load_schedule_lag_seconds", "From the due moment of an iteration to its real start."
        for scenario in shown:
            family = HistogramMetricFamily(name, meaning, labels=("scenario",))
            yield from fill(family, (scenario.name,), [scenario.accounting.lag], LAG_SECONDS)
        family = HistogramMetricFamily(
            "mcp_event_loop_lag_seconds", "How late the event loop wakes a sleeper.", labels=()
        )
        yield from fill(family, (), [self._loop_lag], LAG_SECONDS)

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
        for family in families:
            if not family.samples:  # a plan without criteria: there is nothing to compare, and that is no gap
                family.add_metric(("", ""), math.nan)
            yield family


def _gauges(shown: Sequence[Shown]) -> Iterator[Metric]:
    values: tuple[tuple[str, str, Callable[[Shown], float]], ...] = (
        ("mcp_client_active_requests", "Calls under way.", lambda each: each.active_requests),
        ("mcp_load_vus", "Virtual users at work.", lambda each: each.accounting.vus.summary().value or 0),
        ("mcp_load_vus_max", "Virtual users there are.", lambda each: each.accounting.vus_max.summary().value or 0),
        (
            "mcp_load_target_iterations_per_second",
            "Iterations due in a second; NaN in a closed model, which has no such thing.",
            lambda each: math.nan if each.target_rate is None else each.target_rate,
        ),
    )
    for name, meaning, value_of in values:
        family = GaugeMetricFamily(name, meaning, labels=("scenario",))
        for scenario in shown:
            family.add_metric((scenario.name,), value_of(scenario))
        yield family


def _counters(shown: Sequence[Shown]) -> Iterator[Metric]:
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
        for scenario in shown:
            family.add_metric((scenario.name,), value_of(scenario.accounting))
        yield family


def _checks(shown: Sequence[Shown]) -> Metric:
    name, meaning = "mcp_load_checks", "What should hold for every reply, and how often it did."
    family = CounterMetricFamily(name, meaning, labels=("scenario", "check", "result"))
    for scenario in shown:
        for check in (*scenario.accounting.opening_checks(), *call_checks(scenario.accounting.cells)):
            family.add_metric((scenario.name, check.name, "pass"), check.passes)
            family.add_metric((scenario.name, check.name, "fail"), check.fails)
    return family


def _phases(shown: Sequence[Shown]) -> Metric:
    family = GaugeMetricFamily(
        "mcp_load_phase", "1 while this phase of the scenario goes on.", labels=("scenario", "phase")
    )
    for scenario in shown:
        for phase, goes_on in scenario.phases_now.items():
            family.add_metric((scenario.name, phase), float(goes_on))
    return family


def _latency(shown: Sequence[Shown]) -> Iterator[Piece]:
    name, meaning = "mcp_load_latency_seconds", "Response times of the last 10 s, to three digits."
    family = GaugeMetricFamily(name, meaning, labels=("scenario", "stat"))
    for scenario in shown:
        whole = Joint()
        for second in scenario.recent(RECENT_SECONDS):
            whole.add(second.response)
            yield None
        for stat, percent in _STATISTICS:
            value = whole.percentile(percent)
            family.add_metric((scenario.name, stat), math.nan if value is None else value)
            yield None
    yield family
