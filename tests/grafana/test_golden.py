"""The main queries over data whose answers are known beforehand."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from grafana.generate import FOLDER
from tests.support.dashcheck import Window, fill, panels_of
from tests.support.prometheus import Prometheus, program, running_prometheus

START, END, STEP = 1_700_000_000, 1_700_000_600, 2
AT = 1_700_000_400
CLIENT = 'mcp_method_name="tools/call",gen_ai_tool_name="add",network_transport="tcp",scenario="golden"'
SERVER = 'mcp_method_name="tools/call",gen_ai_tool_name="add",network_transport="tcp",mcp_protocol_version="2025-11-25"'
BUCKETS = (0.0, 0.5, 0.9, 1.0)
"""The share of calls under 10 ms, 20 ms, 200 ms and 300 ms."""
BOUNDS = ("0.01", "0.02", "0.2", "0.3")
SCRAPED = {"server": 'job="mcp-server",instance="server"', "client": 'job="mcp-loadgen",instance="client"'}


def histogram(name: str, labels: str, target: str, per_second: float, mean: float) -> Iterator[str]:
    """A family that has grown evenly since START."""
    times = range(START, END, STEP)
    labels = f"{labels},{SCRAPED[target]}"
    for bound, share in zip((*BOUNDS, "+Inf"), (*BUCKETS, 1.0), strict=True):
        yield from (f'{name}_bucket{{{labels},le="{bound}"}} {per_second * share * (t - START)} {t}' for t in times)
    yield from (f"{name}_count{{{labels}}} {per_second * (t - START)} {t}" for t in times)
    yield from (f"{name}_sum{{{labels}}} {per_second * mean * (t - START)} {t}" for t in times)


def counter(name: str, labels: str, target: str, per_second: float) -> Iterator[str]:
    """One series that has grown evenly since START."""
    for t in range(START, END, STEP):
        yield f"{name}{{{labels},{SCRAPED[target]}}} {per_second * (t - START)} {t}"


def gauge(name: str, labels: str, target: str, start: float, slope: float = 0.0) -> Iterator[str]:
    """One series that grows by `slope` each second."""
    for t in range(START, END, STEP):
        yield f"{name}{{{labels},{SCRAPED[target]}}} {start + slope * (t - START)} {t}"


def pages() -> Iterator[str]:
    """100 calls a second: 4 fail by faults, 1 of them by a full queue, and 1 by itself; others are slow by faults."""
    family, ok = "mcp_client_operation_duration_seconds", 'error_type=""'
    yield f"# TYPE {family} histogram"
    yield from histogram(family, f"{CLIENT},{ok}", "client", 95.0, 0.050)
    yield from histogram(family, f'{CLIENT},error_type="503"', "client", 4.0, 0.050)
    yield from histogram(family, f'{CLIENT},error_type="tool_error"', "client", 1.0, 0.050)
    family = "mcp_server_operation_duration_seconds"
    yield f"# TYPE {family} histogram"
    yield from histogram(family, f"{SERVER},{ok}", "server", 95.0, 0.030)
    yield from histogram(family, f'{SERVER},error_type="503"', "server", 4.0, 0.030)
    yield from histogram(family, f'{SERVER},error_type="tool_error"', "server", 1.0, 0.030)
    yield "# TYPE mcp_fault_injected counter"
    yield from counter("mcp_fault_injected_total", 'fault_type="http_status",gen_ai_tool_name="add"', "server", 3.0)
    yield from counter("mcp_fault_injected_total", 'fault_type="capacity_queue",gen_ai_tool_name="add"', "server", 8.0)
    yield from counter("mcp_fault_injected_total", 'fault_type="latency_fixed",gen_ai_tool_name="add"', "server", 20.0)
    yield from counter("mcp_fault_injected_total", 'fault_type="http_drip",gen_ai_tool_name="add"', "server", 10.0)
    yield "# TYPE mcp_fault_expected_failures counter"
    yield from counter("mcp_fault_expected_failures_total", 'gen_ai_tool_name="add"', "server", 4.0)
    yield "# TYPE mcp_load_iterations counter"
    yield from counter("mcp_load_iterations_total", 'scenario="golden"', "client", 100.0)
    yield "# TYPE mcp_load_checks counter"
    yield from counter("mcp_load_checks_total", 'scenario="golden",check="valid",result="pass"', "client", 75.0)
    yield from counter("mcp_load_checks_total", 'scenario="golden",check="valid",result="fail"', "client", 25.0)
    yield "# TYPE mcp_load_run_active gauge"
    yield from gauge("mcp_load_run_active", 'scenario="golden",run_id="r"', "client", 1.0)
    yield "# TYPE mcp_load_threshold_ok gauge"
    yield from gauge("mcp_load_threshold_ok", 'scenario="",threshold="one"', "client", 1.0)
    yield from gauge("mcp_load_threshold_ok", 'scenario="",threshold="two"', "client", 0.0)
    yield "# TYPE process_resident_memory_bytes gauge"
    yield from gauge("process_resident_memory_bytes", 'pid="1"', "server", 1e8, 1000.0)
    yield "# TYPE process_cpu_seconds counter"
    yield from counter("process_cpu_seconds_total", 'pid="1"', "client", 0.5)
    yield from counter("process_cpu_seconds_total", 'pid="1"', "server", 0.25)
    yield "# EOF\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("golden")
    (folder / "in.om").write_text("\n".join(pages()))
    subprocess.run(
        [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", folder / "in.om", folder / "blocks"],
        check=True,
        capture_output=True,
        timeout=30,
    )
    with running_prometheus(folder, blocks=folder / "blocks") as running:
        yield running


P95 = 0.2 + 0.1 * (0.95 - 0.9) / 0.1
P50 = 0.02

ANSWERS = [
    ("mcp-load-run", "Calls", "A", {"": 100.0}),
    ("mcp-load-run", "Failed", "A", {"": 0.05}),
    ("mcp-load-run", "Arrivals", "B", {"golden": 100.0}),
    ("mcp-load-run", "Criteria missed", "A", {"": 1.0}),
    ("mcp-load-run", "Between the two ends", "A", {"": 0.020}),
    ("mcp-load-run", "Latency at both ends", "A", {"": P50}),
    ("mcp-load-run", "Latency at both ends", "C", {"": P95}),
    ("mcp-load-run", "Latency at both ends", "D", {"": P95}),
    ("mcp-load-run", "Errors by type, as the client sees them", "A", {"503": 4.0, "tool_error": 1.0}),
    ("mcp-load-run", "Checks that failed", "A", {"valid": 0.25}),
    ("mcp-load-run", "Generator: CPU", "A", {"client": 0.5}),
    ("mcp-server", "Calls by tool", "A", {"add": 100.0}),
    ("mcp-server", "Errors by tool", "A", {"add": 0.05}),
    ("mcp-server", "p95 by tool", "A", {"add": P95}),
    ("mcp-server", "CPU", "A", {"server": 0.25}),
    ("mcp-server", "Memory growth per hour", "A", {"server": 3_600_000.0}),
    (
        "mcp-chaos",
        "Injected by type",
        "A",
        {"http_status": 3.0, "capacity_queue": 8.0, "latency_fixed": 20.0, "http_drip": 10.0},
    ),
    ("mcp-chaos", "Injected faults and errors", "A", {"": 4.0}),
    ("mcp-chaos", "Injected faults and errors", "B", {"": 5.0}),
    ("mcp-chaos", "Errors that no fault explains", "A", {"": 1.0}),
    ("mcp-chaos", "Failures that are to be expected", "A", {"": 4.0}),
    ("mcp-chaos", "Failures seen", "A", {"": 5.0}),
    ("mcp-chaos", "Failures unexplained", "A", {"": 1.0}),
    ("mcp-chaos", "Share of calls under 200 ms", "A", {"": 0.9}),
    ("mcp-chaos", "Budget burn", "A", {"": 5.0}),
    ("mcp-endurance", "Drift of p95", "A", {"": 1.0}),
    ("mcp-endurance", "Calls that failed", "A", {"": 0.05}),
]
_TELLING = ("error_type", "gen_ai_tool_name", "fault_type", "check", "scenario", "instance")


@pytest.mark.parametrize(("board", "title", "query", "answer"), ANSWERS, ids=str)
def test_a_panel_shows_the_number_that_is_right(
    prometheus: Prometheus, board: str, title: str, query: str, answer: dict[str, float]
) -> None:
    dashboard = json.loads((FOLDER / f"{board}.json").read_text())
    (panel,) = [each for each in panels_of(dashboard) if each["title"] == title]
    (expr,) = [target["expr"] for target in panel["targets"] if target["refId"] == query]
    chosen = {"job": "(mcp-server)", "instance": "(server)", "tool": ".+", "scenario": ".+"}
    values = {**Window(AT - 300, AT, 2.0).builtins, **chosen}
    found = {
        next((dict(labels)[name] for name in _TELLING if name in dict(labels)), ""): value
        for labels, value in prometheus.vector(fill(expr, values), AT).items()
    }
    assert found == pytest.approx(answer, rel=1e-6)


def test_without_a_fault_every_error_is_unexplained_and_with_enough_of_them_none(prometheus: Prometheus) -> None:
    dashboard = json.loads((FOLDER / "mcp-chaos.json").read_text())
    (expr,) = [
        each["targets"][0]["expr"] for each in panels_of(dashboard) if each["title"] == "Errors that no fault explains"
    ]
    values = {**Window(AT - 300, AT, 2.0).builtins, "scenario": ".+", "tool": ".+"}
    no_fault = fill(expr, values).replace("mcp_fault_expected_failures_total", "mcp_no_such_total")
    assert list(prometheus.vector(no_fault, AT).values()) == pytest.approx([5.0])
    own_only = fill(expr, values).replace('error_type!=""', 'error_type="503"')
    assert list(prometheus.vector(own_only, AT).values()) == [0.0]
