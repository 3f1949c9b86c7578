"""The dashboard of long runs: what grows, what drifts, what was down."""

from .model import Dashboard, Line, Panel, Row, Target
from .parts import (
    ANNOTATIONS,
    CLIENT,
    FAILED,
    GENERATOR,
    GT,
    SCENARIO,
    SERVERS,
    TOOLS_OF_LOADS,
    G,
    S,
    quantile,
    rate,
)

MOST_GROWTH = 1e6
"""Bytes an hour: the goal of `mcp-load run endurance`, and where the alert is."""
_WHOLE = "[$__range]"


def _slope(metric: str) -> str:
    return f"deriv({metric}{{{S}}}{_WHOLE}) * 3600"


_GROWTH = Row(
    "What grows",
    (
        Panel(
            "Memory",
            "Resident memory of the servers.",
            "bytes",
            (Target(f"process_resident_memory_bytes{{{S}}}", "{{instance}}"),),
            least=None,
        ),
        Panel(
            "Memory growth per hour",
            "Slope over the time shown. Choose one without the start of the server, and of an hour or more.",
            "bytes",
            (Target(_slope("process_resident_memory_bytes"), "{{instance}}"),),
            lines=(Line(MOST_GROWTH),),
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
        ),
        Panel(
            "Files and tasks, growth per hour",
            "Slopes over the time shown.",
            "short",
            (
                Target(_slope("process_open_fds"), "files {{instance}}"),
                Target(_slope("mcp_asyncio_tasks"), "tasks {{instance}}"),
            ),
            least=None,
        ),
    ),
)

_SESSIONS = Row(
    "Sessions",
    (
        Panel(
            "Sessions and users",
            "Open sessions of the servers, and virtual users there are. Protocols from 2026-07-28 have no sessions.",
            "short",
            (
                Target(f"sum by (instance) (mcp_server_active_sessions{{{S}}})", "sessions {{instance}}"),
                Target(f"sum(mcp_load_vus_max{{{G}}})", "users"),
            ),
        ),
        Panel(
            "Sessions that end",
            "Sessions per second that were deleted, timed out, or ended with the server.",
            "ops",
            (Target(rate("mcp_server_session_duration_seconds_count", S, "instance"), "{{instance}}"),),
        ),
    ),
)

_P95_NOW = quantile(0.95, CLIENT, GT)
_P95_WHOLE = quantile(0.95, CLIENT, GT, over=_WHOLE)
_CALLS_WHOLE = f"sum(rate({CLIENT}_count{{{GT}}}{_WHOLE}))"

_DRIFT = Row(
    "Drift",
    (
        Panel(
            "p95 now and over the whole time",
            "From buckets, as the client sees it. At each moment the whole is as much time before it as is shown.",
            "s",
            (Target(_P95_NOW, "now"), Target(_P95_WHOLE, "whole")),
        ),
        Panel(
            "Drift of p95",
            "p95 now as a share of that of the whole time: a run that does not drift stays near 100 %.",
            "percentunit",
            (Target(f"{_P95_NOW} / {_P95_WHOLE}", "drift"),),
            lines=(Line(1.2, "warn"), Line(1.5)),
        ),
        Panel(
            "Throughput now and over the whole time",
            "Tool calls per second that came to an end.",
            "reqps",
            (Target(rate(f"{CLIENT}_count", GT), "now"), Target(_CALLS_WHOLE, "whole")),
        ),
        Panel(
            "Calls that failed",
            "Share of the calls of the whole time.",
            "percentunit",
            (
                Target(
                    f"(sum(increase({CLIENT}_count{{{GT},{FAILED}}}{_WHOLE})) or vector(0))"
                    f" / sum(increase({CLIENT}_count{{{GT}}}{_WHOLE}))",
                    "failed",
                ),
            ),
            lines=(Line(0.01),),
        ),
    ),
)

_UPTIME = Row(
    "Uptime",
    (
        Panel(
            "Uptime",
            "How long each server has run.",
            "s",
            (Target(f"time() - process_start_time_seconds{{{S}}}", "{{instance}}"),),
            "stat",
            width=8,
            height=5,
        ),
        Panel(
            "Answered scrapes",
            "Share of scrapes that a server answered in the time shown.",
            "percentunit",
            (Target(f"avg_over_time(up{{{S}}}{_WHOLE})", "{{instance}}"),),
            "stat",
            lines=(Line(0.999, below=True),),
            width=8,
            height=5,
        ),
        Panel(
            "Restarts",
            "How often a server began anew in the time shown.",
            "short",
            (Target(f"changes(process_start_time_seconds{{{S}}}{_WHOLE})", "{{instance}}"),),
            "stat",
            lines=(Line(1),),
            width=8,
            height=5,
        ),
    ),
)

ENDURANCE = Dashboard(
    "mcp-endurance",
    "MCP endurance",
    "Long runs: growth of memory, files and tasks, sessions left behind, drift of latency and throughput, uptime.",
    (*SERVERS, SCENARIO, TOOLS_OF_LOADS),
    ANNOTATIONS,
    (_GROWTH, _SESSIONS, _DRIFT, _UPTIME, GENERATOR),
    since="now-6h",
    refresh="1m",
)
