"""An MCP client for people's own scripts: sessions over one connection each, in both eras; failed calls are data.

endpoint = Endpoint("http://127.0.0.1:8100/mcp")
transport = endpoint.connect()
session = await initialize_session(transport, within=30.0, protocol="auto")
outcome = await call_tool(session, "add", {"a": 1, "b": 2})

What is listed in `__all__` is public; docs/client.md tells how it is used.
"""

from ..outcome import (
    Cancelled,
    CheckFailed,
    Connect,
    ContentType,
    Failure,
    HttpStatus,
    Ok,
    Outcome,
    Parse,
    Reset,
    RpcError,
    SchemaViolation,
    SessionLost,
    SseProtocol,
    Timeout,
    Tls,
    ToolError,
)
from .calculation import CallFailed, perform_calculation
from .endpoint import Endpoint, parse_header
from .messages import RpcResult, parse_json_response, parse_sse_response
from .session import (
    Session,
    Tool,
    call_tool,
    delete_session,
    discover,
    initialize_session,
    list_tools,
    ping,
    remember_tools,
)
from .transport import Limits, Request, Sink, Timings, Transport

__all__ = [
    "CallFailed",
    "Cancelled",
    "CheckFailed",
    "Connect",
    "ContentType",
    "Endpoint",
    "Failure",
    "HttpStatus",
    "Limits",
    "Ok",
    "Outcome",
    "Parse",
    "Request",
    "Reset",
    "RpcError",
    "RpcResult",
    "SchemaViolation",
    "Session",
    "SessionLost",
    "Sink",
    "SseProtocol",
    "Timeout",
    "Timings",
    "Tls",
    "Tool",
    "ToolError",
    "Transport",
    "call_tool",
    "delete_session",
    "discover",
    "initialize_session",
    "list_tools",
    "parse_header",
    "parse_json_response",
    "parse_sse_response",
    "perform_calculation",
    "ping",
    "remember_tools",
]
