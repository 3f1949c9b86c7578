"""The registry: every code is whole, in its place in the documents, and used."""

import re
from pathlib import Path

import pytest

from loadgen.contract.codes import CODES, LEVELS, Code
from loadgen.reports.contract_text import render_codes

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [path for path in (ROOT / "loadgen").rglob("*.py") if path.name != "codes.py"]


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_a_code_is_whole(code: Code) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z-]+", code.name)
    assert code.level in LEVELS
    assert code.title
    assert code.section
    assert not code.title.endswith(".")


def test_deviations_of_fastmcp_are_told_apart_and_are_no_failures() -> None:
    assert {code.level for code in CODES.values() if code.name.startswith("fastmcp.")} == {"info"}


def test_every_code_that_is_found_is_registered_and_every_registered_one_can_be_found() -> None:
    text = "\n".join(path.read_text() for path in SOURCES)
    assert {name for name in CODES if f'"{name}"' not in text} == set()


def test_the_document_has_the_registry_as_its_table() -> None:
    document = (ROOT / "docs" / "contracts.md").read_text()
    rows = re.findall(r"^\| `([a-z.-]+)` \| (\w+) \| (.+?) \| (.+?) \|$", document, re.MULTILINE)
    assert rows == [(code.name, code.level, code.title, code.section) for code in CODES.values()]


def test_the_codes_can_be_listed() -> None:
    listed = render_codes()
    assert all(name in listed for name in CODES)
    assert max(map(len, listed.splitlines())) <= 80
