"""A run as JSON, for machines: `"version": 1`. Times are in ms unless the key says otherwise; null is "no data"."""

from dataclasses import asdict
from typing import Any

import orjson

from ..assessment import grade_average, grade_success
from ..health import GeneratorHealth
from ..result import RunResult
from .values import metric_values

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
        "requests": {
            "total": measured.calls,
            "successful": measured.ok,
            "failed": result.failed,
            "unfinished": measured.unfinished,
            "dropped": measured.dropped,
            "due": measured.due,
            "success_rate_percent": result.success_rate,
            "per_second": result.rate,
        },
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
        "sessions": asdict(measured.sessions),
        "assessment": {
            "success_rate": grade_success(result.success_rate),
            "average_response_time": None if average is None else grade_average(average),
        },
        "targets": [asdict(verdict) for verdict in result.targets],
        "notes": list(result.notes),
        "gate": {"passed": result.passed, "min_success_percent": result.min_success},
        "metrics": metric_values(result),
    }


def _generator(health: GeneratorHealth | None) -> dict[str, Any] | None:
    return None if health is None else {"limited": health.limited, **asdict(health)}
