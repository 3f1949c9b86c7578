"""The metrics of injected faults."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from .faults.exchange import CountedAs, Lasting
from .faults.journal import Record
from .faults.match import TOOLS_CALL, Match
from .faults.model import Profile, Rule
from .faults.plane import Plane
from .telemetry import OTHER, Telemetry


class FaultMetrics:
    """Counts what was injected, and says what is active.

    Args:
        telemetry: the server's other metrics, in whose registry these are, too.
        tools: names of the registered tools.
        plane: what is in place.
    """

    def __init__(self, telemetry: Telemetry, tools: Sequence[str], plane: Plane) -> None:
        registry = telemetry.registry
        self._telemetry = telemetry
        self._tools = frozenset(tools)
        self._injected = Counter(
            "mcp_fault_injected_total",
            "Faults that took effect on the wire.",
            ("fault_type", "gen_ai_tool_name"),
            registry=registry,
        )
        self._delay = Counter(
            "mcp_fault_injected_delay_seconds_total",
            "Seconds by which faults delayed replies.",
            ("gen_ai_tool_name",),
            registry=registry,
        )
        self._failures = Counter(
            "mcp_fault_expected_failures_total",
            "Replies that faults made such that a correct client sees its request fail.",
            ("gen_ai_tool_name",),
            registry=registry,
        )
        registry.register(_Active(plane))
        self._injected.labels("", "")  # without a profile there is nothing else, and that is no gap in the data
        for tool in ("", *tools):
            self._delay.labels(tool)
            self._failures.labels(tool)
        self.prepare(plane.profile)

    def prepare(self, profile: Profile) -> None:
        """Let everything that `profile` can inject count from 0: `rate()` does not see the first of a new series."""
        for rule in profile.rules:
            effects = [*rule.do, *(effect.aftermath for effect in rule.do if isinstance(effect, Lasting))]
            for effect in filter(None, effects):
                for tool in self._tools_of(rule.match):
                    self._injected.labels(effect.fault_type(), tool)
                    if tool and isinstance(effect, CountedAs):
                        for error_type in sorted(effect.error_types()):
                            self._telemetry.expect(tool, error_type)

    def _tools_of(self, match: Match) -> Iterator[str]:
        """The labels under which a rule's faults can be counted."""
        if match.can_be(TOOLS_CALL):
            yield from (tool for tool in self._tools if match.tool is None or fnmatchcase(tool, match.tool))
        if match.tool is None and match.method != TOOLS_CALL:
            yield ""

    def injected(self, record: Record) -> None:
        """Count one fault that took effect."""
        tool = "" if record.tool is None else record.tool if record.tool in self._tools else OTHER
        self._injected.labels(record.effect, tool).inc()
        if record.achieved_delay:
            self._delay.labels(tool).inc(record.achieved_delay)
        if record.expected is not None and not record.hidden:
            self._failures.labels(tool).inc()


class _Active(Collector):
    """1 for each effect that could befall a call at this moment, 0 where a window, a burst or a pause keeps it off."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What the registry asks for at a scrape."""
        family = GaugeMetricFamily(
            "mcp_fault_active",
            "Whether a rule of the fault profile is in force: not paused, and inside its window and burst.",
            labels=("fault_type", "fault_rule"),
        )
        rules = self._plane.profile.rules
        for rule in rules:
            active = float(not self._plane.paused and _in_force(rule, self._plane.elapsed))
            for kind in dict.fromkeys(effect.fault_type() for effect in rule.do):
                family.add_metric((kind, rule.name), active)
        if not rules:
            family.add_metric(("", ""), 0.0)
        yield family


def _in_force(rule: Rule, elapsed: float) -> bool:
    return not rule.when.needs_time or rule.when.in_time(0.0, elapsed)
