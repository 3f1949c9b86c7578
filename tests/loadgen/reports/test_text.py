from dataclasses import replace
from typing import Any

import pytest

from loadgen.finding import Finding
from loadgen.health import GeneratorHealth
from loadgen.metrics import TrendSummary
from loadgen.reports.text import render_text
from loadgen.result import Check, ErrorKind, Measurements, OutcomeResult, RunResult, SessionsResult, ToolResult
from loadgen.targets import Target, judge_target

FEW = TrendSummary(10, 1.0, 2.5, 2.0, 9.0, 8.0, None, None)
MANY = TrendSummary(1000, 1.0, 250.0, 200.0, 12_345.6, 800.0, 900.0, 950.5)
MEASURED = Measurements(
    calls=1000,
    ok=999,
    finished=1000,
    due=1000,
    checks=(
        Check("initialize: status is 200", 10, 0),
        Check("tool call: status is 200", 999, 1),
        Check("tool call: response is valid", 999, 0),
    ),
    response=MANY,
    response_ok=MANY,
    service=MANY,
    service_ok=MANY,
    tools=(ToolResult("create_payment", 990, 989, MANY), ToolResult("get_wallet_balance", 10, 10, FEW)),
    errors=(ErrorKind("Connection", "connect", 1, "no connection to 127.0.0.1:8000: Connection refused"),),
    sessions=SessionsResult(10, 0, 0, 0, FEW),
    outcomes=(OutcomeResult("connect", 1, FEW, FEW), OutcomeResult("ok", 999, MANY, MANY)),
)
RESULT = RunResult(
    workload="payments",
    mix="create_payment 50 %, verify_payment 30 %, get_wallet_balance 20 %",
    url="http://127.0.0.1:8000/mcp",
    server="payments",
    protocol="2025-11-25",
    seed=42,
    run_id="ab12cd34",
    load="1,000 calls by 10 virtual users",
    timeout=30.0,
    command=("mcp-load", "payments", "--url", "http://127.0.0.1:8000/mcp", "--total", "1000", "--min-success", "95"),
    started_at="2026-01-01T00:00:00+00:00",
    seconds=4.0,
    interrupted=False,
    min_success=99.9,
    measured=MEASURED,
    targets=tuple(judge_target(Target("create_payment", 150, 1000, 0.001), 990, 1, 900.0, 4.0)),
    notes=("A note.",),
)


def report(**changes: Any) -> list[str]:
    return render_text(replace(RESULT, **changes)).splitlines()


def value(lines: list[str], label: str) -> str:
    (line,) = [line for line in lines if line.startswith(label + ":")]
    return line.removeprefix(label + ":").strip()


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("URL", "http://127.0.0.1:8000/mcp"),
        ("Protocol", "MCP 2025-11-25"),
        ("Seed", "42"),
        ("Total Requests", "1,000"),
        ("Successful", "999"),
        ("Failed", "1"),
        ("Success Rate", "99.90 %"),
        ("Test Duration", "4.00 s"),
        ("Requests/Second", "250.0"),
        ("Success rate", "excellent (99.90 %)"),
        ("Response time", "good (250.00 ms average)"),
    ],
)
def test_a_figure_stands_behind_its_label(label: str, shown: str) -> None:
    assert value(report(), label) == shown


def test_the_last_line_is_the_gate() -> None:
    assert report()[-1] == "PASS: success rate 99.90 % >= 99.9 % (--min-success)"
    assert report(min_success=99.95)[-1] == "FAIL: success rate 99.90 % < 99.95 % (--min-success)"


def test_a_success_rate_is_never_rounded_up() -> None:
    measured = replace(MEASURED, calls=1_000_000, ok=999_999)
    assert value(report(measured=measured), "Success Rate") == "99.99 %"


def test_too_few_samples_are_not_available() -> None:
    (line,) = [line for line in report() if line.startswith("get_wallet_balance")]
    assert line.split()[-1] == "n/a"


def test_an_error_is_listed_by_category_and_kind_with_an_example() -> None:
    lines = report()
    at = lines.index("Error Analysis")
    assert [line.split() for line in lines[at + 2 : at + 4]] == [["Connection", "1"], ["connect", "1"]]
    assert lines[at + 4].strip() == "e.g. no connection to 127.0.0.1:8000: Connection refused"


def test_a_run_without_errors_says_so() -> None:
    assert "No errors." in report(measured=replace(MEASURED, ok=1000, errors=()))


