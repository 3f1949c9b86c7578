"""The limits of `--fail-on`: how far the current side may be from the baseline.

    limit       = [ metric ":" ] aggregation ( ">" | "<" ) ( "+" | "-" ) number unit
    metric      = name [ "{" tag ":" value "}" ]
    aggregation = "avg" | "med" | "p(90)" | "p(95)" | "p(99)" | "p90" | "p95" | "p99" | "rate"
    unit        = "%"       of the baseline
                | "ms"      of a trend
                | "/s"      of a counter's rate
                | "pp"      percentage points, of a rate from 0 to 100 %

Blanks between the parts do not matter. `p95>+10%` fails when p95 is more than 10 % above the baseline, `rate<-5%` when
the rate is more than 5 % below it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from formats.nearest import did_you_mean

from ..catalogue import CATALOGUE, HTTP_REQS, TOOL_CALL
from .estimate import Estimate, Interval
from .rows import AGGREGATIONS, Kind, Row

_FORM = re.compile(
    r"(?:(?P<metric>[^<>]+?)\s*:\s*)?(?P<aggregation>avg|med|rate|p\(?\d+\)?)"
    r"\s*(?P<operator>[<>])\s*(?P<amount>[+-]\s*\d{1,12}(?:\.\d{1,12})?)\s*(?P<unit>%|ms|/s|pp)"
)
_ROUNDING = 1e-12
"""Of the larger figure: a difference of just the limit is not beyond it."""
_KNOWN: Mapping[str, Kind] = {metric.name: metric.kind for metric in CATALOGUE}
_UNITS: Mapping[Kind, str] = {"trend": "ms", "counter": "/s", "rate": "pp", "gauge": ""}

Status = Literal["pass", "fail", "no data", "generator limited"]


@dataclass(frozen=True, slots=True)
class Limit:
    """One `--fail-on`; `amount` has its sign, `text` is the limit as reports show it."""

    metric: str
    aggregation: str
    operator: Literal["<", ">"]
    amount: float
    unit: Literal["%", "ms", "/s", "pp"]

    def __str__(self) -> str:
        return f"{self.metric}: {self.aggregation} {self.operator} {self.amount:+.12g}{self.unit}"

    def excess(self, found: Estimate) -> tuple[float, Interval | None]:
        """By how much the difference is above the limit, and the interval of that, in the metric's own unit."""
        if self.unit == "%":
            factor = 1 + self.amount / 100 * (1 if found.baseline >= 0 else -1)
            return found.over(factor), found.interval_over(factor)
        shift = self.amount / 100 if self.unit == "pp" else self.amount
        interval = found.interval
        return found.difference - shift, interval and Interval(interval.low - shift, interval.high - shift)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A limit, the figures that it is about, and what became of it. `beyond`: the difference itself is."""

    limit: Limit
    row: Row | None
    status: Status
    beyond: bool = False

    @property
    def by_interval(self) -> bool:
        """Whether an interval decided; with one run each there is none."""
        return self.row is not None and self.row.estimate is not None and self.row.estimate.interval is not None


def parse_limit(text: str) -> Limit:
    """What `text` means.

    Raises:
        ValueError: it is no limit.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError("should be such as p95>+10%, rate<-5% or http_req_duration:p(99)>+5ms, with its sign and unit")
    aggregation = re.sub(r"^p\(?(\d+)\)?$", r"p(\1)", found["aggregation"])
    if aggregation not in (*AGGREGATIONS["trend"], "rate"):
        raise ValueError("should be about avg, med, p90, p95, p99 or rate")
    default = HTTP_REQS.name if aggregation == "rate" else TOOL_CALL.name
    amount = float(found["amount"].replace(" ", ""))
    return Limit(
        found["metric"] or default,
        aggregation,
        "<" if found["operator"] == "<" else ">",
        amount,
        found["unit"],  # type: ignore[arg-type]  # the expression knows no others
    )


def unsuited(limit: Limit, found: Mapping[str, Kind]) -> str | None:
    """Why `limit` can never be judged, as a sentence; `found` are the metrics of the results."""
    whole, _, tag = limit.metric.partition("{")
    kind = found.get(limit.metric) or _KNOWN.get(limit.metric) or (_KNOWN.get(whole) if tag else None)
    if kind is None:
        if re.fullmatch(r"operation_.+_ms", limit.metric):
            kind = "trend"  # of a tool that was not called: no data
        else:
            return f"{limit.metric} is no metric{did_you_mean(limit.metric, [*found, *_KNOWN])}"
    if limit.aggregation not in AGGREGATIONS[kind]:
        allowed = ", ".join(AGGREGATIONS[kind])
        return f"{limit.metric} is a {kind}, which " + (f"has {allowed}" if allowed else "is not compared")
    if limit.unit not in ("%", _UNITS[kind]):
        return f"{limit.metric} is a {kind}: its limits are in % or {_UNITS[kind]}"
    return None


def judge(limit: Limit, rows: Sequence[Row], *, generator_limited: bool) -> Verdict:
    """Broken is a limit when the whole interval is beyond it; without an interval, when the difference is.

    Latencies and rates of a generator that was itself the limit tell nothing about the server, whatever they say.
    """
    key = (limit.metric, limit.aggregation)
    row = next((row for row in rows if (row.metric, row.aggregation) == key), None)
    if row is None or row.estimate is None:
        return Verdict(limit, row, "no data")
    scale = _ROUNDING * max(abs(row.estimate.baseline), abs(row.estimate.current))
    sign = 1 if limit.operator == ">" else -1
    excess, interval = limit.excess(row.estimate)
    beyond = sign * excess > scale
    broken = beyond if interval is None else min(sign * interval.low, sign * interval.high) > scale
    if generator_limited and row.kind in ("trend", "counter"):
        return Verdict(limit, row, "generator limited", beyond)
    return Verdict(limit, row, "fail" if broken else "pass", beyond)
