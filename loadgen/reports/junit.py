"""A run as JUnit XML, for the test pages of CI services: red whenever the run did not pass."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from .clean import clean
from .units import percent, target, threshold_limit, threshold_measured, threshold_name


@dataclass(frozen=True, slots=True)
class _Case:
    """One line of the test page; `failure` is the sentence why it is red, `note` what else there is to say."""

    group: str
    name: str
    failure: str = ""
    note: str = ""


def render_junit(document: Mapping[str, Any]) -> bytes:
    """One suite with a case for the verdict and each threshold, finding with a target, and check."""
    document = clean(document)
    plan = _name(document)
    cases = [_verdict(document), *_thresholds(document), *_findings(document), *_checks(document)]
    suite = ET.Element(
        "testsuite",
        name=f"mcp-load {plan}",
        tests=str(len(cases)),
        failures=str(sum(bool(case.failure) for case in cases)),
        errors="0",
        skipped="0",
        time=f"{document['duration_seconds']:.3f}",
        timestamp=re.sub(r"(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$", "", document["started_at"]),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(document):
        ET.SubElement(properties, "property", name=name, value=value)
    for case in cases:
        suite.append(_element(case, plan))
    ET.indent(suite)
    written: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _name(document: Mapping[str, Any]) -> str:
    plan = document.get("plan")
    name: str = plan["name"] if plan else document["workload"]
    return name


def _passed(document: Mapping[str, Any]) -> bool:
    passed: bool = (document.get("verdict") or document["gate"])["passed"] and not document["interrupted"]
    return passed


def _element(case: _Case, plan: str) -> ET.Element:
    made = ET.Element("testcase", classname=f"mcp-load.{plan}.{case.group}", name=case.name, time="0")
    if case.failure:
        ET.SubElement(made, "failure", message=case.failure, type=case.group).text = case.failure
    if case.note:
        ET.SubElement(made, "system-out").text = case.note
    return made


def _properties(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("url", "server", "protocol", "seed", "run_id", "load"):
        yield name, str(document[name] or "")
    plan = document.get("plan")
    if plan and plan["scale"] != 1:
        yield "scale", str(plan["scale"])
    yield "command", shlex.join(document["command"])


def _verdict(document: Mapping[str, Any]) -> _Case:
    verdict = document.get("verdict")
    requests, least = document["requests"], document["gate"]["min_success_percent"] or 0
    rate = percent(requests["successful"], requests["total"], decimals=4)
    sentence = verdict["sentence"] if verdict else f"success rate {rate}, at least {least:g} % wanted"
    if document["interrupted"]:
        sentence = f"interrupted, figures up to then: {sentence}"
    generator = document["generator"] or {}
    notes = [f"generator limited: {generator['reason']}"] if generator.get("limited") else []
    notes += [sentence] if _passed(document) else []
    return _Case("verdict", "verdict", "" if _passed(document) else sentence, "\n".join(notes))


def _thresholds(document: Mapping[str, Any]) -> Iterator[_Case]:
    for threshold in document.get("thresholds") or ():
        name, status = threshold_name(threshold), threshold["status"]
        told = f"measured {threshold_measured(threshold)}, limit {threshold_limit(threshold)}"
        if threshold["stretch"]:
            met = "met" if status == "pass" else "not met"
            yield _Case("thresholds", f"{name} (stretch goal)", note=f"stretch goal {met}: {told}")
        elif status == "pass":
            yield _Case("thresholds", name, note=told)
        else:
            yield _Case("thresholds", name, f"{status}: {told}")


def _findings(document: Mapping[str, Any]) -> Iterator[_Case]:
    for finding in document.get("findings") or ():
        if finding["target"] is None:
            continue
        told = f"{finding['sentence']} ({'stretch goal' if finding.get('stretch') else 'target'} {target(finding)})"
        if finding["status"] in {"fail", "no data"} and not finding.get("stretch"):
            yield _Case("findings", finding["name"], f"{finding['status']}: {told}")
        else:
            yield _Case("findings", finding["name"], note=f"{finding['status']}: {told}")


def _checks(document: Mapping[str, Any]) -> Iterator[_Case]:
    """A check that failed now and then is a note when the plan's criteria put up with it: the exit code does, too."""
    for check in document.get("checks") or ():
        passes, fails = check["passes"], check["fails"]
        told = f"{fails:,} of {passes + fails:,} failed"
        if not passes + fails:
            yield _Case("checks", check["name"], "no data: it was never made")
        elif fails and not _passed(document):
            yield _Case("checks", check["name"], told)
        else:
            yield _Case("checks", check["name"], note=told if fails else "")
