"""Sides of a comparison from the figures that a test is about."""

import json
from pathlib import Path
from typing import Any

from loadgen.comparison.run import READS_VERSION, Run, Side, Values

METRICS: dict[str, Values] = {
    "http_reqs": {"count": 1000, "rate": 100.0},
    "http_req_failed": {"rate": 0.001, "passes": 1, "fails": 999},
    "http_req_duration": {"count": 1000, "avg": 5.0, "med": 4.0, "p(90)": 8.0, "p(95)": 9.0, "p(99)": 12.0},
    "mcp_tool_call_duration_ms": {"count": 1000, "avg": 6.0, "med": 5.0, "p(90)": 9.0, "p(95)": 10.0, "p(99)": 14.0},
    "vus": {"value": 10, "min": 1, "max": 10},
    "iterations": {"count": 1000, "rate": 100.0},
}


def run(run_id: str = "a1", metrics: dict[str, Values] = METRICS, **changes: Any) -> Run:
    """A run of the calculator with these metrics."""
    values: dict[str, Any] = {
        "run_id": run_id,
        "workload": "calculator",
        "mix": "add 100 %",
        "load": "10 virtual users for 30s",
        "protocol": "2025-11-25",
        "url": "http://127.0.0.1:8100/mcp",
        "server": "calculator",
        "started_at": "2026-01-01T00:00:00+00:00",
        "interrupted": False,
        "metrics": metrics,
        "file": f"{run_id}.json",
    }
    return Run(**values | changes)


def side(*p95: float | None, name: str = "side", **changes: Any) -> Side:
    """A run for every p95 of `mcp_tool_call_duration_ms`."""
    trend = METRICS["mcp_tool_call_duration_ms"]
    runs = (
        run(f"{name}{n}", METRICS | {"mcp_tool_call_duration_ms": trend | {"p(95)": value}}, **changes)
        for n, value in enumerate(p95)
    )
    return Side(name, tuple(runs))


def written(path: Path, **changes: Any) -> Path:
    """A file that holds what is read of a result."""
    document = {"version": READS_VERSION, **run().model_dump(exclude={"file"})}
    path.write_text(json.dumps(document | changes))
    return path
