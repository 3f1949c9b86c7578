"""A real server with a fault window, a real run and a real Prometheus: what do the dashboards show of it?"""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grafana.generate import FOLDER
from grafana.observe import free_port
from tests.support.dashcheck import Window, fill, panels_of, problems
from tests.support.prometheus import Prometheus, program, running_prometheus
from tests.support.raw_mcp import HANDSHAKE, RawClient, send

pytestmark = pytest.mark.timeout(400)
MOST_LINES = 1_500
"""Samples of one target."""
BEFORE, LONG = 1, 4
"""Seconds from putting the faults in place to their window, and how long that is."""
RUN_SECONDS = 12
PATIENCE = 60.0
"""Seconds that anything may take on a busy machine."""
LATE = 6.0
"""Seconds by which a busy Prometheus may scrape too late."""
FILES = sorted(FOLDER.glob("*.json"))
CALLS = "mcp_client_operation_duration_seconds_count"
OF_TOOLS = 'mcp_method_name="tools/call"'

FAULTS = f"""\
version: 1
seed: 7
rules:
  - name: outage
    match: {{tool: add}}
    when: {{after: {BEFORE}s, for: {LONG}s, every: 4}}
    do: [{{http: {{status: 503}}}}]
    exclusive: true
  - name: slow
    match: {{tool: "*"}}
    when: {{after: {BEFORE}s, for: {LONG}s, every: 5}}
    do: [{{latency: 60ms}}]
  - name: full
    match: {{tool: divide}}
    when: {{after: {BEFORE}s, for: {LONG}s}}
    do: [{{capacity: {{workers: 1, queue: 0, service: 40ms}}}}]
"""
PLAN = f"""\
version: 1
description: With more arrivals than two users can make while the server is slow
workload: calculator
scenarios:
  watched:
    executor: ramping-arrival-rate
    start_rate: 100
    vus: 2
    max_vus: 2
    stages: [{{duration: {RUN_SECONDS - 4}s, target: 100}}, {{duration: 4s, target: 20}}]
    mix: {{add: 50, divide: 50}}
thresholds:
  mcp_tool_call_duration_ms: ["p(95)<30000"]
  http_req_failed: ["rate<0.9"]
  http_reqs: ["count>1"]
"""


@dataclass(frozen=True)
class Watched:
    """A run that is over, with everything that was said of it."""

    prometheus: Prometheus
    window: Window
    server: str
    result: dict[str, Any]
    journal: list[dict[str, Any]]
    pages: tuple[str, str]
    """What the server and the load generator had to scrape while the fault was on."""

    def total(self, metric: str, labels: str = "") -> float:
        """The sum of the last values of some series; those of the load generator are over before the window is."""
        last = f"sum(last_over_time({metric}{{{labels}}}[1m]))"
        (value,) = self.prometheus.vector(last, self.window.end).values()
        return value


def page(url: str) -> str:
    """What there is to scrape."""
    with urllib.request.urlopen(url, timeout=5) as reply:
        text: str = reply.read().decode()
        return text


def wait_for(url: str, pattern: str = "") -> str:
    """The page, once somebody answers with one on which there is such a line."""
    deadline, text = time.monotonic() + PATIENCE, ""
    while time.monotonic() < deadline:
        try:
            text = page(url)
        except OSError:
            pass
        else:
            if re.search(pattern, text, re.MULTILINE):
                return text
        time.sleep(0.05)
    raise AssertionError(f"{url} has no {pattern}: {text[-2000:]}")


