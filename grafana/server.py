"""The dashboard of the servers."""

from .model import Dashboard, Line, Panel, Row, Target
from .parts import ANNOTATIONS, FAILED, MOST_LAG, SERVER, SERVERS, TOOLS_OF_SERVERS, R, S, T, quantile, rate, ratio

_COUNT = f"{SERVER}_count"
_BY_TOOL = "gen_ai_tool_name"

_CALLS = Row(
    "Tool calls",
    (
        Panel(
            "Calls by tool",
            "Tool calls per second, whatever became of them.",
            "reqps",
            (Target(rate(_COUNT, T, _BY_TOOL), "{{gen_ai_tool_name}}"),),
            width=8,
        ),
        Panel(
            "Errors by tool",
            "Share of a tool's calls that failed, as the server sees it.",
            "percentunit",
            (Target(ratio(_COUNT, FAILED, T, _BY_TOOL), "{{gen_ai_tool_name}}"),),
            lines=(Line(0.01),),
            width=8,
        ),
        Panel(
            "p95 by tool",
            "From the arrival of a call to the last byte of its reply.",
            "s",
            (Target(quantile(0.95, SERVER, T, _BY_TOOL), "{{gen_ai_tool_name}}"),),
            width=8,
        ),
        Panel(
            "Latency of all tools",
            "Percentiles of all tool calls together.",
            "s",
            tuple(Target(quantile(q, SERVER, T), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99)),
        ),
        Panel(
            "Errors by type",
            "Failed tool calls per second, by JSON-RPC code, HTTP status, or tool_error.",
            "reqps",
            (Target(rate(_COUNT, f"{T},{FAILED}", "error_type"), "{{error_type}}"),),
            empty="no errors",
        ),
    ),
)

_REQUESTS = Row(
    "Requests and sessions",
    (
        Panel(
            "Requests by method",
            "Every MCP request and notification per second.",
            "reqps",
            (Target(rate(_COUNT, S, "mcp_method_name"), "{{mcp_method_name}}"),),
            width=8,
        ),
        Panel(
            "Under way",
            "Requests that have no whole reply yet, and open sessions (protocols up to 2025-11-25).",
            "short",
            (
                Target(f"sum by (mcp_method_name) (mcp_server_active_requests{{{S}}})", "{{mcp_method_name}}"),
                Target(f"sum(mcp_server_active_sessions{{{S}}})", "sessions"),
            ),
            width=8,
        ),
        Panel(
            "Who answers",
            "Calls per second on the fast lane, and those that FastMCP answered, with the reason.",
            "reqps",
            (Target(rate("mcp_server_lane_total", S, "path, reason"), "{{path}} {{reason}}"),),
            width=8,
        ),
    ),
)

PROCESS = Row(
    "Process",
    (
        Panel(
            "CPU",
            "Share of one core; a server is one process, so one core is the most.",
            "percentunit",
            (Target(f"rate(process_cpu_seconds_total{{{S}}}{R})", "{{instance}}"),),
            lines=(Line(0.9, "warn"), Line(1.0)),
            width=8,
        ),
        Panel(
            "Lag of the event loop",
            "p99 of how late the event loop wakes a sleeper: every call waits that long.",
            "s",
            (Target(quantile(0.99, "mcp_event_loop_lag_seconds", S, "instance"), "p99 {{instance}}"),),
            lines=(Line(MOST_LAG),),
            width=8,
        ),
        Panel(
            "Garbage collections",
            "Collections per second by generation.",
            "ops",
            (Target(rate("python_gc_collections_total", S, "generation"), "generation {{generation}}"),),
            width=8,
        ),
        Panel(
            "Memory",
            "Resident memory.",
            "bytes",
            (Target(f"process_resident_memory_bytes{{{S}}}", "{{instance}}"),),
            width=8,
        ),
        Panel(
            "Memory growth per hour",
            "Slope over the time shown; of a short time it is the warm-up.",
            "bytes",
            (Target(f"deriv(process_resident_memory_bytes{{{S}}}[$__range]) * 3600", "{{instance}}"),),
            width=8,
            least=None,
        ),
        Panel(
            "Files and tasks",
            "Open files, connections among them, and tasks of the event loop.",
            "short",
            (
                Target(f"process_open_fds{{{S}}}", "files {{instance}}"),
                Target(f"mcp_asyncio_tasks{{{S}}}", "tasks {{instance}}"),
            ),
            width=8,
        ),
    ),
)

_VERSIONS = Row(
    "Versions",
    (
        Panel(
            "Build",
            "Version of the server and of the MCP SDK under it.",
            "short",
            (Target(f"mcp_build_info{{{S}}}", "{{instance}}: {{version}}, SDK {{mcp_sdk}}"),),
            "stat",
            width=24,
            height=4,
        ),
    ),
)

SERVER_BOARD = Dashboard(
    "mcp-server",
    "MCP servers",
    "What the servers see: calls, errors and latency by tool, sessions, and their processes. Works for every server "
    "that exports mcp_server_operation_duration_seconds.",
    (*SERVERS, TOOLS_OF_SERVERS),
    ANNOTATIONS,
    (_CALLS, _REQUESTS, PROCESS, _VERSIONS),
)
