"""Commands of the documents, run as they stand there but for ports and times; the workflow's steps, without GitHub."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.observe import free_port
from servers.testing import running_server

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BIN = Path(sys.executable).parent
WORKFLOW = (DOCS / "github-actions.yml").read_text()
STEPS: list[dict[str, Any]] = yaml.safe_load(WORKFLOW)["jobs"]["performance"]["steps"]
SHORT = {"TEST_DURATION": "300ms"}
PATH = f"{BIN}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def calculator() -> Iterator[str]:
    """Where a calculator listens."""
    with running_server("calculator") as server:
        yield server.url


def bash(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """What a step of a workflow does."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=folder, env=os.environ | SHORT | env, check=False, capture_output=True, text=True, timeout=80
    )


def lines(page: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_commands_about_performance_run_one_after_another(calculator: str, tmp_path: Path) -> None:
    said = []
    for line in lines("performance.md"):
        short = re.sub(r"run load", "run load --scale 0.001", line) + (
            f" --url {calculator}" if " run " in line else ""
        )
        done = bash(short, tmp_path, PATH=PATH)
        assert done.returncode in (0, 99), done.stderr  # so short a run may miss criteria and limits
        said.append(done.stdout)
    assert "quick: PASS: 2 of 2 criteria met" in said[0]
    assert len(re.findall(r"^load: (?:PASS|FAIL)", said[2] + said[3], re.MULTILINE)) == 6
    assert sorted(path.name for path in tmp_path.glob("*/*.json")) == sorted(
        2 * ["load-1.json", "load-2.json", "load-3.json"]
    )
    assert re.search(r"\d of 2 limits (?:not )?kept", said[4])


def test_the_commands_for_any_ci_server_run_one_after_another(calculator: str, tmp_path: Path) -> None:
    said = ""
    for line in lines("ci.md"):
        done = bash(line + (f" --url {calculator}" if " run " in line else ""), tmp_path, PATH=PATH)
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout
    assert said.startswith("#")
    assert {path.name for path in tmp_path.glob("reports/*")} == {
        f"quick-{n}.{suffix}" for n in (1, 2, 3) for suffix in ("html", "xml")
    }


def run_workflow(folder: Path, leave_out: set[str]) -> dict[str, subprocess.CompletedProcess[str]]:
    """Its steps that are commands, in a folder that looks like a checkout after `make install`."""
    port, summary = str(free_port()), folder / "summary.md"
    done = {}
    try:
        for step in STEPS:
            name = step.get("name", "")
            if "run" in step and name not in {"Install", *leave_out}:
                script = step["run"].replace("8100", port)
                env = {"GITHUB_STEP_SUMMARY": str(summary), "NUMBER": "7", "PATH": f"{folder}{os.pathsep}{PATH}"}
                done[name] = bash(script, folder, **env)
    finally:
        if "Stop the server" not in done and (folder / "server.pid").exists():
            os.kill(int((folder / "server.pid").read_text()), 15)
    return done


def test_the_workflow_keeps_a_baseline_and_compares_a_pull_request_with_it(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(BIN.parent)
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/sh\necho "$@" > gh.txt\ncat comparison.md >> gh.txt\n')
    gh.chmod(0o755)

    first = run_workflow(tmp_path, {"Compare", "Show the comparison", "Comment on the pull request"})
    assert {name: each.stderr for name, each in first.items() if each.returncode} == {}
    assert len(list(tmp_path.glob("baseline/*.json"))) == 3
    assert not (tmp_path / "current").exists()

    later = run_workflow(tmp_path, {"Make this run the baseline"})
    assert later["Compare"].returncode in (0, 99), later["Compare"].stderr  # the machine may be busy now
    later.pop("Compare")
    assert {name: each.stderr for name, each in later.items() if each.returncode} == {}
    assert len(list(tmp_path.glob("reports/*.xml"))) == 3
    comparison = (tmp_path / "comparison.md").read_text()
    assert "| " in comparison
    assert (tmp_path / "summary.md").read_text() == comparison
    assert (tmp_path / "gh.txt").read_text() == (
        f"pr comment 7 --edit-last --create-if-none --body-file comparison.md\n{comparison}"
    )


def test_the_workflow_installs_as_this_repository_is_installed() -> None:
    (install,) = (step["run"] for step in STEPS if step.get("name") == "Install")
    assert install == "make install"
    assert re.search(r"^install:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_workflow_is_one_that_github_understands() -> None:
    command = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(ROOT / "docs/github-actions.yml")]
    done = subprocess.run(
        command, env={**os.environ, "PATH": PATH}, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_workflow_with_a_misspelled_key_is_not(tmp_path: Path) -> None:
    broken = tmp_path / "workflow.yml"
    broken.write_text(WORKFLOW.replace("runs-on:", "run-on:"))
    command = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(broken)]
    done = subprocess.run(
        command, env={**os.environ, "PATH": PATH}, check=False, capture_output=True, text=True, timeout=60
    )
    assert "run-on" in done.stdout + done.stderr
