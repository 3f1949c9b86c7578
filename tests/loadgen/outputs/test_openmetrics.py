"""A run that was written for Prometheus, and what a real one then answers."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from loadgen.cli import main
from loadgen.outputs import openmetrics
from servers.testing import running_server
from tests.support.prometheus import program, running_prometheus

PLAN = """
version: 1
description: an open and a closed scenario, and criteria
workload: calculator
scenarios:
  open: {executor: constant-arrival-rate, rate: 100, duration: 3s, vus: 2, max_vus: 4}
  closed: {executor: constant-vus, vus: 2, duration: 2s, delay: 1s, think_time: 10ms}
thresholds:
  http_req_duration{scenario:open}: ["p(95)<1000"]
  checks: ["rate==1"]
"""
FAULTS = {
    "version": 1,
    "rules": [{"name": "no", "match": {"tool": "add"}, "when": {"every": 5}, "do": [{"http": {"status": 503}}]}],
}


def test_what_promtool_loads_says_the_same_as_the_report(tmp_path: Path) -> None:
    plan, file, calls, report = (tmp_path / name for name in ("plan.yaml", "run.om", "run.ndjson", "run.json"))
    plan.write_text(PLAN)
    with running_server("calculator", faults=FAULTS) as server:
        outs = [f"--out={kind}={path}" for kind, path in (("openmetrics", file), ("ndjson", calls), ("json", report))]
        assert main(["run", str(plan), "--url", server.url, *outs]) == 99  # faults fail checks
    assert calls.stat().st_size

    blocks = tmp_path / "blocks"
    create = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(file), str(blocks)]
    done = subprocess.run(create, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr

    result = json.loads(report.read_text())
    end = max(float(line.split()[-1]) for line in file.read_text().splitlines() if not line.startswith("#"))
    with running_prometheus(tmp_path, blocks=blocks) as prometheus:

        def value(query: str, at: float = end) -> float:
            (found,) = prometheus.vector(query, at).values()
            return found

        count = 'sum(mcp_client_operation_duration_seconds_count{mcp_method_name="tools/call"%s})'
        assert value(count % "") == result["requests"]["total"]
        assert value(count % ',error_type="503"') == result["requests"]["failed"] > 0
        assert value(count % "", end - 1) < result["requests"]["total"]
        for scenario in result["scenarios"]:
            query = f'mcp_load_iterations_total{{scenario="{scenario["name"]}"}}'
            assert value(query) == scenario["requests"]["total"]
        assert value("max(mcp_load_run_active)", end - 1) == 1
        assert value("max(mcp_load_run_active)") == 0
        assert value('mcp_load_target_iterations_per_second{scenario="open"}', end - 1) == 100
        assert value('mcp_load_threshold_limit{scenario="open"}', end - 1) == 1.0
        assert value('mcp_load_threshold_ok{threshold=~"checks.*"}') == 0
        assert value("count(process_resident_memory_bytes)") == 1
        names = prometheus.get("label/job/values", start=end - 10, end=end)
        assert names == ["mcp-loadgen"]


OF_THE_PLAN = """
version: 1
description: a plan that writes itself down
workload: calculator
scenarios: {only: {executor: per-vu-iterations, vus: 2, iterations: 5}}
outputs: {openmetrics: run.om}
"""


@pytest.mark.parametrize(("flags", "written"), [([], "run.om"), (["--out=openmetrics=flag.om"], "flag.om")])
def test_a_plan_can_ask_for_it_and_a_flag_beats_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str], written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(OF_THE_PLAN)
    with running_server("calculator") as server:
        assert main(["run", "./plan.yaml", "--url", server.url, *flags]) == 0
    assert [file.name for file in tmp_path.glob("*.om")] == [written]
    assert "\nmcp_load_iterations_total{" in Path(written).read_text()


def test_a_file_cannot_be_of_two_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(OF_THE_PLAN)
    assert main(["run", "./plan.yaml", "--out=ndjson=./run.om"]) == 2
    assert "run.om cannot be written: it is openmetrics and ndjson at once" in capsys.readouterr().err
    assert not Path("run.om").exists()


def test_a_file_of_the_plan_that_cannot_be_written_is_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(OF_THE_PLAN.replace("run.om", "none/run.om"))
    assert main(["run", "./plan.yaml"]) == 2
    complaint = "plan.yaml: outputs.openmetrics none/run.om cannot be written: No such file or directory\n"
    assert capsys.readouterr().err == f"mcp-load: {complaint}"


def test_a_long_run_has_fewer_looks_and_the_last_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openmetrics, "MOST_LOOKS", 4)
    monkeypatch.setattr(openmetrics, "_SECONDS_BETWEEN_LOOKS", 0.1)
    file, report = tmp_path / "run.om", tmp_path / "run.json"
    with running_server("calculator") as server:
        flags = ["--url", server.url, "--vus", "1", "--duration", "1500ms"]
        assert main(["run", "quick", *flags, f"--out=openmetrics={file}", f"--out=json={report}"]) == 0
    lines = re.findall(r"^mcp_load_iterations_total\{\S+\} (\S+) (\S+)$", file.read_text(), re.MULTILINE)
    assert 2 <= len(lines) < 6
    assert [float(at) for _, at in lines] == sorted({float(at) for _, at in lines})
    assert float(lines[-1][0]) == json.loads(report.read_text())["requests"]["total"]
    assert file.read_text().endswith("# EOF\n")


def test_a_disk_that_is_full_is_a_note_and_not_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("this system has no /dev/full")
    full = tmp_path / "run.om"
    full.symlink_to("/dev/full")
    with running_server("calculator") as server:
        flags = ["--url", server.url, "--vus", "1", "--duration", "300ms", f"--out=openmetrics={full}"]
        assert main(["run", "quick", *flags]) == 0
    assert "is not all there: No space left on device." in " ".join(capsys.readouterr().out.split())
