"""What criteria are judged by, against values computed by hand."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from loadgen.accounting import Accounting, Slice
from loadgen.catalogue import CATALOGUE
from loadgen.client.transport import Timings
from loadgen.outcome import Cancelled, CheckFailed, HttpStatus, Ok, Outcome
from loadgen.readings import KnownReading, RunReadings, WindowReadings
from loadgen.sample import Sample, SessionSample
from loadgen.thresholds import parse_threshold
from loadgen.timeline import Moment, Timeline

SECONDS = 10.0
OK, BUSY, WRONG, STOPPED = Ok({}), HttpStatus("no", 503), CheckFailed("wrong"), Cancelled("stopped")


@dataclass
class Scenario:
    """A scenario of which a test knows everything."""

    accounting: Accounting
    tags: Mapping[str, str] = field(default_factory=dict)
    measured_from: float = 100.0
    measured_until: float = 110.0

    def __post_init__(self) -> None:
        self.timeline = Timeline([self.accounting])

    def recent(self, seconds: float) -> Sequence[Slice]:
        return self.timeline.last(seconds)


def call(accounts: Accounting, tool: str, outcome: Outcome, due: float, sent: float | None, end: float) -> None:
    accounts.add(
        Sample(
            tool, due, sent, end, outcome, None if sent is None else Timings(0.5, 0.25, 0.125, 0.01, 0.02, 0.03, 7, 9)
        )
    )


def first() -> Scenario:
    """Response times 0.2, 0.4, 0.6, 0.8 and 1 s, each sent 0.1 s after it was due; one never sent, one cancelled."""
    accounts = Accounting()
    made = Scenario(accounts, {"scenario": "first", "kind": "read"})
    for tool, outcome, end in (("add", OK, 0.2), ("add", OK, 0.4), ("add", BUSY, 0.6), ("divide", OK, 0.8)):
        call(accounts, tool, outcome, 0.0, 0.1, end)
    call(accounts, "divide", WRONG, 0.0, None, 1.0)
    call(accounts, "divide", STOPPED, 0.0, 0.1, 9.0)
    accounts.add_dropped(4)
    accounts.set_vus(3, 8)
    accounts.add_session(SessionSample(0.0, 0.25, None, named=True))
    accounts.add_session(SessionSample(0.0, 0.75, None))
    accounts.add_session(SessionSample(0.0, 5.0, BUSY))
    return made


def second() -> Scenario:
    accounts = Accounting()
    made = Scenario(accounts, {"scenario": "second", "kind": "write"}, 105.0, 115.0)
    call(accounts, "add", OK, 0.0, 0.1, 2.0)
    accounts.set_vus(2, 2)
    return made


def read(readings: RunReadings | WindowReadings, metric: str, aggregation: str) -> float | None:
    limit = "<1" if metric.startswith(("http_req_failed", "checks")) else "<100"
    threshold = parse_threshold(metric, aggregation + limit)
    return readings.read(threshold.metric, threshold.tags, threshold.aggregation)


ALL = [
    ("http_reqs", "count", 6),
    ("http_reqs", "rate", 0.6),
    ("http_reqs{tool:add}", "count", 3),
    ("http_reqs{outcome:http_status(503)}", "count", 1),
    ("http_reqs{expected_response:true}", "count", 3),
    ("http_reqs{tool:divide,expected_response:false}", "rate", 0.2),
    ("http_reqs{scenario:first}", "rate", 0.6),
    ("iterations", "count", 5),
    ("iterations", "rate", 0.5),
    ("dropped_iterations", "count", 4),
    ("dropped_iterations", "rate", 0.4),
    ("data_sent", "count", 35),
    ("data_sent", "rate", 3.5),
    ("data_received", "count", 45),
    ("data_received", "rate", 4.5),
    ("http_req_failed", "rate", 3 / 6),
    ("http_req_failed{tool:add}", "rate", 1 / 3),
    ("http_req_failed{scenario:first}", "rate", 3 / 6),
    ("checks", "rate", (2 + 1 + 4 + 3) / (3 + 2 + 5 + 4)),
    ("checks{tool:add}", "rate", (2 + 2) / (3 + 2)),
    ("checks{scenario:first}", "rate", 10 / 14),
    ("vus", "value", 3),
    ("vus_max", "value", 8),
    ("http_req_duration", "count", 4),
    ("http_req_duration", "avg", (100 + 300 + 500 + 700) / 4),
    ("http_req_duration", "min", 100),
    ("http_req_duration", "med", 300),
    ("http_req_duration", "max", 700),
    ("http_req_duration", "p(50)", 300),
    ("http_req_duration{tool:add}", "max", 500),
    ("http_req_duration{outcome:ok}", "count", 3),
    ("http_req_duration{expected_response:false}", "avg", 500),
    ("mcp_tool_call_duration_ms", "count", 5),
    ("mcp_tool_call_duration_ms", "avg", 600),
    ("mcp_tool_call_duration_ms", "max", 1000),
    ("mcp_tool_call_duration_ms{tool:divide}", "min", 800),
    ("iteration_duration", "med", 600),
    ("iteration_duration{expected_response:true}", "max", 800),
    ("operation_add_ms", "count", 3),
    ("operation_add_ms", "avg", 400),
    ("operation_divide_ms", "max", 1000),
    ("operation_add_ms{outcome:http_status(503)}", "min", 600),
    ("mcp_session_creation_ms", "count", 2),
    ("mcp_session_creation_ms", "avg", 500),
    ("mcp_session_creation_ms", "max", 750),
    ("http_req_blocked", "count", 5),
    ("http_req_blocked", "avg", 500),
    ("http_req_connecting", "max", 250),
    ("http_req_tls_handshaking", "min", 125),
    ("http_req_sending", "med", 10),
    ("http_req_waiting", "avg", 20),
    ("http_req_receiving", "max", 30),
]


@pytest.mark.parametrize(("metric", "aggregation", "expected"), ALL)
def test_a_metric_of_a_whole_run(metric: str, aggregation: str, expected: float) -> None:
    assert read(RunReadings([first()], SECONDS), metric, aggregation) == pytest.approx(expected, rel=0.001)


def test_every_metric_and_every_aggregation_of_the_catalogue_is_among_them() -> None:
    metrics = {metric.partition("{")[0] for metric, _, _ in ALL}
    assert {metric.name for metric in CATALOGUE} <= metrics
    for metric in CATALOGUE:
        for aggregation in metric.aggregations:
            value = read(RunReadings([first()], SECONDS), metric.name, aggregation.replace("N", "50"))
            assert value is not None, (metric.name, aggregation)


def test_a_percentile_wants_enough_values() -> None:
    scenario = first()
    assert read(RunReadings([scenario], SECONDS), "http_req_duration", "p(95)") is None
    for n in range(100):
        call(scenario.accounting, "add", OK, 0.0, 0.0, (n + 1) / 1000)
    found = read(RunReadings([scenario], SECONDS), "http_req_duration{tool:add,outcome:ok}", "p(95)")
    assert found == pytest.approx(97, rel=0.001)  # rank 97 of 102 values


@pytest.mark.parametrize(
    ("metric", "aggregation", "expected"),
    [
        ("http_reqs", "count", 7),
        ("http_reqs", "rate", 0.35),
        ("http_reqs{scenario:second}", "count", 1),
        ("http_reqs{scenario:second}", "rate", 0.1),
        ("http_reqs{kind:read}", "count", 6),
        ("vus", "value", 5),
        ("vus_max", "value", 10),
        ("vus{scenario:second}", "value", 2),
        ("mcp_tool_call_duration_ms", "max", 2000),
        ("mcp_tool_call_duration_ms{scenario:first}", "max", 1000),
        ("dropped_iterations{scenario:second}", "count", 0),
        ("mcp_session_creation_ms{scenario:second}", "avg", None),
        ("checks{scenario:second}", "rate", 1.0),
    ],
)
def test_scenarios_are_read_together_or_by_their_tags(metric: str, aggregation: str, expected: float | None) -> None:
    readings = RunReadings([first(), second()], 20.0)
    if "{kind" in metric:
        threshold = parse_threshold("http_reqs", f"{aggregation}<100")
        assert readings.read("http_reqs", (("kind", "read"),), threshold.aggregation) == expected
    else:
        assert read(readings, metric, aggregation) == (None if expected is None else pytest.approx(expected, rel=0.001))


def test_a_tagged_rate_is_of_the_time_in_which_any_of_the_scenarios_ran() -> None:
    both = [first(), second()]
    for scenario in both:
        scenario.tags = {"team": "a"}
    rate = parse_threshold("http_reqs", "rate<1").aggregation
    assert RunReadings(both, 99.0).read("http_reqs", (("team", "a"),), rate) == pytest.approx(7 / 15)  # from 100 to 115


@pytest.mark.parametrize("metric", ["http_reqs", "dropped_iterations", "vus", "http_req_failed", "http_req_duration"])
def test_a_scenario_that_there_is_not_gives_no_data(metric: str) -> None:
    aggregation = {"vus": "value", "http_req_duration": "max", "http_req_failed": "rate"}.get(metric, "count")
    assert read(RunReadings([first()], SECONDS), f"{metric}{{scenario:none}}", aggregation) is None


@pytest.mark.parametrize(
    ("metric", "aggregation"),
    [("http_req_failed", "rate"), ("checks", "rate"), ("http_req_duration", "max"), ("http_req_duration", "count")],
)
def test_a_run_without_calls_gives_no_data(metric: str, aggregation: str) -> None:
    assert read(RunReadings([Scenario(Accounting())], SECONDS), metric, aggregation) is None


def test_a_rate_without_time_is_no_data() -> None:
    assert read(RunReadings([first()], 0.0), "http_reqs", "rate") is None


def test_without_sessions_there_is_no_session_creation_and_no_check_of_initialize() -> None:
    accounts = Accounting(has_sessions=False)
    accounts.add_session(SessionSample(0.0, 0.25, None))
    call(accounts, "add", BUSY, 0.0, 0.1, 0.2)
    readings = RunReadings([Scenario(accounts)], SECONDS)
    assert read(readings, "mcp_session_creation_ms", "max") is None
    assert read(readings, "checks", "rate") == 0


def windowed() -> Scenario:
    """Ten ticks, in the n-th of which n calls of n * 100 ms were made, 50 ms after they were due; each drops one."""
    scenario = Scenario(Accounting(), {"scenario": "s"})
    for n in range(1, 11):
        for _ in range(n):
            call(scenario.accounting, "add", OK if n % 2 else BUSY, 0.0, 0.05, n / 10)
        scenario.accounting.add_dropped()
        scenario.timeline.tick(float(n), Moment())
    return scenario


@pytest.mark.parametrize(
    ("metric", "aggregation", "expected"),
    [
        ("http_reqs", "count", 8 + 9 + 10),
        ("http_reqs", "rate", 27 / 3),
        ("http_reqs{scenario:s}", "rate", 27 / 3),
        ("iterations", "count", 27),
        ("dropped_iterations", "count", 3),
        ("dropped_iterations", "rate", 1),
        ("http_req_failed", "rate", 18 / 27),
        ("mcp_tool_call_duration_ms", "med", 900),
        ("mcp_tool_call_duration_ms", "p(50)", 900),
        ("mcp_tool_call_duration_ms", "max", 1000),
        ("mcp_tool_call_duration_ms", "min", 800),
        ("mcp_tool_call_duration_ms", "avg", (8 * 800 + 9 * 900 + 10 * 1000) / 27),
        ("mcp_tool_call_duration_ms", "count", 27),
        ("iteration_duration", "p(95)", 1000),
        ("http_req_duration", "med", 850),
        ("http_req_duration", "max", 950),
        ("http_req_duration{scenario:s}", "min", 750),
        ("http_req_duration{scenario:none}", "max", None),
        ("http_reqs{scenario:none}", "count", None),
        ("http_req_duration", "p(99)", None),
        ("http_reqs{tool:add}", "count", None),
        ("operation_add_ms", "max", None),
        ("checks", "rate", None),
        ("vus", "value", None),
    ],
)
def test_a_metric_of_the_last_three_seconds(metric: str, aggregation: str, expected: float | None) -> None:
    found = read(WindowReadings([windowed()], 3.0, 110.0), metric, aggregation)
    assert found == (None if expected is None else pytest.approx(expected, rel=0.001))


def test_the_rate_of_a_window_that_is_not_full_is_of_the_time_there_was() -> None:
    assert read(WindowReadings([windowed()], 40.0, 110.0), "http_reqs", "rate") == pytest.approx(55 / 10)


def test_a_scenario_that_has_not_begun_is_no_data() -> None:
    waiting = Scenario(Accounting(), {}, math.nan, 110.0)
    assert read(WindowReadings([waiting], 3.0, 110.0), "http_reqs", "rate") is None
    assert read(WindowReadings([waiting, windowed()], 3.0, 110.0), "http_reqs", "rate") == pytest.approx(9)


def test_cancelled_calls_are_no_iterations_of_a_window() -> None:
    scenario = Scenario(Accounting())
    call(scenario.accounting, "add", STOPPED, 0.0, 0.1, 1.0)
    call(scenario.accounting, "add", OK, 0.0, 0.1, 1.0)
    scenario.timeline.tick(1.0, Moment())
    readings = WindowReadings([scenario], 10.0, 110.0)
    assert (read(readings, "http_reqs", "count"), read(readings, "iterations", "count")) == (2, 1)


def test_a_window_has_service_times_and_response_times() -> None:
    scenario = Scenario(Accounting())
    call(scenario.accounting, "add", OK, 1.0, 1.0, 1.5)
    call(scenario.accounting, "add", BUSY, 1.0, None, 1.1)
    scenario.timeline.tick(1.0, Moment())
    readings = WindowReadings([scenario], 10.0, 110.0)
    assert read(readings, "http_req_duration", "count") == 1
    assert read(readings, "http_req_duration", "max") == pytest.approx(500, rel=0.001)
    assert read(readings, "mcp_tool_call_duration_ms", "count") == 2


@pytest.mark.parametrize("value", [None, 3.5])
def test_a_known_reading_is_what_it_is(value: float | None) -> None:
    threshold = parse_threshold("http_reqs", "rate>1")
    assert KnownReading(value).read(threshold.metric, threshold.tags, threshold.aggregation) == value
