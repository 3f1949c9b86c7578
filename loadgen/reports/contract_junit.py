"""A contract check as JUnit XML: red whenever the check did not pass."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ..contract.report import ContractReport
from .clean import clean
from .contract_json import contract_check_document
from .junit_case import Case, render_suite


def render_contract_junit(report: ContractReport) -> bytes:
    """One suite with a case for the verdict, each check, and each finding; findings that do not fail it are notes."""
    document: Mapping[str, Any] = clean(contract_check_document(report))
    cases = [_verdict(document), *_checks(document), *_findings(document)]
    return render_suite("contract", cases, _properties(document), report.seconds, report.started_at)


def _properties(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("url", "server", "contract", "seed"):
        yield name, str(document[name] or "")
    yield "protocol_versions", " ".join(document["protocol_versions"])
    yield "command", shlex.join(document["command"])


def _verdict(document: Mapping[str, Any]) -> Case:
    gate = document["gate"]
    passed = gate["passed"] and not document["interrupted"]
    return Case("verdict", "verdict", "" if passed else gate["sentence"], gate["sentence"] if passed else "")


def _checks(document: Mapping[str, Any]) -> Iterator[Case]:
    for check in document["checks"]:
        note = "\n".join([f"looked at {check['looked_at']:,}", *check["skipped"], *check["remarks"]])
        yield Case("checks", check["name"], note=note, skipped=check["unfinished"] or "")


def _findings(document: Mapping[str, Any]) -> Iterator[Case]:
    for finding in document["findings"]:
        told = f"{finding['title']}: {finding['sentence']} [{finding['section']}]"
        name = f"{finding['code']}: {finding['where']}"
        group = f"findings.{finding['level']}"
        yield Case(group, name, told) if finding["fails"] else Case(group, name, note=told)
