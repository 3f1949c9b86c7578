"""The figures of two sides beside each other: a row for each aggregation of each metric."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from .estimate import Estimate, estimate
from .run import Run, Side, Values

Kind = Literal["trend", "counter", "rate", "gauge"]
AGGREGATIONS: Mapping[Kind, tuple[str, ...]] = {
    "trend": ("avg", "med", "p(90)", "p(95)", "p(99)"),
    "counter": ("rate",),
    "rate": ("rate",),
    "gauge": (),
}
"""What is compared of a metric; a gauge's last value is no figure of the run."""
UNITS: Mapping[Kind, str] = {"trend": "ms", "counter": "/s", "rate": "", "gauge": ""}
"""Of the values; a rate is a share from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `baseline` and `current` are means of the runs, None when a run of that side lacks it.

    `estimate` is None when either is.
    """

    metric: str
    kind: Kind
    aggregation: str
    baseline: float | None
    current: float | None
    estimate: Estimate | None

    @property
    def unit(self) -> str:
        """Of both figures and of their difference."""
        return UNITS[self.kind]

    @property
    def one_sided(self) -> bool:
        """Whether just one side has data."""
        return (self.baseline is None) != (self.current is None)


def rows(baseline: Side, current: Side) -> tuple[Row, ...]:
    """All that can be compared, in the order of the results."""
    found = kinds((*baseline.runs, *current.runs))
    return tuple(
        _row(metric, kind, aggregation, baseline, current)
        for metric, kind in found.items()
        for aggregation in AGGREGATIONS[kind]
    )


def kinds(runs: Iterable[Run]) -> dict[str, Kind]:
    """Every metric of the runs with its type."""
    return {metric: _kind(values) for run in runs for metric, values in run.metrics.items()}


def _kind(values: Values) -> Kind:
    """A type is known by the values that it has."""
    if "avg" in values:
        return "trend"
    if "passes" in values:
        return "rate"
    return "counter" if "count" in values else "gauge"


def _row(metric: str, kind: Kind, aggregation: str, baseline: Side, current: Side) -> Row:
    before, after = (_figures(side, metric, kind, aggregation) for side in (baseline, current))
    return Row(
        metric,
        kind,
        aggregation,
        fmean(before) if before else None,
        fmean(after) if after else None,
        estimate(before, after) if before and after else None,
    )


def _figures(side: Side, metric: str, kind: Kind, aggregation: str) -> list[float]:
    """A figure of every run, or none at all: the runs that have enough calls for a p99 are not all runs."""
    found = []
    for run in side.runs:
        values = run.metrics.get(metric, {})
        figure = values.get(aggregation) if _kind(values) == kind else None
        if figure is None:
            return []
        found.append(figure)
    return found
