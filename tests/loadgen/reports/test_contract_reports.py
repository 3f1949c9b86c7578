"""Reports of contract checks: text for people, JSON for machines, JUnit for test pages."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from loadgen.contract.finding import Finding
from loadgen.contract.report import CheckRun, ContractReport
from loadgen.reports.contract_json import render_contract_json
from loadgen.reports.contract_junit import render_contract_junit
from loadgen.reports.contract_text import render_contract_text
from tests.support.sample_check import FAILED, PASSED, UNFINISHED

HOSTILE = replace(
    PASSED,
    server="evil \x1b[2J\x00 " + "x" * 300,
    runs=(CheckRun("surface", 1, (Finding("identity.name", "server.name", "the name is \x1b[31m\x00]]> <&'\ud800"),)),),
)


def test_the_text_has_the_worst_first_and_the_verdict_last() -> None:
    text = render_contract_text(FAILED)
    order = [text.index(word) for word in ("MUST: what breaks", "SHOULD: what", "INFO: what", "Checks\n", "Left out")]
    assert order == sorted(order)
    assert text.splitlines()[-1].startswith("FAIL: 1 finding of level must")
    assert "results.schema: A result does not fit the tool's outputSchema" in text
    assert "[server/tools, Output Schema]" in text


def test_the_text_says_what_was_looked_at_left_out_and_told() -> None:
    text = render_contract_text(UNFINISHED)
    assert "properties" not in text
    assert "modern-errors                 32       -       -       2    0.00 s" in text
    assert "concurrency                    3       -       -       -    0.00 s  *" in text
    assert "* concurrency: not made to its end: the time of --deadline was over" in text
    assert "modern-errors: 2025-03-26, the version with batches, is not served" in text
    assert "during-load: load quick, 500 calls: PASS" in text


@pytest.mark.parametrize("report", [PASSED, FAILED, UNFINISHED, HOSTILE])
@pytest.mark.parametrize("everything", [False, True])
def test_no_line_of_the_text_is_longer_than_80(report: ContractReport, everything: bool) -> None:
    assert max(map(len, render_contract_text(report, everything=everything).splitlines())) <= 80


def test_what_does_not_fail_the_check_is_shortened_unless_everything_is_asked_for() -> None:
    assert "and 1 more; --verbose lists them" in render_contract_text(PASSED)
    assert "2026-07-28: an unknown tool" not in render_contract_text(PASSED)
    assert "2026-07-28: an unknown tool" in render_contract_text(PASSED, everything=True)
    assert "more; --verbose" not in render_contract_text(replace(PASSED, fail_on="info"))


def test_an_interrupted_check_says_so_at_once() -> None:
    assert "INTERRUPTED" in render_contract_text(replace(PASSED, interrupted=True)).splitlines()[1]


def test_the_json_has_every_finding_with_its_level_and_section() -> None:
    document = json.loads(render_contract_json(FAILED))
    assert (document["version"], document["kind"]) == (1, "contract-check")
    assert document["gate"] == {
        "fail_on": "must",
        "verdict": "fail",
        "passed": False,
        "sentence": "FAIL: 1 finding of level must or worse; found: 1 must, 1 should, 2 info",
    }
    assert [(each["code"], each["level"], each["fails"]) for each in document["findings"]] == [
        ("results.schema", "must", True),
        ("lists.cursor", "should", False),
        ("fastmcp.unknown-tool", "info", False),
        ("fastmcp.unknown-tool", "info", False),
    ]
    assert document["findings"][0]["section"] == "server/tools, Output Schema"
    assert document["counts"] == {"must": 1, "should": 1, "info": 2}
    assert [check["looked_at"] for check in document["checks"]] == [19, 32, 100, 560]
    assert document["command"][:3] == ["mcp-load", "contract", "check"]


def junit(report: ContractReport) -> ET.Element:
    return ET.fromstring(render_contract_junit(report))


def test_the_junit_page_is_red_exactly_when_the_check_did_not_pass() -> None:
    assert junit(PASSED).attrib["failures"] == "0"
    failed = junit(FAILED)
    red = [case.attrib["name"] for case in failed if case.find("failure") is not None]
    assert red == ["verdict", "results.schema: tools.add.outputSchema"]
    assert failed.attrib["failures"] == "2"
    incomplete = junit(UNFINISHED)
    assert [case.attrib["name"] for case in incomplete if case.find("failure") is not None] == ["verdict"]
    assert [case.attrib["name"] for case in incomplete if case.find("skipped") is not None] == ["concurrency"]
    assert [
        case.attrib["name"] for case in junit(replace(PASSED, interrupted=True)) if case.find("failure") is not None
    ] == ["verdict"]


def test_findings_that_fail_nothing_are_notes() -> None:
    cases = junit(PASSED).findall("testcase")
    notes = [case.findtext("system-out") or "" for case in cases if "fastmcp" in case.attrib["name"]]
    assert len(notes) == 2
    assert "error -32602 expected" in notes[0]


def test_words_of_a_server_break_no_report() -> None:
    assert "\x00" not in json.loads(render_contract_json(HOSTILE))["findings"][0]["sentence"]
    assert junit(HOSTILE).attrib["failures"] == "2"