def wait_for_end(prometheus: Prometheus) -> None:
    """Until Prometheus has seen that the run is over, as its metrics tell while they linger, and the server since."""
    deadline = time.monotonic() + PATIENCE
    over = "mcp_load_run_active == 0"
    while not prometheus.vector(over, time.time()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    server, seen = 'up{job="mcp-server"}', time.time()
    # Of anything but a plain selector, timestamp() would be the moment of the question.
    while not prometheus.vector(f"timestamp({server}) > {seen} and {server} == 1", time.time()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    program("prometheus")
    folder = tmp_path_factory.mktemp("live")
    (folder / "plan.yaml").write_text(PLAN)
    serving, loading = free_port(), free_port()
    server, base = f"127.0.0.1:{serving}", f"http://127.0.0.1:{serving}"
    metrics = f"http://127.0.0.1:{loading}/metrics"
    serve = [sys.executable, "-m", "servers", "calculator", "--port", str(serving)]
    serve += ["--journal", str(folder / "journal.jsonl")]
    load = [sys.executable, "-m", "loadgen", "run", str(folder / "plan.yaml"), "--url", base]
    load += ["--metrics-port", str(loading), "--metrics-linger", "2m", "--out", f"json={folder / 'result.json'}"]
    jobs = {"mcp-server": [server], "mcp-loadgen": [f"127.0.0.1:{loading}"]}
    with (
        running_prometheus(folder, jobs) as prometheus,
        (folder / "log").open("wb") as log,
        subprocess.Popen(serve, stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(f"{base}/health")
            prometheus.wait_for("mcp-server")
            began = time.time()
            with subprocess.Popen(load, stdout=log, stderr=log) as run:
                try:
                    wait_for(metrics, r"^mcp_load_iterations_total\S* [1-9]")
                    assert send(f"{base}/_testbed/faults", "PUT", {}, FAULTS.encode()).status == 200
                    pages = wait_for(f"{base}/metrics", r"^mcp_fault_active\S* 1"), page(metrics)
                    wait_for_end(prometheus)
                    run.send_signal(signal.SIGINT)  # the end of the linger, not of the run
                    # 99 on a busy machine, where the generator is the limit: there is as much to show of it.
                    assert run.wait(PATIENCE) in {0, 99}, (folder / "log").read_text()[-2000:]
                finally:
                    run.kill()
            ended = time.time()
        finally:
            process.terminate()
            process.wait(20)
        result = json.loads((folder / "result.json").read_text())
        journal = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
        yield Watched(prometheus, Window(began, ended), base, result, journal, pages)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_query_variable_and_annotation_has_data(watched: Watched, file: Path) -> None:
    assert problems(json.loads(file.read_text()), watched.prometheus, watched.window) == []


SLIPS = (
    ("mcp_client_operation_duration_seconds", "mcp_client_operation_durations_seconds"),
    ("mcp_event_loop_lag_seconds", "mcp_event_loop_lags_seconds"),
    ("{{instance}}", "{{instanze}}"),
    ("$scenario", "$scenaryo"),
    ("rate(mcp", "rate((mcp"),
)


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [(file, *slip) for file in FILES for slip in SLIPS if slip[0] in file.read_text()],
    ids=lambda each: each.stem if isinstance(each, Path) else each,
)
def test_a_slip_of_the_pen_is_found(watched: Watched, file: Path, right: str, wrong: str) -> None:
    assert problems(json.loads(file.read_text().replace(right, wrong)), watched.prometheus, watched.window)


def test_the_fault_window_and_the_run_are_seen_as_stretches_of_time(watched: Watched) -> None:
    start, end = watched.window.start, watched.window.end
    for query, series, seconds in (
        ("max by (fault_type, fault_rule) (mcp_fault_active) > 0", 3, LONG),
        ("max by (scenario, run_id) (mcp_load_run_active) > 0", 1, RUN_SECONDS),
    ):
        found = watched.prometheus.matrix(query, start, end)
        assert len(found) == series
        for each in found:
            first, last = each["values"][0][0], each["values"][-1][0]
            assert last - first <= seconds + LATE
            assert first > start, "it was off before"
            assert last < end, "it is off again"
    phases = watched.prometheus.matrix("max by (phase) (mcp_load_phase) > 0", start, end)
    assert {each["metric"]["phase"] for each in phases} == {"hold 100", "ramp to 20"}


def test_client_server_journal_and_report_count_the_same(watched: Watched) -> None:
    reported = watched.result["metrics"]
    calls, failed = reported["http_reqs"]["count"], reported["http_req_failed"]["passes"]
    injected = [record for record in watched.journal if record["counted"]]
    harmful = [record for record in injected if record["expected"] is not None]
    assert failed == len(harmful) > 0
    served = "mcp_server_operation_duration_seconds_count"
    errors = f'{OF_TOOLS},error_type!=""'
    assert watched.total(CALLS, OF_TOOLS) == watched.total(served, OF_TOOLS) == calls
    assert watched.total(CALLS, errors) == watched.total(served, errors) == failed
    assert watched.total("mcp_fault_injected_total") == len(injected)
    assert {record["effect"] for record in harmful} == {"http_status", "capacity_queue"}
    assert watched.total("mcp_fault_expected_failures_total") == len(harmful), "so none is unexplained"
    assert watched.total("mcp_load_iterations_total") == calls
    assert watched.total("mcp_load_dropped_iterations_total") == reported["dropped_iterations"]["count"] > 0
    delay = sum(record["achieved_delay"] for record in injected)
    assert watched.total("mcp_fault_injected_delay_seconds_total") == pytest.approx(delay)


def test_the_chaos_dashboard_leaves_hardly_an_error_unexplained(watched: Watched) -> None:
    dashboard = json.loads((FOLDER / "mcp-chaos.json").read_text())
    (panel,) = [each for each in panels_of(dashboard) if each["title"] == "Errors that no fault explains"]
    values = {**watched.window.builtins, "scenario": ".+", "tool": ".+"}
    (unexplained,) = watched.prometheus.vector(fill(panel["targets"][0]["expr"], values), watched.window.end).values()
    seen = f"sum(rate({CALLS}{{{OF_TOOLS},error_type!=''}}[1m]))"
    (errors,) = watched.prometheus.vector(seen, watched.window.end).values()
    assert unexplained < errors / 4, "the two ends are scraped at different moments"


def test_the_criteria_are_shown_as_they_are_judged(watched: Watched) -> None:
    p95 = 'threshold="mcp_tool_call_duration_ms: p(95)<30000"'
    assert watched.total("mcp_load_threshold_ok") == 3
    assert watched.total("mcp_load_threshold_limit", p95) == 30
    reported = watched.result["metrics"]["mcp_tool_call_duration_ms"]["p(95)"]
    assert watched.total("mcp_load_threshold_value", p95) == pytest.approx(reported / 1000, rel=0.01)


def test_both_targets_were_up_from_their_start_to_the_end_of_the_run(watched: Watched) -> None:
    found = watched.prometheus.matrix("up", watched.window.start, watched.window.start + RUN_SECONDS)
    assert {series["metric"]["job"] for series in found} == {"mcp-server", "mcp-loadgen"}
    for series in found:
        values = "".join(value for _, value in series["values"]).lstrip("0")
        assert values.count("1") > 3 * values.count("0"), "now and then a busy machine takes more than a second"


@pytest.mark.parametrize("index", [0, 1], ids=["server", "load generator"])
def test_a_page_passes_promtool_and_is_not_too_long(watched: Watched, index: int) -> None:
    text = watched.pages[index]
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text.encode(), capture_output=True, timeout=20, check=False
    )
    said = [line for line in (checked.stdout + checked.stderr).decode().splitlines() if not _of_the_library(line)]
    assert said == []
    assert len([line for line in text.splitlines() if not line.startswith("#")]) <= MOST_LINES


def _of_the_library(line: str) -> bool:
    return re.match(r"(process|python)_", line) is not None


def test_prometheus_does_not_hold_more_series_than_two_targets_may_have(watched: Watched) -> None:
    assert watched.prometheus.get("status/tsdb")["headStats"]["numSeries"] <= 2 * MOST_LINES


def test_a_tool_that_nobody_knows_makes_one_series_however_it_is_called() -> None:
    port = free_port()
    serve = [sys.executable, "-m", "servers", "calculator", "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"{base}/health")
            client = RawClient(f"{base}/mcp", HANDSHAKE)

            def samples() -> set[str]:
                lines = page(f"{base}/metrics").splitlines()
                return {line.rpartition(" ")[0] for line in lines if line.startswith("mcp_")}

            client.call("nosuch", {})
            before = samples()
            for nth in range(5):
                client.call(f"nosuch-{nth}", {})
            assert samples() == before
            assert "nosuch" not in "".join(before)
        finally:
            process.terminate()
            process.wait(20)
