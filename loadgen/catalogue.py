"""The names of the metrics, as load-testing tools have them. Times are in milliseconds."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, its type, and what it says."""

    name: str
    kind: Literal["counter", "rate", "trend"]
    meaning: str


HTTP_REQS = Metric("http_reqs", "counter", "tool calls made; session traffic is not counted")
HTTP_REQ_DURATION = Metric("http_req_duration", "trend", "service time of the calls that were sent, from sent")
HTTP_REQ_FAILED = Metric("http_req_failed", "rate", "calls with any outcome but ok")
CHECKS = Metric("checks", "rate", "replies whose schema and values were right, among those that could be checked")
ITERATIONS = Metric("iterations", "counter", "iterations completed by the virtual users; one call each")
SESSION_CREATION = Metric("mcp_session_creation_ms", "trend", "initialize and notifications/initialized together")
TOOL_CALL = Metric("mcp_tool_call_duration_ms", "trend", "response time of every call, from due")

CATALOGUE = (HTTP_REQS, HTTP_REQ_DURATION, HTTP_REQ_FAILED, CHECKS, ITERATIONS, SESSION_CREATION, TOOL_CALL)


def operation_metric(tool: str) -> Metric:
    """The trend of one tool's response times: `operation_<tool>_ms`."""
    return Metric(f"operation_{tool}_ms", "trend", f"response time of {tool} calls, from due")
