"""`make observe`, as a person runs it and stops it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grafana import observe as observing
from tests.deployment.tool import ROOT
from tests.support.prometheus import program

FAULTS = """
version: 1
rules:
  - name: window
    match: {tool: "*"}
    when: {probability: 0.5, for: 1h}
    do: [{http: {status: 503}}]
"""


def ask(url: str, path: str) -> Any:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{path}", timeout=5) as reply:
            return json.load(reply)["data"]
    except (urllib.error.URLError, OSError):
        return {}


pytestmark = pytest.mark.timeout(400)
PATIENCE = 120.0
"""Seconds that anything may take on a busy machine."""


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def start(folder: Path, *flags: str) -> "subprocess.Popen[str]":
    env = os.environ | {"PROMETHEUS": program("prometheus"), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "grafana.observe", "--port", "0", *flags]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def value(url: str, query: str) -> float:
    result = ask(url, f"query?query={query}").get("result")
    return float(result[0]["value"][1]) if result else 0.0


def test_all_parts_are_scraped_faults_are_seen_at_both_ends_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    profile = tmp_path / "faults.yaml"
    profile.write_text(FAULTS)
    folder = tmp_path / "tmp"
    folder.mkdir()
    with start(folder, "--minutes", "10", "--faults", str(profile)) as observe:
        try:
            assert observe.stdout is not None
            told = ""
            while "Ctrl-C" not in told:
                line = observe.stdout.readline()
                assert line, observe.communicate(timeout=PATIENCE)[1]
                told += line
            url = re.findall(r"^Prometheus +(\S+)$", told, re.MULTILINE)[0]
            wait_until(lambda: value(url, "sum(up)") == 4)
            wait_until(lambda: value(url, 'sum(mcp_client_operation_duration_seconds_count{error_type="503"})') > 0)
            wait_until(lambda: value(url, "sum(mcp_fault_injected_total)") > 0)
            wait_until(lambda: value(url, 'mcp_fault_active{fault_rule="window"}') == 1)
            assert {each["name"] for each in ask(url, "rules")["groups"]} >= {"mcp-server", "mcp-client", "mcp-budget"}
        finally:
            observe.send_signal(signal.SIGINT)
            _, complaint = observe.communicate(timeout=PATIENCE)
    assert (observe.returncode, complaint) == (0, "")
    assert list(folder.iterdir()) == []
    assert [line for line in told.replace(str(profile), "").splitlines() if len(line) > 80] == []
    addresses = re.findall(r"http://127\.0\.0\.1:\d+", told)
    assert len(set(addresses)) == 5
    for address in addresses:
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(address, timeout=2)


def test_it_ends_by_itself_when_its_time_is_over(tmp_path: Path) -> None:
    with start(tmp_path, "--minutes", "0.01") as observe:
        said, complaint = observe.communicate(timeout=PATIENCE)
    assert (observe.returncode, complaint) == (0, "")
    assert "It goes on for 0.01 min" in said


def test_when_a_part_of_it_ends_by_itself_the_rest_ends_too(tmp_path: Path) -> None:
    with start(tmp_path, "--minutes", "10") as observe:
        try:
            assert observe.stdout is not None
            while "Ctrl-C" not in (line := observe.stdout.readline()):
                assert line, observe.communicate(timeout=PATIENCE)[1]
            os.kill(child(observe.pid, "calculator"), signal.SIGKILL)
            _, complaint = observe.communicate(timeout=PATIENCE)
        finally:
            observe.kill()
    assert (observe.returncode, complaint) == (1, "observe: the calculator server ended\n")


def test_a_part_that_does_not_stop_is_killed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "SECONDS_TO_STOP", 0.1)
    deaf = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"]
    with subprocess.Popen(deaf, stdout=subprocess.PIPE) as process, observing.stopped(process):
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    assert process.returncode == -signal.SIGKILL


def child(parent: int, name: str) -> int:
    """The server of that name among the processes that `parent` has started."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    if not children.exists():
        pytest.skip("this system does not tell the children of a process")
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in children.read_text().split()}
    (found,) = (pid for pid, words in commands.items() if {"servers", name} <= set(words))
    return found


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--minutes", "11"], "--minutes should be above 0"),
        (["--faults", "nosuch"], "the payments server did not start"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, flags: list[str], complaint: str) -> None:
    with start(tmp_path, *flags) as observe:
        _, said = observe.communicate(timeout=PATIENCE)
    assert observe.returncode != 0
    assert complaint in said
