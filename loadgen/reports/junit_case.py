"""Test cases of JUnit XML, and the suite that they make up."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the test page; `failure` is the sentence why it is red, `note` what else there is to say.

    `skipped` is the sentence why nothing can be said.
    """

    group: str
    name: str
    failure: str = ""
    note: str = ""
    skipped: str = ""


def render_suite(
    name: str, cases: Sequence[Case], properties: Iterable[tuple[str, str]], seconds: float, started_at: str
) -> bytes:
    """One suite, called `name` after the command, as a file; without a time if `started_at` is empty."""
    suite = ET.Element(
        "testsuite",
        name=f"mcp-load {name}",
        tests=str(len(cases)),
        failures=str(sum(bool(case.failure) for case in cases)),
        errors="0",
        skipped=str(sum(bool(case.skipped) for case in cases)),
        time=f"{seconds:.3f}",
    )
    if started_at:
        suite.set("timestamp", re.sub(r"(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$", "", started_at))
    listed = ET.SubElement(suite, "properties")
    for key, value in properties:
        ET.SubElement(listed, "property", name=key, value=value)
    for case in cases:
        suite.append(_element(case, name))
    ET.indent(suite)
    written: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _element(case: Case, name: str) -> ET.Element:
    made = ET.Element("testcase", classname=f"mcp-load.{name}.{case.group}", name=case.name, time="0")
    if case.failure:
        ET.SubElement(made, "failure", message=case.failure, type=case.group).text = case.failure
    if case.skipped:
        ET.SubElement(made, "skipped", message=case.skipped)
    if case.note:
        ET.SubElement(made, "system-out").text = case.note
    return made
