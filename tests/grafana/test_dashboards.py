"""What is wrong with a dashboard can be seen without a server, most of it."""

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.generate import DASHBOARDS, FOLDER, text_of
from grafana.model import SCRAPE_INTERVAL, Dashboard, Line, Panel, Row
from loadgen.accounting import Accounting
from loadgen.clock import SystemClock
from loadgen.metrics import Trend
from loadgen.outputs.collector import Labels, RunCollector
from loadgen.outputs.prometheus import PrometheusOutput
from loadgen.thresholds import Verdict, parse_threshold
from servers.fault_metrics import FaultMetrics
from servers.faults.effects import EFFECTS
from servers.faults.plane import Plane
from servers.faults.profile import parse_profile
from servers.telemetry import Telemetry
from servers.wire.call import Call
from tests.support.dashcheck import fill, panels_of
from tests.support.prometheus import program

GRAFANA = FOLDER.parent
FILES = sorted(FOLDER.glob("*.json"))
BUILT_IN = {"__rate_interval": "8s", "__interval": "2s", "__range": "900s"}
UNITS = {"s", "short", "reqps", "ops", "percentunit", "bytes", "Bps"}
KINDS = {"timeseries", "stat", "heatmap", "state-timeline"}
SELECTION = re.compile(r"\{([^{}]*)\}")
GROUPING = re.compile(r"\b(?:by|on) \(([^()]*)\)")
METRIC = re.compile(r"\b(?:mcp|process|python)_\w+|\bup\b")
RANGE = re.compile(r"\[([^\]]+)\]")


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What Grafana reads."""
    read: dict[str, Any] = json.loads(request.param.read_text())
    return read


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    """Every query of panels and annotations."""
    yield from (target["expr"] for panel in panels_of(dashboard) for target in panel["targets"])
    yield from (each["expr"] for each in dashboard["annotations"]["list"] if "builtIn" not in each)


@pytest.mark.parametrize("made", DASHBOARDS, ids=lambda made: made.uid)
def test_the_files_are_up_to_date(made: Any) -> None:
    written = (FOLDER / f"{made.uid}.json").read_text()
    assert written == text_of(made), "run python -m grafana.generate"


def test_there_is_a_file_for_each_dashboard_and_no_other() -> None:
    assert [file.stem for file in FILES] == sorted(made.uid for made in DASHBOARDS)


def test_the_whole_is_what_grafana_takes(dashboard: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", dashboard["uid"])
    assert "id" not in dashboard
    assert dashboard["editable"] is False
    assert dashboard["schemaVersion"] == 42
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


def test_panels_do_not_overlap(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells


def test_each_panel_says_what_it_shows_in_a_unit_by_a_query_of_the_chosen_source(dashboard: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in panels_of(dashboard)]
    assert len(set(titles)) == len(titles)
    for panel in panels_of(dashboard):
        assert panel["title"]
        assert panel["description"].endswith((".", ".)"))
        assert panel["type"] in KINDS
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["targets"]
        assert {each["datasource"]["uid"] for each in (panel, *panel["targets"])} == {"${datasource}"}
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        lines = panel["fieldConfig"]["defaults"].get("custom", {}).get("thresholdsStyle", {}).get("mode")
        if panel["type"] == "timeseries":
            assert (lines == "dashed") == (len(steps) > 1), panel["title"]


def test_all_jobs_and_instances_are_those_of_servers_all_others_a_pattern(dashboard: dict[str, Any]) -> None:
    first, *others = dashboard["templating"]["list"]
    assert (first["name"], first["type"]) == ("datasource", "datasource")
    for variable in others:
        assert (variable["multi"], variable["includeAll"], variable["refresh"]) == (True, True, 2)
        # ".+" as job would be the load generators, too, which have process metrics as servers have.
        assert variable["allValue"] == (None if variable["name"] in ("job", "instance") else ".+")
    labels = {variable["name"]: variable["label"] for variable in others}
    assert labels.get("job", "Job") == "Job"
    assert labels.get("instance", "Instance") == "Instance"
    used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(dashboard))) - {"__all"}
    assert used <= {"datasource", *labels, *BUILT_IN}
    assert set(labels) <= used


def test_counters_are_only_seen_as_rates_over_windows_that_fit_the_scrapes(dashboard: dict[str, Any]) -> None:
    for expr in expressions(dashboard):
        assert set(RANGE.findall(expr)) <= {"$__rate_interval", "$__range", "1m"}, expr
        bare = re.sub(r"\b(?:rate|increase)\([a-z_]+(?:\{[^}]*\})?\[[^\]]+\]\)", "", expr)
        assert not re.search(r"_(?:total|count|sum|bucket)\b(?! ?\()", bare), expr


def test_annotations_are_runs_phases_and_faults_and_look_as_often_as_is_scraped(dashboard: dict[str, Any]) -> None:
    own = [each for each in dashboard["annotations"]["list"] if "builtIn" not in each]
    assert [each["name"] for each in own] == ["Runs", "Phases", "Faults"]
    assert {each["target"]["interval"] for each in own} == {SCRAPE_INTERVAL}
    assert all(each["target"]["expr"] == each["expr"] for each in own)


def test_every_query_is_promql(tmp_path: Path) -> None:
    boards = [json.loads(file.read_text()) for file in FILES]
    values = {**BUILT_IN, **dict.fromkeys(("job", "instance", "tool", "scenario"), "(a\\\\.b|c)")}
    filled = [fill(expr, values) for board in boards for expr in expressions(board)]
    rules = [{"record": f"query:{number}", "expr": expr} for number, expr in enumerate(filled)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    checked = subprocess.run(
        [program("promtool"), "check", "rules", str(file)], capture_output=True, text=True, timeout=30, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


class Shown:
    """A scenario in which nothing has happened yet."""

    name = "calm"
    accounting = Accounting()
    active_requests = 0
    target_rate = 10.0
    tools = ("add",)
    started = True
    over = False
    phases_now = {"hold": True}  # noqa: RUF012 - nobody changes it

    def recent(self, seconds: float) -> tuple[()]:
        del seconds
        return ()


def known_metrics() -> dict[str, set[str]]:
    """Every series name that this project exports, with its labels; those of the scrape are added."""
    profile = parse_profile("version: 1\nrules: [{name: r, do: [{latency: 1ms}]}]", "p", EFFECTS, ("add",))
    telemetry = Telemetry(frozenset({"add"}), lambda: 0)
    FaultMetrics(telemetry, ["add"], Plane(profile, lambda: 0.0))
    telemetry.session("2025-11-25", 1.0)
    telemetry.operation(Call("tools/call", "add"), "tool_error", 1.0)
    verdict = Verdict(parse_threshold("http_reqs", "count>0"), None, "no data")
    run = RunCollector(Labels("ab12", ("add",)), (Shown(),), Trend(), lambda: (verdict,))
    page = PrometheusOutput(SystemClock())
    page.show(run)

    async def render() -> str:
        return page.render("")[1].decode()

    samples = [
        (sample.name, set(sample.labels)) for family in telemetry.registry.collect() for sample in family.samples
    ]
    for line in asyncio.run(render()).splitlines():
        name, _, rest = line.partition("{")
        if not line.startswith("#"):
            samples.append((name.split()[0], set(re.findall(r'(\w+)="', rest))))
    known: dict[str, set[str]] = {"up": {"job", "instance"}}
    for name, labels in samples:
        known.setdefault(name, set()).update(labels, {"job", "instance"})
    return known


def test_every_query_asks_for_metrics_and_labels_that_the_code_exports() -> None:
    known = known_metrics()
    for file in FILES:
        for expr in expressions(json.loads(file.read_text())):
            grouped = {label for group in GROUPING.findall(expr) for label in group.split(", ")}
            names = set(METRIC.findall(GROUPING.sub("", SELECTION.sub("", expr))))
            assert names, expr
            assert names <= set(known), f"{expr}: {names - set(known)}"
            assert grouped <= set.union(*(known[name] for name in names)), expr
            for name, selection in re.findall(r"((?:mcp|process|python)_\w+|up)\{([^{}]*)\}", expr):
                labels = set(re.findall(r'(\w+)(?:=~|!~|!=|=)"', selection))
                assert labels <= known[name], f"{expr}: {labels - known[name]}"


def test_every_metric_of_this_project_is_on_a_dashboard() -> None:
    shown = "\n".join(file.read_text() for file in FILES)
    families = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in known_metrics() if name.startswith("mcp_")}
    assert {family for family in families if not re.search(rf"\b{family}(?:_bucket|_count|_sum)?\b", shown)} == set()


def test_a_line_colours_what_is_beyond_it() -> None:
    highs = Panel("highs", "", "s", (), lines=(Line(2.0), Line(1.0, "warn")))
    low = Panel("low", "", "s", (), lines=(Line(0.9, below=True),))
    board = Dashboard("u", "t", "d", (), (), (Row("r", (highs, low)),))
    above, below = (
        [(step["value"], step["color"]) for step in each["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        for each in board.as_json()["panels"][1:]
    )
    assert above == [(None, "green"), (1.0, "orange"), (2.0, "red")]
    assert below == [(None, "red"), (0.9, "green")]


def test_the_provisioned_source_and_folder_are_those_of_dashboards_prometheus_and_compose() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/mcp.yml").read_text())["providers"]
    scrapes = yaml.safe_load((GRAFANA / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["uid"] == "prometheus"
    assert source["isDefault"] is True
    assert source["jsonData"]["timeInterval"] == scrapes == SCRAPE_INTERVAL
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert provider["allowUiUpdates"] is False
    assert {json.loads(file.read_text())["templating"]["list"][0]["current"]["value"] for file in FILES} == {
        "prometheus"
    }
