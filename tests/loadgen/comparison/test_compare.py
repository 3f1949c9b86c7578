from typing import Any

import pytest

from formats.errors import InvalidInput
from loadgen.comparison.compare import compare
from loadgen.comparison.limit import parse_limit
from loadgen.comparison.run import Generator, PlanName, Side
from tests.support.sides import run, side


def problems(baseline: Side, current: Side, *limits: str, **allowed: bool) -> tuple[str, ...]:
    with pytest.raises(InvalidInput) as caught:
        compare(baseline, current, [parse_limit(limit) for limit in limits], **allowed)
    return caught.value.problems


def notes(baseline: Side, current: Side, **allowed: bool) -> str:
    return "\n".join(compare(baseline, current, (), **allowed).notes)


def test_a_side_compared_with_itself_has_no_differences() -> None:
    same = compare(side(10, 11), side(10, 11))
    assert {row.estimate and row.estimate.difference for row in same.rows} == {0}
    assert same.passed
    assert "The same on both sides: run side0, side1." in same.notes


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"plan": PlanName(name="load")}, 'plan is "none" in a0.json and "load" in b0.json'),
        ({"plan": PlanName(name="none", scale=0.5)}, 'scale is "1" in a0.json and "0.5" in b0.json'),
        ({"workload": "payments"}, 'workload is "calculator" in a0.json and "payments" in b0.json'),
        ({"mix": "add 50 %"}, 'mix is "add 100 %" in a0.json and "add 50 %" in b0.json'),
        ({"load": "9 users"}, 'load is "10 virtual users for 30s" in a0.json and "9 users" in b0.json'),
        ({"protocol": "2026-07-28"}, 'protocol is "2025-11-25" in a0.json and "2026-07-28" in b0.json'),
    ],
)
def test_different_plans_are_refused_unless_wanted(changes: dict[str, Any], named: str) -> None:
    baseline, current = side(10, name="a"), side(11, name="b", **changes)
    assert problems(baseline, current) == (
        f"these are runs of different plans: {named}; --different-plans compares them all the same",
    )
    assert f"Different plans: {named}." in notes(baseline, current, different_plans=True)


def test_runs_of_one_side_must_be_of_one_plan_too() -> None:
    mixed = Side("a", (*side(10, name="a").runs, *side(11, name="b", load="9 users").runs))
    assert "load is" in problems(mixed, side(12, name="c"))[0]


def test_server_and_url_may_differ() -> None:
    assert "Different" not in notes(side(10), side(10, server="another", url="http://127.0.0.1:9000/mcp"))


def test_interrupted_runs_are_refused_unless_wanted() -> None:
    baseline, current = side(10, name="a", interrupted=True), side(11, name="b")
    assert problems(baseline, current) == ("a0.json was interrupted; --interrupted-runs compares what there is",)
    assert "a0.json was interrupted: figures up to then." in notes(baseline, current, interrupted_runs=True)


def test_runs_that_a_criterion_aborted_are_refused_like_interrupted_ones() -> None:
    plan = PlanName(name="load", aborted="http_req_failed: rate<0.5")
    baseline, current = side(10, name="a", plan=PlanName(name="load")), side(11, name="b", plan=plan)
    assert problems(baseline, current) == (
        "b0.json was aborted by http_req_failed: rate<0.5; --interrupted-runs compares what there is",
    )
    assert compare(baseline, current, interrupted_runs=True).passed


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = problems(side(10, name="a", interrupted=True), side(11, name="b", load="9"), "vus:avg>+1%", "nons:avg>+1ms")
    assert [problem.split()[0] for problem in found] == ["these", "a0.json", "--fail-on:", "--fail-on:"]


def test_one_run_each_is_said() -> None:
    assert "One run each: no interval" in notes(side(10, name="a"), side(11, name="b"))
    assert "no interval" not in notes(side(10, 11, name="a"), side(11, 12, name="b"))


def test_one_run_against_several_is_said_with_what_is_taken_for_granted() -> None:
    assert "The current side is one run; it is taken to vary as much" in notes(side(1, 2, name="a"), side(2, name="b"))


def test_a_generator_that_was_the_limit_is_named_with_its_reason() -> None:
    limited = Generator(limited=True, reason="its event loop was late")
    said = notes(side(10, name="a"), side(11, name="b", generator=limited))
    assert "generator_limited (current, b0.json): its event loop was late." in said
    assert "not the server's alone" in said


def test_a_limit_that_is_broken_or_has_no_data_fails_the_comparison() -> None:
    def passed(limit: str) -> bool:
        return compare(side(10, name="a"), side(12, name="b"), [parse_limit(limit)]).passed

    assert passed("p95>+30%")
    assert not passed("p95>+10%")
    assert not passed("mcp_session_creation_ms:avg>+10%")


def test_without_limits_it_passes() -> None:
    assert compare(Side("a", (run(),)), side(99)).passed
