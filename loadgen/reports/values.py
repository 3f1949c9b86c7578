"""The metrics of a run by name, with their values as the type of each has them."""

from ..catalogue import (
    CHECKS,
    HTTP_REQ_DURATION,
    HTTP_REQ_FAILED,
    HTTP_REQS,
    ITERATIONS,
    SESSION_CREATION,
    TOOL_CALL,
    operation_metric,
)
from ..metrics import TrendSummary
from ..result import RunResult

Values = dict[str, float | None]


def metric_values(result: RunResult) -> dict[str, Values]:
    """Values by metric name. Trends in ms; rates from 0 to 1 with their counts; counters with their rate per second.

    None: too few samples for that statistic.
    """
    measured = result.measured
    values: dict[str, Values] = {
        HTTP_REQS.name: _counter(measured.calls, result.seconds),
        HTTP_REQ_DURATION.name: _trend(measured.service),
        f"{HTTP_REQ_DURATION.name}{{expected_response:true}}": _trend(measured.service_ok),
        HTTP_REQ_FAILED.name: _rate(result.failed, measured.ok),
        CHECKS.name: _rate(measured.checks_passed, measured.checks_failed),
        ITERATIONS.name: _counter(measured.finished, result.seconds),
        SESSION_CREATION.name: _trend(measured.sessions.creation),
        TOOL_CALL.name: _trend(measured.response),
    }
    return values | {operation_metric(tool.tool).name: _trend(tool.response) for tool in measured.tools}


def _counter(count: int, seconds: float) -> Values:
    return {"count": count, "rate": count / seconds if seconds > 0 else None}


def _rate(passes: int, fails: int) -> Values:
    total = passes + fails
    return {"rate": passes / total if total else None, "passes": passes, "fails": fails}


def _trend(trend: TrendSummary) -> Values:
    return {
        "count": trend.count,
        "avg": trend.average,
        "min": trend.minimum,
        "med": trend.median,
        "max": trend.maximum,
        "p(90)": trend.p90,
        "p(95)": trend.p95,
        "p(99)": trend.p99,
    }
