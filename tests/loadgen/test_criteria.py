"""The criteria of a plan on the target that was found."""

import asyncio

import pytest

from loadgen.client.aiohttp import AiohttpTransport
from loadgen.clock import SystemClock
from loadgen.criteria import criteria_for
from loadgen.engine import Engine
from loadgen.interruption import Interruption
from loadgen.options.run import RunOptions
from loadgen.outputs.console import Silence
from loadgen.plan_file import load_suite
from loadgen.reports.text import render_text
from loadgen.result import RunResult
from loadgen.thresholds import Threshold, parse_threshold
from servers.testing import running_server

SESSIONS = parse_threshold("mcp_session_creation_ms", "p(95)<100")
EVERY = parse_threshold("operation_*_ms", "p(95)<50")
FAILED = parse_threshold("http_req_failed", "rate<0.01")


def names(thresholds: tuple[Threshold, ...]) -> list[str]:
    return [threshold.metric for threshold in thresholds]


@pytest.mark.parametrize("protocol", ["2025-11-25", "2026-07-28"])
def test_a_criterion_on_every_operation_is_one_on_each_tool(protocol: str) -> None:
    judged, notes = criteria_for([EVERY, FAILED], ["add", "divide"], protocol)
    assert names(judged) == ["operation_add_ms", "operation_divide_ms", "http_req_failed"]
    assert notes == ()


def test_where_there_are_no_sessions_criteria_on_them_are_left_out_and_told() -> None:
    assert criteria_for([SESSIONS, FAILED], [], "2025-11-25") == ((SESSIONS, FAILED), ())
    judged, notes = criteria_for([SESSIONS, FAILED], [], "2026-07-28")
    assert names(judged) == ["http_req_failed"]
    assert notes == ("MCP 2026-07-28 has no sessions, so this was not judged: mcp_session_creation_ms: p(95)<100.",)


def test_a_plan_about_sessions_alone_is_not_passed_by_judging_nothing() -> None:
    assert criteria_for([SESSIONS], [], "2026-07-28") == ((SESSIONS,), ())


def load(url: str, protocol: str) -> RunResult:
    """Two seconds of the plan load."""
    options = RunOptions.model_validate({"url": url, "scale": 0.002, "protocol": protocol, "seed": 1})
    plan = options.plan_of(load_suite("load"), ["load"])
    return asyncio.run(Engine(plan, AiohttpTransport, SystemClock(), Silence()).run(Interruption()))


@pytest.mark.parametrize("protocol", ["2025-11-25", "2026-07-28"])
def test_the_plan_load_can_be_run_in_both_eras(protocol: str) -> None:
    with running_server("calculator") as server:
        result = load(server.url, protocol)
    by_metric = {verdict.threshold.metric: verdict for verdict in result.verdicts}
    report = render_text(result)
    assert len(by_metric) > 5
    assert ("mcp_session_creation_ms" in by_metric) == (protocol == "2025-11-25")
    assert ("so this was not judged: mcp_session_creation_ms" in " ".join(report.split())) == (protocol == "2026-07-28")
    assert [check.name for check in result.measured.checks if check.name.startswith("initialize")] == (
        ["initialize: status is 200", "initialize: has session header"] if protocol == "2025-11-25" else []
    )
