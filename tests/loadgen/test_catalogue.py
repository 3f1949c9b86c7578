import re
from pathlib import Path

import pytest

from loadgen.catalogue import CATALOGUE, Metric, find_metric, operation_metric

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.+) \| (.+) \|$", re.MULTILINE)


def row(metric: Metric) -> tuple[str, str, str, str]:
    names = ", ".join(f"`{name}`" for name in metric.prometheus.split(", ")) if metric.prometheus else "-"
    return metric.name, metric.kind, metric.meaning, names


def test_the_documented_table_is_the_catalogue() -> None:
    of_reports, _, _ = DOCS.read_text(encoding="utf-8").partition("## Prometheus")
    assert ROW.findall(of_reports) == [row(metric) for metric in CATALOGUE]


def test_no_name_is_used_twice() -> None:
    names = [metric.name for metric in (*CATALOGUE, operation_metric("divide"))]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_a_metric_is_found_by_its_name(metric: Metric) -> None:
    assert find_metric(metric.name) is metric


@pytest.mark.parametrize("tool", ["add", "get-balance", "ns.tool", "operation_add_ms", "_"])
def test_every_tool_has_a_metric(tool: str) -> None:
    assert find_metric(f"operation_{tool}_ms") == operation_metric(tool)


@pytest.mark.parametrize("name", ["", "http_req", "operation_ms", "operation__ms", "operation_add", "add_ms"])
def test_other_names_are_no_metrics(name: str) -> None:
    assert find_metric(name) is None