def test_targets_show_limit_measure_and_verdict() -> None:
    rows = [line.split() for line in report() if " ms  " in line or "/s  " in line or "%  " in line]
    assert ["create_payment", "p95", "<", "150", "ms", "900.00", "ms", "missed"] in rows
    assert ["rate", ">=", "1,000", "/s", "247.25", "/s", "not", "offered"] in rows
    assert ["errors", "<", "0.1", "%", "0.101", "%", "missed"] in rows


def test_a_workload_without_targets_has_no_such_section() -> None:
    assert not [line for line in report(targets=()) if line.startswith("Targets")]


def test_a_finding_says_whether_it_missed_a_target_or_a_stretch_goal() -> None:
    findings = (
        Finding("breaking point", "425 VUs", 425, "VUs", "> 300 VUs", "pass"),
        Finding("breaking point", "425 VUs", 425, "VUs", "> 500 VUs", "fail", stretch=True),
    )
    lines = report(findings=findings, description="A plan.")
    assert "✓ breaking point: 425 VUs (target > 300 VUs)" in lines
    assert "✗ breaking point: 425 VUs (stretch goal > 500 VUs)" in lines


def test_an_interrupted_run_is_marked_at_the_top() -> None:
    assert "INTERRUPTED" in report(interrupted=True)[1]
    assert "INTERRUPTED" not in report()[1]


def test_the_command_can_be_copied_and_no_flag_is_parted_from_its_value() -> None:
    lines = report()
    at = lines.index("To repeat it:")
    assert lines[at + 1 : at + 3] == [
        "  mcp-load payments --url http://127.0.0.1:8000/mcp --total 1000 \\",
        "      --min-success 95",
    ]


def test_every_metric_is_listed_when_asked_for() -> None:
    assert "http_req_duration" not in render_text(RESULT)
    assert "\nhttp_req_duration\n" in render_text(RESULT, every_metric=True)
    assert "\noperation_create_payment_ms\n" in render_text(RESULT, every_metric=True)


def test_no_line_is_wider_than_80_columns() -> None:
    big = TrendSummary(10**8, 1e5, 1e5, 1e5, 1e5, 1e5, 1e5, 1e5)
    measured = replace(
        MEASURED,
        calls=10**8,
        ok=10**7,
        response=big,
        response_ok=big,
        tools=(ToolResult("get_wallet_balance", 10**8, 10**7, big),),
        errors=(ErrorKind("JSON-RPC error", "rpc_error(-32602)", 9 * 10**7, "word " * 60),),
    )
    load = "200 calls per second for 5s, up to 100 at a time"
    long = replace(RESULT, measured=measured, load=load, open_model=True, notes=("note " * 40,), interrupted=True)
    wide = render_text(long, every_metric=True)
    assert [line for line in wide.splitlines() if len(line) > 80] == []


def test_a_limited_generator_is_said_before_everything_else() -> None:
    assert report(generator=GeneratorHealth(FEW, 0.99, None))[0].startswith("====")
    assert report(generator=GeneratorHealth(FEW, 0.99, "it was late"))[:2] == [
        "WARNING: generator_limited. This generator was the limit of the run: it was",
        "late.",
    ]


def test_an_open_model_shows_what_it_dropped_and_how_late_it_was() -> None:
    lines = report(measured=replace(MEASURED, ok=990, dropped=1234, schedule_lag=MANY, finished=998))
    assert value(lines, "Dropped") == "1,234 iterations that were due while no user was free"
    assert value(lines, "Schedule Lag") == "p99 950.50 ms, max 12,346 ms after due"
    assert value(lines, "Unfinished") == "2 (cancelled before their reply)"
    assert (value(lines, "Successful"), value(lines, "Failed")) == ("990", "8")
    assert not [line for line in report() if line.startswith(("Dropped", "Schedule", "Unfinished"))]


def test_the_load_says_which_model_it_was() -> None:
    assert value(report(), "Load") == "1,000 calls by 10 virtual users (closed model)"
    assert value(report(open_model=True), "Load").endswith("(open model)")


def test_a_name_that_the_server_chose_begins_no_line_and_moves_no_cursor() -> None:
    named = ToolResult("t\x1b[2J\nPASS: success rate 100.00 %", 1000, 999, MANY)
    lines = report(measured=replace(MEASURED, tools=(named,)), server="s\x1b]0;x\x07\nPASS: all is well")
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if line.startswith("PASS")][1:]
    assert value(lines, "Server") == "s ]0;x PASS: all is well"
