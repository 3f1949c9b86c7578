"""Single series of a run's metrics: what they are called, and histograms made of a run's accounts."""

from collections.abc import Iterator
from operator import add

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from ..cells import Cell
from ..metrics import Trend
from ..outcome import HttpStatus, RpcError, Timeout
from ..thresholds import Verdict

OPERATION_SECONDS = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15,
    0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
)  # fmt: skip
"""Bucket bounds: the same as the servers have, so that both ends can be compared."""
LAG_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
OTHER = "_other"
"""Stands for every tool that the plan does not name, or that there is no room for."""
FAILED_OTHERWISE = "_OTHER"
"""The conventions' `error.type` for what has no better name."""
Piece = Metric | None
"""A family of metrics, or a part of one whose other parts come next; None is but a step of the work."""


def criterion(verdict: Verdict) -> str:
    """A criterion as people write it, such as `http_req_duration: p(95)<100`, with its window."""
    threshold = verdict.threshold
    window = "" if threshold.window is None else f" (last {threshold.window:g}s)"
    return f"{threshold.metric_text}: {threshold}{window}"


def error_type(cell: Cell) -> str:
    """The value of `error_type` as OpenTelemetry's conventions for MCP have it; empty for ok."""
    failure = cell.failure
    if failure is None:
        return ""
    if cell.label.endswith("(other)"):
        return FAILED_OTHERWISE
    if isinstance(failure, (RpcError, HttpStatus)):
        return str(failure.code)
    return "timeout" if isinstance(failure, Timeout) else failure.kind


def fill(
    family: HistogramMetricFamily, labels: tuple[str, ...], trends: list[Trend], bounds: tuple[float, ...]
) -> Iterator[Piece]:
    """One series for all of `trends`: their counts are added, which costs less than to merge their histograms."""
    counts, total, seconds = [0] * len(bounds), 0, 0.0
    for trend in trends:
        counts = list(map(add, counts, trend.histogram.cumulated(bounds)))
        total += trend.count
        seconds += trend.sum
        yield None
    buckets = [(str(bound), float(count)) for bound, count in zip(bounds, counts, strict=True)]
    family.add_metric(labels, buckets=[*buckets, ("+Inf", float(total))], sum_value=seconds)
    yield family
