"""A run as JSON, for machines: `"version": 1`. Times are in ms unless the key says otherwise; null is "no data"."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson

from ..assessment import grade_average, grade_success
from ..environment import environment
from ..health import GeneratorHealth
from ..result import Measurements, Point, RunResult, ScenarioResult
from ..thresholds import Verdict, describe
from .values import metric_values, values_of
from .verdict import verdict_sentence

VERSION = 1


def render_json(result: RunResult) -> bytes:
    """Everything that the text report says, and every metric; UTF-8, indented, with a newline at the end."""
    return orjson.dumps(document(result), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def document(result: RunResult) -> dict[str, Any]:
    """What `render_json` writes."""
    measured = result.measured
    average = measured.response.average
    return {
        "version": VERSION,
        "workload": result.workload,
        "mix": result.mix,
        "url": result.url,
        "server": result.server,
        "protocol": result.protocol,
        "seed": result.seed,
        "run_id": result.run_id,
        "load": result.load,
        "timeout_seconds": result.timeout,
        "command": list(result.command),
        "started_at": result.started_at,
        "duration_seconds": result.seconds,
        "interrupted": result.interrupted,
        "generator": _generator(result.generator),
        "requests": _requests(measured, result.seconds),
        "response_time": asdict(measured.response),
        "response_time_successful": asdict(measured.response_ok),
        "schedule_lag": asdict(measured.schedule_lag),
        "tools": {
            tool.tool: {
                "total": tool.calls,
                "successful": tool.ok,
                "failed": tool.calls - tool.ok,
                "success_rate_percent": 100 * tool.ok / tool.calls,
                "outcomes": dict(tool.outcomes),
                "response_time": asdict(tool.response),
            }
            for tool in measured.tools
        },
        "errors": [asdict(kind) for kind in measured.errors],
        "sessions": None if measured.sessions is None else asdict(measured.sessions),
        "assessment": {
            "success_rate": grade_success(result.success_rate),
            "average_response_time": None if average is None else grade_average(average),
        },
        "targets": [asdict(verdict) for verdict in result.targets],
        "notes": list(result.notes),
        "gate": {"passed": result.passed, "min_success_percent": result.min_success},
        "verdict": {"passed": result.passed, "sentence": verdict_sentence(result)},
        "plan": _plan(result),
        "scenarios": [_scenario(scenario) for scenario in result.scenarios],
        "phases": [
            {"name": phase.name, "scenario": phase.scenario, "start_seconds": phase.start, "end_seconds": phase.end}
            for phase in result.phases
        ],
        "timeline": _timeline(result.points),
        "thresholds": [_threshold(verdict) for verdict in result.verdicts],
        "checks": [asdict(check) for check in measured.checks],
        "findings": [asdict(finding) for finding in result.findings],
        "distribution": {
            "upper_ms": [upper for upper, _ in result.distribution],
            "count": [count for _, count in result.distribution],
        },
        "environment": dict(result.environment or environment()),
        "metrics": metric_values(result),
    }


def _requests(measured: Measurements, seconds: float) -> dict[str, Any]:
    return {
        "total": measured.calls,
        "successful": measured.ok,
        "failed": measured.failed,
        "unfinished": measured.unfinished,
        "dropped": measured.dropped,
        "due": measured.due,
        "success_rate_percent": 100 * measured.ok / measured.calls if measured.calls else None,
        "per_second": measured.calls / seconds if seconds > 0 else 0.0,
    }


def _plan(result: RunResult) -> dict[str, Any] | None:
    if not result.description:
        return None
    return {
        "name": result.workload,
        "description": result.description,
        "scale": result.scale,
        "workload": result.mix,
        "aborted": result.aborted,
    }


def _scenario(scenario: ScenarioResult) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "mix": scenario.mix,
        "load": scenario.load,
        "start_seconds": scenario.start,
        "duration_seconds": scenario.seconds,
        "requests": _requests(scenario.measured, scenario.seconds),
        "metrics": values_of(scenario.measured, scenario.seconds),
    }


def _timeline(points: Sequence[Point]) -> dict[str, Any] | None:
    """The points as columns; a label that occurs anywhere has a column of its own."""
    if not points:
        return None
    labels = sorted({label for point in points for label in point.errors})
    return {
        "interval_seconds": max(point.seconds for point in points),
        "at_seconds": [point.at for point in points],
        "seconds": [point.seconds for point in points],
        "calls": [point.calls for point in points],
        "failed": [point.failed for point in points],
        "errors": {label: [point.errors.get(label, 0) for point in points] for label in labels},
        "vus": [point.vus for point in points],
        "target_rate": [point.target_rate for point in points],
        "dropped": [point.dropped for point in points],
        "p50": [point.p50 for point in points],
        "p95": [point.p95 for point in points],
        "p99": [point.p99 for point in points],
        "max": [point.maximum for point in points],
        "server_memory_bytes": [point.server_memory for point in points],
        "server_sessions": [point.server_sessions for point in points],
    }


def _threshold(verdict: Verdict) -> dict[str, Any]:
    threshold = verdict.threshold
    return {
        "metric": threshold.metric,
        "tags": dict(threshold.tags),
        "expression": str(threshold),
        "aggregation": str(threshold.aggregation),
        "operator": threshold.operator,
        "limit": threshold.limit,
        "unit": threshold.unit,
        "window_seconds": threshold.window,
        "stretch": threshold.stretch,
        "measured": verdict.measured,
        "status": verdict.status,
        "line": describe(verdict),
    }


def _generator(health: GeneratorHealth | None) -> dict[str, Any] | None:
    return None if health is None else {"limited": health.limited, **asdict(health)}
