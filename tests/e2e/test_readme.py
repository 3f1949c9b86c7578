"""The README's commands, run as they stand there; only ports are exchanged for free ones."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from formats.fixtures import bundled_fixtures
from servers.testing import running_server

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent


def section(title: str) -> str:
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def blocks(title: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL)


LOADS = [
    line
    for title in ("Load my server", "Load any MCP server")
    for block in blocks(title, "sh")
    for line in block.splitlines()
]
SCENARIOS, QUICK, LOAD = blocks("Performance tests", "sh")[0].splitlines()
(CLIENT,) = blocks("Develop my client against it", "python")


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """Both servers, by name."""
    with running_server("payments") as payments, running_server("calculator") as calculator:
        yield {"payments": payments.url, "calculator": calculator.url}


def run(command: list[str], folder: Path, **env: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | env, check=False, capture_output=True, text=True, timeout=80
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("line", LOADS)
def test_a_load_command_passes_against_the_server_it_is_for(line: str, urls: dict[str, str], tmp_path: Path) -> None:
    program, name, *flags = shlex.split(line.replace("http://127.0.0.1:8100", urls["calculator"]))
    assert program == ".venv/bin/mcp-load"
    report = run([str(BIN / "mcp-load"), name, *flags], tmp_path, SERVER_URL=urls.get(name, ""))
    assert re.search(r"Failed: +0\n", report)
    assert "PASS" in report
    for file in re.findall(r"--json (\S+)", line):
        assert (tmp_path / file).stat().st_size > 0


def test_the_performance_tests_run_shortened_and_leave_their_files(urls: dict[str, str], tmp_path: Path) -> None:
    def report(line: str) -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "mcp-load"), *shlex.split(line)[1:]]
        env = os.environ | {"SERVER_URL": urls["calculator"], "TEST_DURATION": "1s"}
        return subprocess.run(command, cwd=tmp_path, env=env, check=False, capture_output=True, text=True, timeout=80)

    assert set(bundled_fixtures("scenarios")) <= set(report(SCENARIOS).stdout.split())
    assert "quick: PASS: 2 of 2 criteria met" in report(QUICK).stdout
    done = report(LOAD.replace("--scale 0.05", "--scale 0.002"))
    assert done.returncode in (0, 99), done.stderr  # so short a run may miss criteria
    assert re.search(r"^load: (?:PASS|FAIL): \d+ of 11 criteria met$", done.stdout, re.MULTILINE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["load.html", "load.json"]


@pytest.mark.parametrize("document", ["README.md", "docs/performance.md", "docs/plans.md"])
def test_the_table_of_plans_has_every_plan(document: str) -> None:
    rows = re.findall(r"^\|.*?`([a-z]+)`(?:,| \|)", (ROOT / document).read_text(), re.MULTILINE)
    assert set(bundled_fixtures("scenarios")) <= set(rows)


def test_the_client_example_prints_a_payment_its_replay_and_a_declined_one(
    urls: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "example.py").write_text(CLIENT.replace("http://127.0.0.1:8000/mcp", urls["payments"]))
    made, replayed, declined = run([sys.executable, "example.py"], tmp_path).splitlines()
    assert "'status': 'succeeded'" in made
    assert "'replayed': True" in replayed
    assert "'status': 'declined'" in declined


@pytest.mark.parametrize("name", ["payments", "calculator"])
def test_the_serve_commands_start_what_they_say(name: str) -> None:
    assert f".venv/bin/mcp-serve {name}\n" in README or f"`.venv/bin/mcp-serve {name}`" in README
    command = [str(BIN / "mcp-serve"), name, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith(f"{name} MCP server: http://127.0.0.1:")
        finally:
            server.terminate()


def test_a_part_of_the_demo_that_does_not_end_is_told_in_a_sentence() -> None:
    hurried = "import demo; demo.SECONDS_TO_RUN = 0.01; demo.main()"
    done = subprocess.run(
        [sys.executable, "-c", hurried], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "demo: mcp-load payments did not end within 0.01 s\n")


def test_the_demo_passes_and_prints_both_reports_with_nothing_failed() -> None:
    report = run([sys.executable, "demo.py"], ROOT)
    assert re.findall(r"MCP load test: (\w+)", report) == ["payments", "quick"]
    assert re.findall(r"Failed: +(\d+)", report) == ["0"]
    assert "quick: PASS: 2 of 2 criteria met" in report
    assert re.findall(r"^Contract +(\w+)$", report, re.MULTILINE) == ["payments", "calculator"]
    assert report.count("PASS: the server keeps the contract") == 2
    assert "Where to look next" in report


def test_the_check_of_a_contract_passes(urls: dict[str, str], tmp_path: Path) -> None:
    (block,) = blocks("Check what it promises", "sh")
    program, *flags = shlex.split(block.replace("http://127.0.0.1:8100", urls["calculator"]))
    assert program == ".venv/bin/mcp-load"
    assert "PASS: the server keeps the contract" in run([str(BIN / "mcp-load"), *flags, "--timeout", "60s"], tmp_path)


def test_every_file_that_the_documents_point_to_is_there() -> None:
    for document in [ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "fixtures" / "README.md"]:
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", README)) <= targets
