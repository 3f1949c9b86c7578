"""A run as JUnit XML, for the test pages of CI services: red whenever the run did not pass."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from .clean import clean
from .junit_case import Case, render_suite
from .units import percent, target, threshold_limit, threshold_measured, threshold_name


def render_junit(document: Mapping[str, Any]) -> bytes:
    """One suite with a case for the verdict and each threshold, finding with a target, and check."""
    document = clean(document)
    plan = _name(document)
    cases = [_verdict(document), *_thresholds(document), *_findings(document), *_checks(document)]
    return render_suite(plan, cases, _properties(document), document["duration_seconds"], document["started_at"])


def _name(document: Mapping[str, Any]) -> str:
    plan = document.get("plan")
    name: str = plan["name"] if plan else document["workload"]
    return name


def _passed(document: Mapping[str, Any]) -> bool:
    passed: bool = (document.get("verdict") or document["gate"])["passed"] and not document["interrupted"]
    return passed


def _properties(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("url", "server", "protocol", "seed", "run_id", "load"):
        yield name, str(document[name] or "")
    plan = document.get("plan")
    if plan and plan["scale"] != 1:
        yield "scale", str(plan["scale"])
    yield "command", shlex.join(document["command"])


def _verdict(document: Mapping[str, Any]) -> Case:
    verdict = document.get("verdict")
    requests, least = document["requests"], document["gate"]["min_success_percent"] or 0
    rate = percent(requests["successful"], requests["total"], decimals=4)
    sentence = verdict["sentence"] if verdict else f"success rate {rate}, at least {least:g} % wanted"
    if document["interrupted"]:
        sentence = f"interrupted, figures up to then: {sentence}"
    generator = document["generator"] or {}
    notes = [f"generator limited: {generator['reason']}"] if generator.get("limited") else []
    notes += [sentence] if _passed(document) else []
    return Case("verdict", "verdict", "" if _passed(document) else sentence, "\n".join(notes))


def _thresholds(document: Mapping[str, Any]) -> Iterator[Case]:
    for threshold in document.get("thresholds") or ():
        name, status = threshold_name(threshold), threshold["status"]
        told = f"measured {threshold_measured(threshold)}, limit {threshold_limit(threshold)}"
        if threshold["stretch"]:
            met = "met" if status == "pass" else "not met"
            yield Case("thresholds", f"{name} (stretch goal)", note=f"stretch goal {met}: {told}")
        elif status == "pass":
            yield Case("thresholds", name, note=told)
        else:
            yield Case("thresholds", name, f"{status}: {told}")


def _findings(document: Mapping[str, Any]) -> Iterator[Case]:
    for finding in document.get("findings") or ():
        if finding["target"] is None:
            continue
        told = f"{finding['sentence']} ({'stretch goal' if finding.get('stretch') else 'target'} {target(finding)})"
        if finding["status"] in {"fail", "no data"} and not finding.get("stretch"):
            yield Case("findings", finding["name"], f"{finding['status']}: {told}")
        else:
            yield Case("findings", finding["name"], note=f"{finding['status']}: {told}")


def _checks(document: Mapping[str, Any]) -> Iterator[Case]:
    """A check that failed now and then is a note when the plan's criteria put up with it: the exit code does, too."""
    for check in document.get("checks") or ():
        passes, fails = check["passes"], check["fails"]
        told = f"{fails:,} of {passes + fails:,} failed"
        if not passes + fails:
            yield Case("checks", check["name"], "no data: it was never made")
        elif fails and not _passed(document):
            yield Case("checks", check["name"], told)
        else:
            yield Case("checks", check["name"], note=told if fails else "")
