"""Plans as people run them: the real command, real servers, real sockets."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest

from servers.testing import running_server
from tests.support.calm import in_calm
from tests.support.leaky import leaky
from tests.support.recovering import recovering
from tests.support.slow_above import slow_above

COMMAND = (sys.executable, "-m", "loadgen")
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("TEST_", "LOAD_TEST_"))} | {
    "PYTHONPATH": str(ROOT)
}
PASSED, UNUSABLE, FAILED, INTERRUPTED = 0, 2, 99, 130


@dataclass
class Ended:
    """A run of the command that is over."""

    code: int
    report: str
    document: dict[str, Any]

    def finding(self, name: str) -> dict[str, Any]:
        return next(finding for finding in self.document["findings"] if finding["name"] == name)


def command(folder: Path, *words: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run mcp-load in `folder`."""
    environment = {**ENVIRONMENT, **(variables or {})}
    done = subprocess.run(
        [*COMMAND, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def begun(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Begin to run mcp-load in `folder`."""
    return subprocess.Popen(
        [*COMMAND, *words], cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path, name: str, url: str, *flags: str, variables: Mapping[str, str] | None = None) -> Ended:
    """Run a plan to its end in `folder`; whatever happened, no traceback, and the exit code is the verdict's."""
    result = folder / "result.json"
    words = ("run", name, "--url", url, "--seed", "1", "--out", f"json={result}", *flags)
    done = command(folder, *words, variables=variables)
    assert done.returncode in (PASSED, FAILED), done.stdout + done.stderr
    document = json.loads(result.read_bytes())
    assert document["verdict"]["passed"] is (done.returncode == PASSED)
    report = " ".join(done.stdout.split())
    assert document["verdict"]["sentence"] in report
    return Ended(done.returncode, report, document)


def written(folder: Path, text: str, name: str = "own.yaml") -> str:
    (folder / name).write_text(text)
    return name


def lag_of_the_generator(ended: Ended) -> float:
    """In seconds, at the most."""
    return float(ended.document["generator"]["loop_lag"]["maximum"]) / 1000


STRESS = """\
version: 1
description: A short search.
workload: calculator
scenarios:
  stress: {executor: breaking-point, levels: [10, 20, 40, 80], ramp: 200ms, hold: 400ms, probe: 800ms, recovery: 1s}
find: [breaking-point]
targets: {breaking-point: {target: 20, stretch: 60}}
"""


def test_stress_finds_the_known_concurrency_within_ten_per_cent(tmp_path: Path) -> None:
    def check(ended: Ended) -> None:
        found = ended.finding("breaking point")
        assert found["unit"] == "VUs"
        assert 27 <= found["value"] <= 33
        assert re.match(
            r"the breaking point lies between \d+ and \d+ VUs: (p95 was|\d+\.\d calls/s)", found["sentence"]
        )
        assert ended.finding("failure mode")["sentence"].startswith(
            "graceful: slower, but without errors, and it recovered"
        )
        statuses = [(each["status"], each["stretch"]) for each in ended.document["findings"] if each["target"]]
        assert statuses == [("pass", False), ("fail", True)]
        assert ended.code == PASSED

    with slow_above(30, fast_seconds=0.03) as url:
        in_calm(lambda: run(tmp_path, written(tmp_path, STRESS), url), lag_of_the_generator, check)


ENDURANCE = """\
version: 1
description: A short endurance.
workload: calculator
scenarios:
  endurance:
    executor: ramping-vus
    stages: [{duration: 300ms, target: 4}, {duration: 3s, target: 4}, {duration: 200ms, target: 0}]
    think_time: 5ms
find: [memory-growth, drift, sessions, uptime]
targets: {memory-growth: {target: 10, stretch: 1}, uptime: {target: 99}}
"""
LEAK = 50_000


def test_endurance_reports_the_known_leak_within_its_interval_and_fails_the_target(tmp_path: Path) -> None:
    with leaky(bytes_per_second=LEAK, noise_bytes=500) as url:
        ended = run(tmp_path, written(tmp_path, ENDURANCE), url)
    growth = ended.finding("memory growth")
    found = re.fullmatch(
        r"leaks: ([\d.]+) MB/h, 95% interval ([\d.]+) to ([\d.]+) MB/h, limit 10 MB/h", growth["sentence"]
    )
    assert found
    slope, low, high = (float(number) for number in found.groups())
    assert low <= LEAK * 3600 / 1e6 <= high
    assert slope == pytest.approx(growth["value"], rel=1e-3)
    assert high - low < 0.2 * slope
    assert (growth["status"], ended.code) == ("fail", FAILED)
    assert "own: FAIL" in ended.report


def test_endurance_says_that_a_server_does_not_leak(tmp_path: Path) -> None:
    with leaky(noise_bytes=500) as url:
        ended = run(tmp_path, written(tmp_path, ENDURANCE), url)
    growth = ended.finding("memory growth")
    assert growth["sentence"].startswith("does not leak: ")
    assert growth["status"] == "pass"
    sessions = ended.finding("sessions")
    assert (sessions["value"], sessions["sentence"]) == (0, "4 opened, 4 closed, 0 lost; the server keeps 0")
    assert ended.finding("connection stability")["sentence"] == "4 connections were made, 0 calls failed by one"
    assert (ended.finding("uptime")["value"], ended.code) == (100, PASSED)


SPIKE = """\
version: 1
description: Two short spikes.
workload: calculator
scenarios:
  spike:
    executor: ramping-arrival-rate
    start_rate: 40
    vus: 300
    max_vus: 300
    stages:
      - {duration: 1500ms, target: 40, name: baseline}
      - {duration: 0s, target: 300}
      - {duration: 500ms, target: 300, name: spike 1}
      - {duration: 0s, target: 40}
      - {duration: 3s, target: 40, name: recovery 1}
      - {duration: 0s, target: 300}
      - {duration: 500ms, target: 300, name: spike 2}
      - {duration: 0s, target: 40}
      - {duration: 3s, target: 40, name: recovery 2}
find: [recovery]
"""


def test_spike_measures_the_known_recovery_time_or_up_to_two_slow_calls_more(tmp_path: Path) -> None:
    seconds, fast_call, slow_call = 1.0, 0.3, 0.6

    def check(ended: Ended) -> None:
        interval = median(ended.document["timeline"]["seconds"])
        assert interval == pytest.approx(0.1, rel=0.1)
        for name in ("recovery after spike 1", "recovery after spike 2"):
            found = ended.finding(name)
            assert found["value"] is not None, found["sentence"]
            assert seconds - interval <= found["value"] <= seconds + 2 * slow_call + 2 * interval
            assert found["sentence"].endswith("; 0 errors during it")

    with recovering(capacity=60, seconds=seconds, fast_seconds=fast_call, slow_factor=slow_call / fast_call) as url:
        in_calm(lambda: run(tmp_path, written(tmp_path, SPIKE), url), lag_of_the_generator, check)


@pytest.fixture(scope="module")
def calculator() -> Iterator[str]:
    with running_server("calculator") as server:
        yield server.url


@pytest.fixture(scope="module")
def payments() -> Iterator[str]:
    with running_server("payments") as server:
        yield server.url


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("quick", "0.02"),
        ("load", "0.002"),
        ("stress", "0.0005"),
        ("endurance", "0.0002"),
        ("spike", "0.002"),
        ("benchmark", "0.005"),
        ("targets", "0.002"),
    ],
)
def test_every_plan_gives_a_summary_a_verdict_and_all_files(
    calculator: str, payments: str, tmp_path: Path, name: str, scale: str
) -> None:
    url = payments if name == "targets" else calculator
    ended = run(tmp_path, name, url, "--scale", scale, "--save")
    assert f"{name}: PASS" in ended.report or f"{name}: FAIL" in ended.report
    assert "✓ tool call: response is valid 100.00 %" in ended.report
    assert f"--scale {scale}" in ended.report
    assert ended.document["plan"] | {"name": name, "scale": float(scale)} == ended.document["plan"]
    assert all(check["fails"] == 0 for check in ended.document["checks"])
    page, copy, junit = sorted((tmp_path / "results" / ended.document["started_at"][:10]).iterdir())
    assert page.name.startswith(f"{name}-")
    assert page.read_text().startswith("<!doctype html>")
    assert f"--scale {scale}" in page.read_text()
    assert json.loads(copy.read_bytes()) == ended.document
    goals = [finding for finding in ended.document["findings"] if finding["target"]]
    assert len(list(ET.parse(junit).iter("testcase"))) >= len(ended.document["thresholds"]) + len(goals)


@pytest.mark.parametrize(("name", "scale"), [("quick", "0.02"), ("load", "0.001"), ("benchmark", "0.003")])
def test_plans_are_for_payments_too(payments: str, tmp_path: Path, name: str, scale: str) -> None:
    ended = run(tmp_path, name, payments, "--scale", scale, "--workload", "payments")
    assert set(ended.document["tools"]) == {"create_payment", "verify_payment", "get_wallet_balance"}
    assert all(check["fails"] == 0 for check in ended.document["checks"])


@pytest.mark.parametrize(
    ("name", "flags", "tools"),
    [
        ("quick", (), {"add", "subtract", "multiply", "divide"}),
        ("benchmark", ("--tool", "add", "--tool", "divide"), {"add", "divide"}),
    ],
)
def test_plans_are_for_any_server(
    calculator: str, tmp_path: Path, name: str, flags: tuple[str, ...], tools: set[str]
) -> None:
    ended = run(tmp_path, name, calculator, "--scale", "0.01", "--workload", "generic", *flags)
    assert set(ended.document["tools"]) == tools


def test_repeated_runs_have_numbered_files_that_compare_reads(calculator: str, tmp_path: Path) -> None:
    done = command(
        tmp_path, "run", "quick", "--url", calculator, "--scale", "0.01", "--repeat", "2", "--out", "json=quick.json"
    )
    assert "Run 2 of 2" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quick-1.json", "quick-2.json"]
    first, second = (json.loads((tmp_path / f"quick-{n}.json").read_bytes()) for n in (1, 2))
    assert first["run_id"] != second["run_id"]
    compared = command(tmp_path, "compare", "quick-1.json", "quick-2.json")
    assert compared.returncode == PASSED
    assert "http_req_duration" in compared.stdout


def test_variables_change_the_size_of_quick(calculator: str, tmp_path: Path) -> None:
    variables = {"TEST_DURATION": "300ms", "TEST_VUS": "3"}
    ended = run(tmp_path, "quick", calculator, variables=variables)
    assert ended.document["load"] == "3 virtual users for 300ms"
    assert "--duration 300ms --vus 3" in ended.report
    ended = run(tmp_path, "quick", calculator, "--vus", "2", variables=variables | {"TEST_VUS": "many"})
    assert ended.document["load"] == "2 virtual users for 300ms"


def test_variables_that_are_meant_for_quick_do_not_stop_other_plans(calculator: str, tmp_path: Path) -> None:
    variables = {"TEST_DURATION": "nonsense", "TEST_VUS": "3"}
    ended = run(tmp_path, "benchmark", calculator, "--scale", "0.001", variables=variables)
    assert {each["load"] for each in ended.document["scenarios"]} == {
        "1 virtual user for 18ms",
        "1 virtual user for 12ms",
    }


def test_variables_that_make_no_sense_are_named(calculator: str, tmp_path: Path) -> None:
    variables = {"TEST_DURATION": "soon", "TEST_VUS": "0"}
    done = command(tmp_path, "run", "quick", "--url", calculator, variables=variables)
    assert (done.returncode, done.stdout) == (UNUSABLE, "")
    assert done.stderr.splitlines() == [
        'mcp-load: TEST_DURATION should be a duration such as 500ms, 30s or 1m30s, got "soon"',
        'mcp-load: TEST_VUS should be greater than or equal to 1, got "0"',
    ]


def test_results_that_could_not_be_saved_stop_the_run_before_it_begins(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "results").write_text("in the way")
    done = command(tmp_path, "run", "quick", "--url", f"http://127.0.0.1:{free_port}", "--save")
    assert (done.returncode, done.stdout) == (UNUSABLE, "")
    assert done.stderr == "mcp-load: --save: results cannot be made: File exists\n"


def test_the_capacity_in_calls_per_second_is_found_too(calculator: str, tmp_path: Path) -> None:
    plan = STRESS.replace("levels:", "rate_levels: [5, 10, 20], levels:")
    ended = run(tmp_path, written(tmp_path, plan), calculator, "--find-capacity")
    assert ended.finding("breaking point")["unit"] == "iterations/s"
    assert ended.document["load"].startswith("search for the breaking point at 5, 10, 20 calls per second")
    rates = ended.document["timeline"]["target_rate"]
    assert rates.count(None) > 0  # it depends on what is found
    assert set(rates[rates.count(None) :]) == {0.0}  # and after the search nothing is due
    assert not any(finding["target"] for finding in ended.document["findings"])


@pytest.fixture
def mortal() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A calculator in a process of its own."""
    command = [sys.executable, "-m", "servers", "calculator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            url = re.search(r"http://\S+", server.stdout.readline())
            assert url is not None
            yield server, url[0]
        finally:
            server.kill()


def wait_for_calls(url: str) -> None:
    """Return when the server has answered a call of the run."""
    metrics = url.removesuffix("/mcp") + "/metrics"
    counted = re.compile(rb'_count\{error_type="",gen_ai_tool_name="add"[^}]*\} [1-9]')
    while not counted.search(urlopen(metrics).read()):
        pass


def test_a_server_that_vanishes_in_the_middle_of_a_plan_fails_it(
    mortal: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    server, url = mortal
    words = ("run", "spike", "--scale", "0.003", "--url", url, "--out", "json=r.json", "--out", "junit=r.xml")
    with begun(tmp_path, *words) as load:
        wait_for_calls(url)
        server.kill()
        report, errors = load.communicate(timeout=60)
    assert load.returncode == FAILED, errors
    assert "Traceback" not in errors
    assert "✗ tool call: status is 200" in report
    assert "Connection refused" in report
    document = json.loads((tmp_path / "r.json").read_bytes())
    assert document["verdict"]["passed"] is False
    assert {error["category"] for error in document["errors"]} == {"Connection"}
    assert document["timeline"]["at_seconds"][-1] == pytest.approx(2.16, abs=0.5)
    assert ET.parse(tmp_path / "r.xml").find(".//failure") is not None


def test_ctrl_c_in_a_plan_gives_a_marked_report_and_exit_130(
    mortal: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    _, url = mortal
    words = ("run", "stress", "--url", url, "--repeat", "2", "--out", "json=r.json", "--out", "html=r.html")
    with begun(tmp_path, *words) as load:
        wait_for_calls(url)
        load.send_signal(signal.SIGINT)
        report, errors = load.communicate(timeout=60)
    assert load.returncode == INTERRUPTED, errors
    assert "Traceback" not in errors
    assert "INTERRUPTED" in report
    assert "Run 2" not in report
    document = json.loads((tmp_path / "r-1.json").read_bytes())
    assert document["interrupted"] is True
    assert document["verdict"]["passed"] is False
    assert "interrupted" in (tmp_path / "r-1.html").read_text().lower()
    assert not (tmp_path / "r-2.json").exists()
