"""The metrics by the names that load-testing tools give them: type, unit, tags, and the Prometheus metric of each.

Times are in milliseconds here, in seconds there.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "rate", "trend"]
Unit = Literal["ms", "/s", "B", "B/s", ""]
"""Of a value; a rate of true values has none and goes from 0 to 1."""

OPERATION_SECONDS = "mcp_client_operation_duration_seconds"
"""Histogram of service times by tool and error type."""


AGGREGATIONS: dict[Kind, tuple[str, ...]] = {
    "counter": ("count", "rate"),
    "gauge": ("value",),
    "rate": ("rate",),
    "trend": ("avg", "min", "med", "max", "p(N)", "count"),
}
"""What the values of a metric of each type can be summed up to in a threshold."""

_OF_RUNS = ("scenario",)
_OF_CALLS = ("tool", "scenario", "outcome", "expected_response")
_OF_ONE_TOOL = ("scenario", "outcome", "expected_response")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, its type, what it says, and what Prometheus calls it (empty: it has no such metric).

    `tags` are the keys by which its samples can be told apart; `in_bytes` says that its values are bytes.
    """

    name: str
    kind: Kind
    meaning: str
    prometheus: str = ""
    tags: tuple[str, ...] = _OF_RUNS
    in_bytes: bool = False

    @property
    def aggregations(self) -> tuple[str, ...]:
        """What its values can be summed up to, `p(N)` for every percentile."""
        return AGGREGATIONS[self.kind]

    def unit(self, aggregation: str) -> Unit:
        """The unit of what its values sum up to by `aggregation`."""
        if self.kind == "trend":
            return "" if aggregation == "count" else "ms"
        if self.kind == "counter" and aggregation == "rate":
            return "B/s" if self.in_bytes else "/s"
        return "B" if self.in_bytes else ""


HTTP_REQS = Metric(
    "http_reqs",
    "counter",
    "tool calls made; session traffic is not counted",
    f"{OPERATION_SECONDS}_count",
    tags=_OF_CALLS,
)
HTTP_REQ_DURATION = Metric(
    "http_req_duration",
    "trend",
    "service time of the calls that were sent, from sent",
    OPERATION_SECONDS,
    tags=_OF_CALLS,
)
HTTP_REQ_FAILED = Metric(
    "http_req_failed",
    "rate",
    "calls with any outcome but ok",
    f'{OPERATION_SECONDS}_count{{error_type!=""}}',
    tags=_OF_CALLS,
)
HTTP_REQ_BLOCKED = Metric("http_req_blocked", "trend", "time to get a connection, of calls that had to make one")
HTTP_REQ_CONNECTING = Metric("http_req_connecting", "trend", "of that, the TCP connection")
HTTP_REQ_TLS_HANDSHAKING = Metric("http_req_tls_handshaking", "trend", "of that, the TLS handshake")
HTTP_REQ_SENDING = Metric("http_req_sending", "trend", "handing the request to the connection")
HTTP_REQ_WAITING = Metric("http_req_waiting", "trend", "from there to the first byte of the reply")
HTTP_REQ_RECEIVING = Metric("http_req_receiving", "trend", "from the first byte of the reply to the last one needed")
CHECKS = Metric(
    "checks",
    "rate",
    "what should hold for every reply, and did",
    "mcp_load_checks_total",
    tags=_OF_CALLS,
)
ITERATIONS = Metric(
    "iterations",
    "counter",
    "iterations completed by the virtual users; one call each",
    "mcp_load_iterations_total",
    tags=_OF_CALLS,
)
ITERATION_DURATION = Metric(
    "iteration_duration",
    "trend",
    "response time of every iteration, from due",
    "mcp_load_iteration_duration_seconds",
    tags=_OF_CALLS,
)
DROPPED_ITERATIONS = Metric(
    "dropped_iterations",
    "counter",
    "iterations never begun: no virtual user was free when due (open model), or max_duration was over (closed)",
    "mcp_load_dropped_iterations_total",
)
VUS = Metric("vus", "gauge", "virtual users at work", "mcp_load_vus")
VUS_MAX = Metric("vus_max", "gauge", "virtual users there are", "mcp_load_vus_max")
DATA_SENT = Metric(
    "data_sent",
    "counter",
    "bytes of requests, as far as the transport can tell",
    "mcp_load_sent_bytes_total",
    in_bytes=True,
)
DATA_RECEIVED = Metric(
    "data_received",
    "counter",
    "bytes of replies, as far as the transport can tell",
    "mcp_load_received_bytes_total",
    in_bytes=True,
)
SESSION_CREATION = Metric(
    "mcp_session_creation_ms",
    "trend",
    "initialize and notifications/initialized together",
    f'{OPERATION_SECONDS}{{mcp_method_name="initialize"}}',
)
TOOL_CALL = Metric(
    "mcp_tool_call_duration_ms",
    "trend",
    "response time of every call, from due",
    "mcp_load_latency_seconds, mcp_load_iteration_duration_seconds",
    tags=_OF_CALLS,
)

CATALOGUE = (
    HTTP_REQS,
    HTTP_REQ_DURATION,
    HTTP_REQ_FAILED,
    HTTP_REQ_BLOCKED,
    HTTP_REQ_CONNECTING,
    HTTP_REQ_TLS_HANDSHAKING,
    HTTP_REQ_SENDING,
    HTTP_REQ_WAITING,
    HTTP_REQ_RECEIVING,
    CHECKS,
    ITERATIONS,
    ITERATION_DURATION,
    DROPPED_ITERATIONS,
    VUS,
    VUS_MAX,
    DATA_SENT,
    DATA_RECEIVED,
    SESSION_CREATION,
    TOOL_CALL,
)


EVERY_OPERATION = "operation_*_ms"
"""In a criterion: the metric of each tool that the run calls."""


def operation_metric(tool: str) -> Metric:
    """The trend of one tool's response times: `operation_<tool>_ms`."""
    return Metric(f"operation_{tool}_ms", "trend", f"response time of {tool} calls, from due", tags=_OF_ONE_TOOL)


def find_metric(name: str) -> Metric | None:
    """The metric of that name, also one tool's of the family `operation_<tool>_ms`; None: there is none."""
    tool = name.removeprefix("operation_").removesuffix("_ms")
    if name == f"operation_{tool}_ms" and tool:
        return operation_metric(tool)
    return next((metric for metric in CATALOGUE if metric.name == name), None)


def sub_metric(metric: Metric, tag: str, value: str) -> str:
    """The name of the part of `metric` whose samples have that tag."""
    return f"{metric.name}{{{tag}:{value}}}"
