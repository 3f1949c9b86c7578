"""The metrics of a run by name, with their values as the type of each has them."""

from ..catalogue import (
    CHECKS,
    DATA_RECEIVED,
    DATA_SENT,
    DROPPED_ITERATIONS,
    HTTP_REQ_BLOCKED,
    HTTP_REQ_CONNECTING,
    HTTP_REQ_DURATION,
    HTTP_REQ_FAILED,
    HTTP_REQ_RECEIVING,
    HTTP_REQ_SENDING,
    HTTP_REQ_TLS_HANDSHAKING,
    HTTP_REQ_WAITING,
    HTTP_REQS,
    ITERATION_DURATION,
    ITERATIONS,
    SESSION_CREATION,
    TOOL_CALL,
    VUS,
    VUS_MAX,
    operation_metric,
    sub_metric,
)
from ..metrics import GaugeSummary, TrendSummary
from ..result import Measurements, PhasesResult, RunResult

Values = dict[str, float | None]


def metric_values(result: RunResult) -> dict[str, Values]:
    """Values by metric name. Trends in ms; rates from 0 to 1 with their counts; counters with their rate per second.

    None: too few samples for that statistic. Sub-metrics, of one tool or of one outcome, have their tag in the name.
    """
    return values_of(result.measured, result.seconds)


def values_of(measured: Measurements, seconds: float) -> dict[str, Values]:
    """As `metric_values`, of a run or of one scenario."""
    passes, fails = sum(check.passes for check in measured.checks), sum(check.fails for check in measured.checks)
    creation = {} if measured.sessions is None else {SESSION_CREATION.name: _trend(measured.sessions.creation)}
    return {
        HTTP_REQS.name: _counter(measured.calls, seconds),
        HTTP_REQ_DURATION.name: _trend(measured.service),
        sub_metric(HTTP_REQ_DURATION, "expected_response", "true"): _trend(measured.service_ok),
        HTTP_REQ_FAILED.name: _rate(measured.calls - measured.ok, measured.ok),
        **_phases(measured.phases),
        CHECKS.name: _rate(passes, fails),
        ITERATIONS.name: _counter(measured.finished, seconds),
        ITERATION_DURATION.name: _trend(measured.response),
        DROPPED_ITERATIONS.name: _counter(measured.dropped, seconds),
        VUS.name: _gauge(measured.vus),
        VUS_MAX.name: _gauge(measured.vus_max),
        DATA_SENT.name: _counter(measured.phases.sent_bytes, seconds),
        DATA_RECEIVED.name: _counter(measured.phases.received_bytes, seconds),
        **creation,
        TOOL_CALL.name: _trend(measured.response),
        **_parts(measured, seconds),
    }


def _phases(phases: PhasesResult) -> dict[str, Values]:
    return {
        HTTP_REQ_BLOCKED.name: _trend(phases.blocked),
        HTTP_REQ_CONNECTING.name: _trend(phases.connecting),
        HTTP_REQ_TLS_HANDSHAKING.name: _trend(phases.tls_handshaking),
        HTTP_REQ_SENDING.name: _trend(phases.sending),
        HTTP_REQ_WAITING.name: _trend(phases.waiting),
        HTTP_REQ_RECEIVING.name: _trend(phases.receiving),
    }


def _parts(measured: Measurements, seconds: float) -> dict[str, Values]:
    """What is known of each tool and of each outcome."""
    parts: dict[str, Values] = {}
    for tool in measured.tools:
        parts[operation_metric(tool.tool).name] = _trend(tool.response)
        parts[sub_metric(HTTP_REQS, "tool", tool.tool)] = _counter(tool.calls, seconds)
        parts[sub_metric(HTTP_REQ_DURATION, "tool", tool.tool)] = _trend(tool.service)
        parts[sub_metric(HTTP_REQ_FAILED, "tool", tool.tool)] = _rate(tool.calls - tool.ok, tool.ok)
    for outcome in measured.outcomes:
        parts[sub_metric(HTTP_REQS, "outcome", outcome.label)] = _counter(outcome.calls, seconds)
        parts[sub_metric(HTTP_REQ_DURATION, "outcome", outcome.label)] = _trend(outcome.service)
    return parts


def _gauge(gauge: GaugeSummary) -> Values:
    return {"value": gauge.value, "min": gauge.minimum, "max": gauge.maximum}


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
