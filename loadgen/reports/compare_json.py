"""A comparison as JSON, for machines: `"version": 1`. Times are in ms, shares from 0 to 1; null is "no data"."""

from typing import Any

import orjson

from ..comparison.compare import Comparison
from ..comparison.estimate import CONFIDENCE, Interval
from ..comparison.limit import Verdict
from ..comparison.rows import Row
from ..comparison.run import Side
from .compare_words import verdict_reason

VERSION = 1


def render_comparison_json(comparison: Comparison) -> bytes:
    """Every figure of every metric; UTF-8, indented, with a newline at the end."""
    return orjson.dumps(comparison_document(comparison), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """What `render_comparison_json` writes."""
    return {
        "version": VERSION,
        "kind": "comparison",
        "confidence": None if comparison.one_run_each else CONFIDENCE,
        "baseline": _side(comparison.baseline),
        "current": _side(comparison.current),
        "rows": [_row(row) for row in comparison.rows],
        "limits": [_limit(verdict) for verdict in comparison.verdicts],
        "notes": list(comparison.notes),
        "gate": {"passed": comparison.passed, "judged": bool(comparison.verdicts)},
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "source": side.source,
        "generator_limited": side.limited,
        "runs": [
            {
                "file": run.file,
                "run_id": run.run_id,
                "started_at": run.started_at,
                "server": run.server,
                "url": run.url,
                "interrupted": run.interrupted,
                "generator_limited": run.limited,
                **run.identity,
                "plan": None if run.plan is None else run.plan.name,
                "scale": None if run.plan is None else run.plan.scale,
            }
            for run in side.runs
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    found = row.estimate
    return {
        "metric": row.metric,
        "aggregation": row.aggregation,
        "unit": row.unit,
        "baseline": row.baseline,
        "current": row.current,
        "difference": None if found is None else found.difference,
        "difference_interval": _interval(None if found is None else found.interval),
        "percent": None if found is None else found.percent,
        "percent_interval": _interval(None if found is None else found.percent_interval),
        "changed": None if found is None else found.changed,
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _limit(verdict: Verdict) -> dict[str, Any]:
    limit = verdict.limit
    return {
        "limit": str(limit),
        "metric": limit.metric,
        "aggregation": limit.aggregation,
        "operator": limit.operator,
        "amount": limit.amount,
        "unit": limit.unit,
        "status": verdict.status,
        "judged_by": None
        if verdict.status in ("no data", "generator limited")
        else "interval"
        if verdict.by_interval
        else "difference",
        "reason": verdict_reason(verdict),
    }
