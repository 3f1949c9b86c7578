import json
from typing import Any

from loadgen.comparison.compare import compare
from loadgen.comparison.limit import parse_limit
from loadgen.comparison.run import PlanName, Side
from loadgen.reports.compare_json import render_comparison_json
from tests.support.sides import side


def document(baseline: Side, current: Side, *limits: str) -> Any:
    return json.loads(render_comparison_json(compare(baseline, current, [parse_limit(limit) for limit in limits])))


def row(document: Any, metric: str, aggregation: str) -> Any:
    (one,) = [row for row in document["rows"] if (row["metric"], row["aggregation"]) == (metric, aggregation)]
    return one


def test_it_holds_every_figure_with_its_intervals() -> None:
    found = document(side(10, 12, name="a"), side(20, 22, name="b"))
    assert (found["version"], found["kind"], found["confidence"]) == (1, "comparison", 0.95)
    one = row(found, "mcp_tool_call_duration_ms", "p(95)")
    assert (one["baseline"], one["current"], one["difference"], one["unit"]) == (11, 21, 10, "ms")
    low, high = one["difference_interval"]
    assert low < 10 < high
    assert one["changed"] is True
    assert row(found, "iterations", "rate")["difference"] == 0


def test_with_one_run_each_what_would_need_an_interval_is_null() -> None:
    found = document(side(10, name="a"), side(20, name="b"))
    one = row(found, "mcp_tool_call_duration_ms", "p(95)")
    assert found["confidence"] is one["difference_interval"] is one["percent_interval"] is one["changed"] is None
    assert one["percent"] == 100


def test_it_says_what_was_judged_and_how() -> None:
    found = document(side(10, name="a"), side(20, name="b"), "p95>+10%", "mcp_session_creation_ms:avg>+1ms")
    assert [(limit["status"], limit["judged_by"]) for limit in found["limits"]] == [
        ("fail", "difference"),
        ("no data", None),
    ]
    assert found["gate"] == {"passed": False, "judged": True}


def test_it_names_the_runs_of_each_side() -> None:
    found = document(side(10, 11, name="a"), side(20, name="b"))
    assert [run["run_id"] for run in found["baseline"]["runs"]] == ["a0", "a1"]
    one = found["current"]["runs"][0]
    assert (one["load"], one["plan"], one["scale"]) == ("10 virtual users for 30s", None, None)


def test_it_names_the_plan_of_each_run() -> None:
    plan = PlanName(name="load", scale=0.02)
    found = document(side(10, name="a", plan=plan), side(10, name="b", plan=plan))
    assert [(run["plan"], run["scale"]) for run in found["baseline"]["runs"]] == [("load", 0.02)]
