"""A contract check as JSON, for machines: `"version": 1`. Times are in seconds."""

from typing import Any

import orjson

from ..contract.codes import CODES
from ..contract.finding import Finding
from ..contract.report import ContractReport, count_by_level, fails
from .clean import clean

VERSION = 1


def render_contract_json(report: ContractReport) -> bytes:
    """Every finding and every check; UTF-8, indented, with a newline at the end."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(clean(contract_check_document(report)), option=options)


def contract_check_document(report: ContractReport) -> dict[str, Any]:
    """What `render_contract_json` writes, before it is cleaned."""
    return {
        "version": VERSION,
        "kind": "contract-check",
        "url": report.url,
        "server": report.server,
        "contract": report.contract,
        "protocol_versions": list(report.versions),
        "seed": report.seed,
        "command": list(report.command),
        "started_at": report.started_at,
        "duration_seconds": report.seconds,
        "interrupted": report.interrupted,
        "findings": [_finding(finding, report) for finding in report.findings],
        "counts": dict(count_by_level(report.findings)),
        "checks": [
            {
                "name": run.name,
                "looked_at": run.done,
                "counts": dict(count_by_level(run.findings)),
                "duration_seconds": run.seconds,
                "skipped": list(run.skipped),
                "remarks": list(run.remarks),
                "unfinished": run.unfinished,
            }
            for run in report.runs
        ],
        "notes": list(report.notes),
        "gate": {
            "fail_on": report.fail_on,
            "verdict": report.verdict,
            "passed": report.verdict == "pass",
            "sentence": report.sentence,
        },
    }


def _finding(finding: Finding, report: ContractReport) -> dict[str, Any]:
    code = CODES[finding.code]
    return {
        "code": code.name,
        "level": code.level,
        "title": code.title,
        "section": code.section,
        "where": finding.where,
        "sentence": finding.sentence,
        "fails": fails(finding, report.fail_on),
    }
