from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.reports.junit import render_junit
from tests.support.sample_result import plain_document, sample_document

SAMPLE = sample_document()
FINE = {
    "verdict": {"passed": True, "sentence": "load: passed 1 of 1 criteria"},
    "thresholds": [SAMPLE["thresholds"][0]],
    "findings": [],
    "checks": [],
}
PLAIN = plain_document()


def suite(**changes: Any) -> ET.Element:
    return ET.fromstring(render_junit(SAMPLE | changes))


def cases(made: ET.Element) -> dict[str, ET.Element]:
    return {case.attrib["name"]: case for case in made.iter("testcase")}


def failures(made: ET.Element) -> dict[str, str]:
    return {name: failed.attrib["message"] for name, case in cases(made).items() for failed in case.iter("failure")}


def note(case: ET.Element) -> str:
    return case.findtext("system-out") or ""


def threshold(**changes: Any) -> dict[str, Any]:
    changed: dict[str, Any] = SAMPLE["thresholds"][0] | changes
    return changed


def test_there_is_a_case_for_the_verdict_and_each_threshold_targeted_finding_and_check() -> None:
    groups = [case.attrib["classname"] for case in suite().iter("testcase")]
    counts = {
        group: groups.count(f"mcp-load.load.{group}") for group in ("verdict", "thresholds", "findings", "checks")
    }
    assert counts == {"verdict": 1, "thresholds": 14, "findings": 1, "checks": 4}


def test_the_suite_counts_its_cases_and_says_when_and_how_long() -> None:
    made = suite()
    assert made.attrib == {
        "name": "mcp-load load",
        "tests": "20",
        "failures": str(len(failures(made))),
        "errors": "0",
        "skipped": "0",
        "time": "780.400",
        "timestamp": "2026-03-02T09:30:00",
    }


def test_a_missed_threshold_is_a_failure_with_a_sentence() -> None:
    said = failures(suite())["mcp_tool_call_duration_ms: p(95)<50"]
    assert said == "fail: measured 55.71 ms, limit < 50 ms"


@pytest.mark.parametrize(
    ("measured", "status", "said"),
    [
        (None, "no data", "no data: measured no data, limit < 100 ms"),
        (54.0, "generator limited", "generator limited: measured 54.00 ms, limit < 100 ms"),
    ],
)
def test_what_could_not_be_judged_is_a_failure(measured: float | None, status: str, said: str) -> None:
    made = suite(thresholds=[threshold(measured=measured, status=status)])
    assert failures(made)["http_req_duration: p(95)<100"] == said


def test_a_stretch_goal_that_was_not_met_is_a_note() -> None:
    made = suite(**FINE | {"thresholds": [threshold(stretch=True, status="fail", measured=125.0)]})
    assert failures(made) == {}
    case = cases(made)["http_req_duration: p(95)<100 (stretch goal)"]
    assert note(case) == "stretch goal not met: measured 125.00 ms, limit < 100 ms"


@pytest.mark.parametrize("status", ["fail", "no data"])
def test_a_finding_that_misses_its_target_is_a_failure_unless_it_is_a_stretch_goal(status: str) -> None:
    finding = SAMPLE["findings"][0] | {"status": status}
    assert failures(suite(**FINE | {"findings": [finding]})) == {
        "recovery": f"{status}: the rate was back 2 s after the server's stop at 8:42 (target < 10 s)"
    }
    stretch = suite(**FINE | {"findings": [finding | {"stretch": True}]})
    assert failures(stretch) == {}
    assert note(cases(stretch)["recovery"]).endswith("(stretch goal < 10 s)")


def test_a_failed_check_is_a_failure_only_of_a_run_that_failed() -> None:
    check: dict[str, Any] = {"name": "tool call: status is 200", "passes": 999, "fails": 1}
    passed, failed = suite(**FINE | {"checks": [check]}), suite(checks=[check])
    assert failures(passed) == {}
    assert note(cases(passed)[check["name"]]) == "1 of 1,000 failed"
    assert failures(failed)[check["name"]] == "1 of 1,000 failed"


def test_a_check_that_was_never_made_is_a_failure() -> None:
    check: dict[str, Any] = {"name": "tool call: status is 200", "passes": 0, "fails": 0}
    assert failures(suite(**FINE | {"checks": [check]})) == {check["name"]: "no data: it was never made"}


def test_a_run_that_passed_is_green_and_one_that_was_interrupted_is_not() -> None:
    assert failures(suite(**FINE)) == {}
    said = failures(suite(**FINE | {"interrupted": True}))
    assert said == {"verdict": "interrupted, figures up to then: load: passed 1 of 1 criteria"}


def test_a_plain_command_has_its_gate_as_verdict() -> None:
    passed = ET.fromstring(render_junit(PLAIN))
    assert passed.attrib["name"] == "mcp-load calculator"
    assert list(cases(passed)) == ["verdict"]
    assert failures(passed) == {}
    failed = ET.fromstring(render_junit(PLAIN | {"gate": {"passed": False, "min_success_percent": 99.99}}))
    assert failures(failed)["verdict"].endswith(" %, at least 99.99 % wanted")


def test_a_limited_generator_is_noted_where_the_verdict_is() -> None:
    generator = SAMPLE["generator"] | {"limited": True, "reason": "it was late"}
    assert note(cases(suite(**FINE | {"generator": generator}))["verdict"]).startswith(
        "generator limited: it was late\n"
    )


def test_the_scale_and_the_command_to_repeat_the_run_are_properties() -> None:
    made = suite(plan=SAMPLE["plan"] | {"scale": 0.01})
    properties = {each.attrib["name"]: each.attrib["value"] for each in made.iter("property")}
    assert properties["scale"] == "0.01"
    assert properties["command"].startswith("mcp-load run load")


@given(st.text(st.characters(exclude_categories=[])))
def test_it_is_xml_whatever_a_server_says(text: str) -> None:
    render = render_junit(
        SAMPLE | {"server": text, "checks": [{"name": text, "passes": 0, "fails": 1}], "command": ["mcp-load", text]}
    )
    assert len(list(ET.fromstring(render).iter("testcase"))) == 17
