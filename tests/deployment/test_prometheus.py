"""Prometheus' configuration and rules, as promtool judges them."""

import re
import subprocess
from pathlib import Path
from shutil import copytree

import yaml

from loadgen import health
from tests.deployment.tool import ROOT
from tests.support.prometheus import program

FOLDER = ROOT / "grafana" / "prometheus"


def run(*words: str, folder: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *words], cwd=folder, check=False, capture_output=True, text=True, timeout=60
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


def test_the_unit_tests_of_the_rules_can_fail(tmp_path: Path) -> None:
    copy = copytree(FOLDER, tmp_path / "prometheus")
    rules = copy / "rules.yml"
    rules.write_text(rules.read_text().replace('error_type!=""}[5m]', 'error_tpye!=""}[5m]'))
    done = run("test", "rules", "rules_test.yml", folder=copy)
    assert done.returncode == 1
    assert "rate5m" in done.stderr + done.stdout


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
