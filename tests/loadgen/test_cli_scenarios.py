"""`mcp-load scenarios`, as a command."""

import subprocess
import sys
from pathlib import Path

import pytest

MCP_LOAD = Path(sys.executable).parent / "mcp-load"
SCENARIOS = Path(__file__).resolve().parents[2] / "fixtures" / "scenarios"


def mcp_load(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([MCP_LOAD, *words], check=False, capture_output=True, text=True, timeout=60)


def test_scenarios_lists_every_plan_in_80_columns() -> None:
    done = mcp_load("scenarios")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split("  ") for line in done.stdout.splitlines()[:8]]
    assert [[cell.strip() for cell in line if cell] for line in lines] == [
        ["plan", "time", "load", "criteria"],
        ["benchmark", "5m", "1 virtual user, 17 scenarios", "1"],
        ["endurance", "2h10m", "0 to 50 virtual users", "2, 2 stretch"],
        ["load", "13m", "0 to 100 virtual users", "11, 3 stretch"],
        ["quick", "30s", "10 virtual users", "2"],
        ["spike", "12m", "10 to 200 virtual users", "1"],
        ["stress", "about 21m", "100 to 800 virtual users", "1, 1 stretch"],
        ["targets", "3m", "1,000 to 10,000 calls/s, 3 scenarios", "9"],
    ]
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: str(path.stem))
def test_show_prints_the_file_itself(path: Path) -> None:
    done = mcp_load("scenarios", "show", path.stem)
    assert (done.returncode, done.stdout, done.stderr) == (0, path.read_text(), "")


def test_show_takes_a_file_too_and_lists_the_names_when_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("# not even a plan\n")
    assert mcp_load("scenarios", "show", str(tmp_path / "mine.yaml")).stdout == "# not even a plan\n"
    done = mcp_load("scenarios", "show", "laod")
    assert (done.returncode, done.stdout) == (2, "")
    assert "(bundled: benchmark, endurance, load, quick, spike, stress, targets)" in done.stderr


def test_help_names_both(capfd: pytest.CaptureFixture[str]) -> None:
    subprocess.run([MCP_LOAD, "scenarios", "--help"], check=True, timeout=60)
    assert "show" in capfd.readouterr().out
