"""What becomes of a check: pass, fail, or incomplete, and what the process tells its caller."""

from dataclasses import replace

import pytest

from loadgen.commands.contract_check import exit_code
from loadgen.contract.codes import Level
from loadgen.contract.finding import Finding
from loadgen.contract.report import CheckRun, ContractReport
from tests.support.sample_check import FAILED, INFOS, MUST, PASSED, SHOULD, UNFINISHED


@pytest.mark.parametrize(
    ("report", "fail_on", "verdict", "code"),
    [
        (PASSED, "must", "pass", 0),
        (PASSED, "should", "pass", 0),
        (PASSED, "info", "fail", 99),
        (FAILED, "must", "fail", 99),
        (replace(FAILED, runs=(CheckRun("lists", 1, (SHOULD,)),)), "must", "pass", 0),
        (replace(FAILED, runs=(CheckRun("lists", 1, (SHOULD,)),)), "should", "fail", 99),
        (UNFINISHED, "must", "incomplete", 3),
        (replace(UNFINISHED, runs=(*UNFINISHED.runs, CheckRun("lists", 1, (MUST,)))), "must", "fail", 99),
        (replace(PASSED, runs=()), "must", "incomplete", 3),
        (replace(PASSED, runs=(CheckRun("surface", 0, ()),)), "must", "incomplete", 3),
        (replace(PASSED, interrupted=True), "must", "incomplete", 130),
        (replace(FAILED, interrupted=True), "must", "fail", 130),
    ],
)
def test_the_verdict_and_the_exit_code(report: ContractReport, fail_on: Level, verdict: str, code: int) -> None:
    judged = replace(report, fail_on=fail_on)
    assert (judged.verdict, exit_code(judged)) == (verdict, code)


def test_findings_come_the_worst_first_and_each_once() -> None:
    report = replace(PASSED, runs=(*PASSED.runs, CheckRun("again", 1, (*INFOS, SHOULD, MUST))))
    assert report.findings == (MUST, SHOULD, *INFOS)


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (PASSED, "PASS: the server keeps the contract; found: 2 info (--fail-on must)"),
        (
            replace(
                PASSED, runs=(CheckRun("examples", 1, (Finding("check.unproven", "examples", "there are none"),)),)
            ),
            (
                "PASS: the server keeps the contract as far as it could be checked (1 x check.unproven); "
                "found: 1 info (--fail-on must)"
            ),
        ),
        (FAILED, "FAIL: 1 finding of level must or worse; found: 1 must, 1 should, 2 info"),
        (UNFINISHED, "INCOMPLETE: not checked to the end: concurrency; found: 2 info"),
        (replace(PASSED, runs=()), "INCOMPLETE: not checked to the end: everything; found: nothing"),
        (
            replace(PASSED, interrupted=True),
            "INCOMPLETE: interrupted: not checked to the end: the checks without a line; found: 2 info",
        ),
        (
            replace(FAILED, interrupted=True),
            "FAIL: interrupted: 1 finding of level must or worse; found: 1 must, 1 should, 2 info",
        ),
    ],
)
def test_the_verdict_in_words(report: ContractReport, sentence: str) -> None:
    assert report.sentence == sentence
