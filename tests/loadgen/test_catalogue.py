import re
from pathlib import Path

from loadgen.catalogue import CATALOGUE, Metric, operation_metric

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
