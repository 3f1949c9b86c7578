"""Prometheus' configuration and rules, as promtool judges them."""

import re
import subprocess
from pathlib import Path
from shutil import copytree

import pytest
import yaml

from loadgen import health
from tests.deployment.tool import ROOT
from tests.support.prometheus import program

FOLDER = ROOT / "grafana" / "prometheus"


def run(*words: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *words], cwd=folder, check=False, capture_output=True, text=True, timeout=80
    )


def test_promtool_accepts_the_configuration_and_both_rule_files() -> None:
    done = run("check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files found" in done.stdout
    done = run("check", "rules", "--lint=all", "--lint-fatal", "rules.yml", "alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_tests_of_the_rules_pass() -> None:
    done = run("test", "rules", "rules_test.yml", "alerts_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


LAG = "p99_rate1m > {} and on (job, instance) mcp_load_run_active == 1"
SCHEDULE = "p99_rate1m > {} and on (job, instance, scenario) mcp_load_run_active == 1"
CPU = "[1m]) > {} and on (job, instance) mcp_load_target_iterations_per_second > 0"
UP = 'up{job="mcp-server"} == 0'
FAST, SLOW = "rate1h > {} * 0.01 and", "rate6h > {} * 0.01 and"
BURNS, ENDS, GONE, LEAKS = "just above and just below", "count by (alertname)", "that is gone", "a leak of 2 MB"
SHORT = "count by (alertname, scenario)"
LATE, BEGINS, BUSY = "is 35 ms late", "iterations begin too late", "no CPU left"
RATIOS = "error_ratio:rate(1m|5m|1h)"
BREAKS: dict[str, tuple[list[tuple[str, str]], set[str]]] = {
    "limits that are too high": (
        [
            (FAST.format(14.4), FAST.format(16)),
            ("growth_per_hour > 1e6", "growth_per_hour > 3e6"),
            (LAG.format(0.02), LAG.format(0.05)),
            (SCHEDULE.format(0.02), SCHEDULE.format(0.05)),
            (CPU.format(0.9), CPU.format(0.99)),
            (UP, "up == 5"),
        ],
        {BURNS, LEAKS, LATE, BEGINS, BUSY, GONE},
    ),
    "limits that are too low": (
        [
            (FAST.format(14.4), FAST.format(13.5)),
            ("growth_per_hour > 1e6", "growth_per_hour > 4e5"),
            (LAG.format(0.02), LAG.format(0.01)),
            (SCHEDULE.format(0.02), SCHEDULE.format(0.01)),
            (CPU.format(0.9), CPU.format(0.8)),
            (UP, "up == 0"),
        ],
        {SHORT, LEAKS, LATE, BEGINS, BUSY, GONE},
    ),
    "a slow burn that comes too late": ([(SLOW.format(6), SLOW.format(7))], {BURNS}),
    "a slow burn that comes too early": ([(SLOW.format(6), SLOW.format(5))], {SHORT}),
    "conditions that are left out": (
        [
            ("rate5m > 14.4 * 0.01", "rate5m > 0"),
            ("> 5400", "> 0"),
            (LAG.format(0.02), "p99_rate1m > 0.02"),
            (SCHEDULE.format(0.02), "p99_rate1m > 0.02"),
            (CPU.format(0.9), "[1m]) > 0.9"),
        ],
        {ENDS, LEAKS, LATE, BEGINS, BUSY},
    ),
    "a short window of a slow burn that is left out": ([("rate30m > 6 * 0.01", "rate30m > 0")], {ENDS}),
    "a leak that is told at once": ([("for: 10m", "for: 0s")], {LEAKS}),
    "a leak that is told too late": ([("for: 10m", "for: 3h")], {LEAKS}),
    "a label that is misspelled": (
        [('error_type!=""}[5m]', 'error_tpye!=""}[5m]')],
        {RATIOS, ENDS},
    ),
}


@pytest.mark.parametrize("break_", BREAKS)
def test_rules_that_break_fail_their_unit_tests(tmp_path: Path, break_: str) -> None:
    slips, failing = BREAKS[break_]
    copy = copytree(FOLDER, tmp_path / "prometheus")
    for right, wrong in slips:
        (file,) = (file for file in (copy / "rules.yml", copy / "alerts.yml") if right in file.read_text())
        file.write_text(file.read_text().replace(right, wrong))
    done = run("test", "rules", "rules_test.yml", "alerts_test.yml", folder=copy)
    assert done.returncode == 1
    failed = re.findall(r"^ *(?:name|expr): (.*)$", done.stdout + done.stderr, re.MULTILINE)
    assert {part for part in failing if any(part in told for told in failed)} == failing, failed


def test_every_rule_and_every_alert_has_a_unit_test() -> None:
    tests = (FOLDER / "rules_test.yml").read_text() + (FOLDER / "alerts_test.yml").read_text()
    for file in ("rules.yml", "alerts.yml"):
        for group in yaml.safe_load((FOLDER / file).read_text())["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or re.sub(r"(calls|ratio):rate\w+$", r"\1:rate", rule["record"])
                assert name in tests


def test_every_alert_says_how_bad_it_is_and_what_to_look_at() -> None:
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert set(rule["annotations"]) == {"summary", "description"}


def test_the_limits_of_a_generator_are_those_of_the_report() -> None:
    limited = {
        rule["labels"]["reason"]: float(re.findall(r"> ([\d.]+)", rule["expr"])[0])
        for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
        for rule in group["rules"]
        if rule["alert"] == "McpLoadGeneratorLimited"
    }
    lag = health._MOST_LAG_MS / 1000
    assert limited == {"loop_lag": lag, "schedule_lag": lag, "cpu": health._MOST_CPU}


def test_the_scrape_interval_leaves_room_for_short_windows() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert config["global"]["scrape_interval"] == config["global"]["evaluation_interval"] == "2s"
    assert {job["job_name"] for job in config["scrape_configs"]} == {"mcp-server", "mcp-loadgen"}
