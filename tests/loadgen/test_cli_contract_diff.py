import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from formats.fixtures import find_fixture
from loadgen.cli import main
from tests.support.contracts import NEW, OLD, milder, written

Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "contract-diff.md").read_text()


def diffed(*arguments: object) -> int:
    return main(["contract", "diff", *map(str, arguments)])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return written(tmp_path / "old.json", OLD)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return written(tmp_path / "new.json", NEW)


def test_two_contracts_are_compared_by_the_command(old: Path, new: Path) -> None:
    command = [sys.executable, "-m", "loadgen", "contract", "diff", str(old), str(new)]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (99, "")
    assert done.stdout.splitlines()[-1].startswith("FAIL: 2 breaking, 1 unknown")


@pytest.mark.parametrize(
    ("worst", "fail_on", "code"),
    [
        ("breaking", "breaking", 99),
        ("unknown", "breaking", 0),
        ("unknown", "unknown", 99),
        ("unknown", "review", 99),
        ("review", "unknown", 0),
        ("review", "review", 99),
        ("compatible", "review", 0),
    ],
)
def test_the_exit_code_says_whether_a_change_is_too_much(
    tmp_path: Path, old: Path, worst: str, fail_on: str, code: int, capsys: Captured
) -> None:
    other = written(tmp_path / "other.json", NEW if worst == "breaking" else milder(worst))
    assert diffed(old, other, "--fail-on", fail_on, "--format", "json") == code
    document = json.loads(capsys.readouterr().out)
    assert document["changes"][0]["kind"] == worst
    assert document["gate"]["passed"] is (code == 0)


def test_without_a_flag_only_what_breaks_fails(tmp_path: Path, old: Path, new: Path) -> None:
    assert diffed(old, written(tmp_path / "other.json", milder("unknown"))) == 0
    assert diffed(old, new) == 99


def test_a_contract_does_not_differ_from_itself(old: Path, capsys: Captured) -> None:
    assert diffed(old, old, "--fail-on", "review") == 0
    assert capsys.readouterr().out.endswith("\nPASS: nothing changed\n")


def test_reports_are_saved_where_they_are_wanted(tmp_path: Path, old: Path, new: Path, capsys: Captured) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("json", "junit", "markdown", "text")}
    flags = [word for kind, file in files.items() for word in ("--out", f"{kind}={file}")]
    assert diffed(old, new, *flags) == 99
    assert files["text"].read_text() == capsys.readouterr().out
    assert json.loads(files["json"].read_bytes())["kind"] == "contract-diff"
    assert ET.fromstring(files["junit"].read_bytes()).tag == "testsuite"
    assert files["markdown"].read_text().startswith("### MCP contract diff: shop 1.0")


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_other_formats_are_printed_when_they_are_wanted(old: Path, new: Path, form: str, capsys: Captured) -> None:
    assert diffed(old, new, "--format", form) == 99
    assert capsys.readouterr().out.startswith("{" if form == "json" else "### ")


def test_a_bundled_contract_is_called_by_its_name(capsys: Captured) -> None:
    assert diffed("calculator", "payments") == 99
    assert "tools.add" in capsys.readouterr().out
    assert diffed("calculator", find_fixture("contracts", "calculator", ".json")) == 0


BAD: list[tuple[Any, str]] = [
    (None, "there is no such file, and no bundled one of that name in contracts"),
    ("{", "not valid JSON"),
    ({**OLD, "server": {}}, "server.name is required"),
    ({**OLD, "tools": {}}, "tools should be a list"),
    ({**OLD, "tool": []}, "tool is not known (did you mean tools?)"),
]


@pytest.mark.parametrize(("content", "complaint"), BAD)
def test_a_file_that_is_no_contract_is_named_in_a_sentence(
    tmp_path: Path, old: Path, content: Any, complaint: str, capsys: Captured
) -> None:
    bad = tmp_path / "bad.json"
    if content is not None:
        bad.write_text(content if isinstance(content, str) else json.dumps(content))
    for order in ((old, bad), (bad, old)):
        assert diffed(*order) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert line.startswith(f"mcp-load: {bad}")
        assert complaint in line


def test_bad_files_of_both_sides_are_named_at_once(tmp_path: Path, capsys: Captured) -> None:
    assert diffed(tmp_path / "a", tmp_path / "b") == 2
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == [f"{tmp_path}/a:", f"{tmp_path}/b:"]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--fail-on", "compatible"], "--fail-on should be"),
        (["--format", "junit"], "--format should be"),
        (["--out", "html=x"], "--out should be json=FILE, junit=FILE, markdown=FILE or text=FILE"),
        (["--out", "json=none/x"], "--out none/x cannot be written: No such file or directory"),
        (["--out", "json=x", "--out", "text=./x"], "--out should name each file once"),
        (["--out", "json=old.json"], "--out json=old.json would replace a contract that is compared"),
        (["--verbose"], "--verbose is not known"),
    ],
)
def test_bad_flags_are_refused_and_nothing_is_written(
    tmp_path: Path,
    old: Path,
    new: Path,
    flags: list[str],
    complaint: str,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert diffed(old.name, new.name, *flags) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"mcp-load: {complaint}")
    assert captured.out == ""
    assert not (tmp_path / "x").exists()
    assert json.loads(old.read_text()) == OLD


def test_both_contracts_are_required(old: Path, capsys: Captured) -> None:
    assert diffed(old) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_help_and_the_page_name_every_flag(capsys: Captured) -> None:
    assert diffed("--help") == 0
    text = capsys.readouterr().out
    for flag in ("--fail-on", "--format", "--out"):
        assert flag in text
        assert f"`{flag}`" in DOCS


def test_the_report_of_the_page_is_what_its_contracts_give(tmp_path: Path, capsys: Captured) -> None:
    old, new = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)[:2])
    written(tmp_path / "old.json", old)
    written(tmp_path / "new.json", new)
    diffed(tmp_path / "old.json", tmp_path / "new.json")
    (report,) = re.findall(r"```text\n(.*?)```", DOCS, re.DOTALL)
    assert report in capsys.readouterr().out
