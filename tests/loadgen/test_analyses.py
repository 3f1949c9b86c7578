"""Each analysis against results made by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from loadgen.analyses import BreakingPointGoal, Drift, MemoryGrowth, Overhead, Recovery, Sessions, Uptime
from loadgen.finding import Finding, Goal
from loadgen.metrics import NO_VALUES, Trend, TrendSummary
from loadgen.plan import Analysis
from loadgen.result import (
    ErrorKind,
    Measurements,
    Phase,
    PhasesResult,
    Point,
    RunResult,
    SessionsResult,
    ToolResult,
)

MB = 1_000_000
HOUR = 3600


def trend(*milliseconds: float) -> TrendSummary:
    made = Trend()
    for value in milliseconds:
        made.add(value / 1000)
    return made.summary()


def measurements(**changes: Any) -> Measurements:
    empty = Measurements(
        calls=100,
        ok=100,
        finished=100,
        due=100,
        checks=(),
        response=NO_VALUES,
        response_ok=NO_VALUES,
        service=NO_VALUES,
        service_ok=NO_VALUES,
        tools=(),
        errors=(),
        sessions=None,
    )
    return replace(empty, **changes)


def outcome(points: Sequence[Point] = (), phases: Sequence[Phase] = (), **changes: Any) -> RunResult:
    made = RunResult(
        workload="test",
        mix="",
        url="",
        server="",
        protocol="",
        seed=1,
        run_id="",
        load="",
        timeout=1.0,
        command=(),
        started_at="",
        seconds=1.0,
        interrupted=False,
        min_success=None,
        measured=measurements(),
        targets=(),
        notes=(),
        points=tuple(points),
        phases=tuple(phases),
    )
    return replace(made, **changes)


def point(at: float, p95: float | None = 10.0, *, calls: int = 50, failed: int = 0, **changes: Any) -> Point:
    """The second that ends at `at`."""
    errors = {"http_status(503)": failed} if failed else {}
    return replace(Point(at, 1.0, calls, errors, 0, p95, p95, p95, p95, vus=10), **changes)


def phase(name: str, start: float, end: float) -> Phase:
    return Phase(name, "scenario", start, end)


def found(analysis: Analysis, result: RunResult) -> list[Finding]:
    return list(analysis.find(result))


def statuses(findings: Sequence[Finding]) -> list[tuple[str, bool]]:
    return [(finding.status, finding.stretch) for finding in findings]


# The breaking point


@pytest.mark.parametrize(
    ("value", "told", "expected"),
    [
        (700.0, "700 VUs", ["pass", "pass"]),
        (400.0, "400 VUs", ["pass", "fail"]),
        (300.0, "300 VUs", ["fail", "fail"]),
        (None, "not known", ["no data", "no data"]),
    ],
)
def test_a_breaking_point_is_held_against_its_target_and_its_stretch_goal(
    value: float | None, told: str, expected: list[str]
) -> None:
    findings = () if value is None else (Finding("breaking point", "it lies there", value, "VUs"),)
    target, stretch = found(BreakingPointGoal(Goal(300, 500)), outcome(findings=findings))
    assert target.sentence.startswith(told)
    assert (target.value, target.target) == (value, "> 300 VUs")
    assert [target.status, stretch.status] == expected
    assert (target.stretch, stretch.stretch) == (False, True)
    assert target.fails is (expected[0] != "pass")
    assert not stretch.fails


def test_a_goal_without_a_stretch_gives_one_finding() -> None:
    assert len(found(BreakingPointGoal(Goal(300)), outcome())) == 1


# Recovery

BASELINE, SPIKE, CALM = (phase("baseline", 0, 10), phase("spike 1", 10, 20), phase("recovery 1", 20, 40))


def spiked(*after: float | None, **changes: Any) -> RunResult:
    """A baseline of 10 ms, a spike of 90 ms, and what came `after` it."""
    points = [point(at, 10.0 if at <= 10 else 90.0) for at in range(1, 21)]
    points += [point(21 + n, p95, calls=0 if p95 is None else 50) for n, p95 in enumerate(after)]
    return outcome(points, [BASELINE, SPIKE, CALM], **changes)


def test_the_recovery_is_the_time_from_the_spike_to_the_last_bad_second() -> None:
    (finding,) = found(Recovery(), spiked(80.0, 40.0, 16.0, 14.9, 10.0, 10.0))
    assert (finding.name, finding.value, finding.unit, finding.status) == ("recovery after spike 1", 3, "s", "info")
    assert finding.sentence == "p95 was back at the baseline of 10.00 ms after 3 s; 0 errors during it"


def test_a_server_that_does_not_recover_is_told_so() -> None:
    (finding,) = found(Recovery(), spiked(80.0, 80.0, None, 80.0))
    assert finding.value is None
    assert finding.sentence == "p95 was not back at the baseline of 10.00 ms within 4 s; 0 errors during it"


def test_quick_errors_are_no_recovery_and_errors_of_the_spike_are_counted() -> None:
    result = spiked(10.0, 10.0, 10.0, 10.0, 10.0, 10.0)
    points = list(result.points)
    points[14] = point(15, 90.0, failed=1200)
    points[21] = point(22, 1.0, failed=7)
    (finding,) = found(Recovery(), replace(result, points=tuple(points)))
    assert finding.value == 2
    assert finding.sentence.endswith("after 2 s; 1,200 errors during it")


def test_the_p95_of_a_few_calls_is_the_slowest_of_them() -> None:
    result = spiked(80.0, 80.0, 10.0, 10.0, 10.0, 10.0)
    points = tuple(replace(each, calls=4, p95=None) for each in result.points)
    (finding,) = found(Recovery(), replace(result, points=points))
    assert finding.value == 2


def test_each_spike_has_until_the_next_one() -> None:
    first = spiked(80.0, 10.0, 10.0, 10.0)
    points = (*first.points, *(point(at, 90.0) for at in range(25, 30)), *(point(at) for at in range(30, 34)))
    phases = [BASELINE, SPIKE, phase("recovery 1", 20, 24), phase("spike 2", 24, 29), phase("recovery 2", 29, 33)]
    findings = found(Recovery(), replace(first, points=points, phases=tuple(phases)))
    assert [(finding.name, finding.value) for finding in findings] == [
        ("recovery after spike 1", 1),
        ("recovery after spike 2", 0),
    ]


def test_without_a_baseline_or_a_spike_that_is_said() -> None:
    (finding,) = found(Recovery(), replace(spiked(10.0, 10.0, 10.0), phases=(SPIKE, CALM)))
    assert finding.value is None
    assert finding.sentence.startswith("no recovery could be told: there was no phase named baseline")
    (finding,) = found(Recovery(), outcome())
    assert finding.sentence == "no phase of this run was named spike, so there was nothing to recover from"


# Growth of memory

HELD = (phase("ramp to 50", 0, 60), phase("hold 50", 60, 660), phase("ramp to 0", 660, 700))


def growing(per_hour: float, *, noise: float = 0.0, **changes: Any) -> RunResult:
    """A server that grows by so many bytes an hour while the load is held, and wildly before and after."""
    points = []
    for at in range(1, 701):
        wild = 0 if 60 < at <= 660 else 900 * MB
        memory = 50 * MB + per_hour * at / HOUR + wild + noise * (-1) ** at
        points.append(point(at, server_memory=memory))
    return outcome(points, HELD, **changes)


@pytest.mark.parametrize(
    ("per_hour", "sentence", "expected"),
    [
        (5 * MB, "leaks: 5 MB/h, 95% interval ", ["fail", "fail"]),
        (0.5 * MB, "leaks: 0.5 MB/h, 95% interval ", ["pass", "fail"]),
        (0.02 * MB, "does not leak: 0.02 MB/h, 95% interval ", ["pass", "pass"]),
    ],
)
def test_growth_while_the_load_is_held_is_held_against_its_limits(
    per_hour: float, sentence: str, expected: list[str]
) -> None:
    findings = found(MemoryGrowth(Goal(1, 0.1)), growing(per_hour))
    assert [finding.status for finding in findings] == expected
    assert [(finding.target, finding.stretch) for finding in findings] == [("< 1 MB/h", False), ("< 0.1 MB/h", True)]
    assert findings[0].sentence.startswith(sentence)
    assert findings[0].value == pytest.approx(per_hour / MB)
    assert findings[0].unit == "MB/h"


def test_growth_below_a_page_in_all_the_time_cannot_be_told_from_none() -> None:
    points = [point(at / 10, server_memory=50 * MB) for at in range(1, 71)]
    (finding,) = found(MemoryGrowth(Goal(1)), outcome(points))
    assert finding.sentence.startswith("cannot tell: 0 MB/h, 95% interval -2.1")
    assert (finding.status, finding.fails) == ("no data", True)


def test_a_limit_inside_the_interval_is_no_pass() -> None:
    (finding,) = found(MemoryGrowth(Goal(1)), growing(1 * MB, noise=0.2 * MB))
    assert finding.status == "no data"


def test_memory_that_is_not_known_fails_a_target_and_is_told_without_one() -> None:
    (finding,) = found(MemoryGrowth(Goal(1)), outcome([point(at) for at in range(1, 100)]))
    assert (finding.status, finding.value, finding.target) == ("no data", None, "< 1 MB/h")
    assert finding.sentence.endswith("it wants a /metrics page or --pid, and some time")
    (finding,) = found(MemoryGrowth(), outcome())
    assert (finding.status, finding.target) == ("info", None)


def test_without_a_target_the_bytes_of_a_payment_are_told() -> None:
    tools = (ToolResult("create_payment", 2_100, 2_000, NO_VALUES),)
    grown = [point(at, server_memory=50 * MB + 10_000 * at) for at in range(101)]
    growth, each = found(MemoryGrowth(), outcome(grown, measured=measurements(tools=tools)))
    assert growth.sentence.startswith("36 MB/h, 95% interval 3")
    assert growth.status == "info"
    assert (each.name, each.value, each.unit) == ("memory per payment", 500, "B")
    assert each.sentence == "500 bytes for each of 2,000 payments made"
    assert [finding.name for finding in found(MemoryGrowth(), outcome(grown))] == ["memory growth"]


# Drift of response times


@pytest.mark.parametrize(
    ("median_at", "sentence"),
    [
        (lambda _: 10.0, "the median does not drift: 0 ms/h, 95% interval 0 to 0 ms/h, limit 1 ms/h"),
        (lambda at: 10 + at / HOUR * 4, "the median drifts: 4 ms/h, 95% interval "),
        (lambda at: 10 + 5 * (at // 100 % 2), "cannot tell: "),
    ],
)
def test_a_drift_of_the_median_is_told(median_at: Callable[[float], float], sentence: str) -> None:
    points = [point(at, p50=median_at(at) if 60 < at <= 660 else 500.0) for at in range(1, 701)]
    (finding,) = found(Drift(), outcome(points, HELD))
    assert finding.sentence.startswith(sentence)
    assert (finding.unit, finding.status) == ("ms/h", "info")


def test_a_short_run_has_no_drift() -> None:
    (finding,) = found(Drift(), outcome([point(1)]))
    assert (finding.sentence, finding.value) == ("the load was held too briefly to tell", None)


# Sessions and connections


def test_sessions_and_connections_are_counted() -> None:
    measured = measurements(
        sessions=SessionsResult(opened=1_060, failed=1, lost=4, unfinished=6, creation=NO_VALUES),
        errors=(ErrorKind("Connection", "reset", 7, ""), ErrorKind("Timeout", "timeout(total)", 90, "")),
        phases=PhasesResult(connecting=trend(1.0, 1.0, 1.0)),
    )
    sessions, connections = found(Sessions(), outcome(measured=measured, server_sessions=2.0))
    assert sessions.sentence == "1,060 opened, 1,050 closed, 4 lost; the server keeps 2"
    assert (sessions.value, sessions.unit) == (2, "sessions")
    assert connections.sentence == "3 connections were made, 7 calls failed by one"
    assert (connections.value, connections.unit) == (7, "calls")


def test_a_server_that_does_not_say_how_many_sessions_it_keeps_and_a_protocol_without_any() -> None:
    measured = measurements(sessions=SessionsResult(5, 0, 0, 0, NO_VALUES))
    sessions, _ = found(Sessions(), outcome(measured=measured))
    assert sessions.sentence == "5 opened, 5 closed, 0 lost; how many the server still keeps is not known"
    assert [finding.name for finding in found(Sessions(), outcome())] == ["connection stability"]


# Uptime


def test_uptime_is_the_share_of_the_time_with_good_replies() -> None:
    points = [point(at, failed=50 if at <= 2 else 3) for at in range(1, 1001)]
    target, stretch = found(Uptime(Goal(99.5, 99.9)), outcome(points))
    assert target.value == pytest.approx(99.8)
    assert target.sentence.startswith("99.8 %")
    assert target.target == ">= 99.5 %"
    assert statuses([target, stretch]) == [("pass", False), ("fail", True)]


def test_a_hang_counts_as_what_came_after_it() -> None:
    silent = [point(at, None, calls=0) for at in range(11, 41)]
    before = [point(at) for at in range(1, 11)]
    (finding,) = found(Uptime(), outcome([*before, *silent, point(41, failed=50)]))
    assert finding.value == pytest.approx(100 * 10 / 41)
    (finding,) = found(Uptime(), outcome([*before, *silent, point(41)]))
    assert finding.value == 100
    (finding,) = found(Uptime(), outcome([*before, *silent]))
    assert finding.value == pytest.approx(100 * 10 / 40)
    assert finding.sentence == "good replies came in 25 % of the time"


def test_a_time_without_users_is_no_downtime_and_no_calls_at_all_no_data() -> None:
    idle = [point(at, None, calls=0, vus=0) for at in range(2, 9)]
    (finding,) = found(Uptime(), outcome([point(1), *idle]))
    assert finding.value == 100
    (finding,) = found(Uptime(Goal(99)), outcome(idle))
    assert (finding.status, finding.value) == ("no data", None)
    assert finding.sentence.startswith("not known")
    (finding,) = found(Uptime(), outcome())
    assert finding.sentence == "good replies came in n/a of the time"


# Overhead of the protocol


def test_overhead_is_the_tool_call_less_the_cheapest_round_trip() -> None:
    measured = measurements(
        service=trend(*[3.0] * 30), sessions=SessionsResult(1_200, 0, 0, 0, creation=trend(5.0, 5.0, 5.0))
    )
    overhead, sessions = found(Overhead(), outcome(measured=measured, round_trip=("ping", trend(*[1.0] * 30))))
    assert overhead.value == pytest.approx(2, rel=0.01)
    assert overhead.sentence.startswith("a tool call takes 2.0")
    assert "more than ping at the median" in overhead.sentence
    assert sessions.value == pytest.approx(5, rel=0.01)
    assert sessions.sentence.endswith(" ms at the median (1,200 opened)")


@pytest.mark.parametrize("round_trip", [None, ("ping", NO_VALUES)])
def test_without_a_round_trip_there_is_no_overhead(round_trip: tuple[str, TrendSummary] | None) -> None:
    (finding,) = found(Overhead(), outcome(measured=measurements(service=trend(3.0)), round_trip=round_trip))
    assert (finding.sentence, finding.value) == ("no round trip could be measured", None)
