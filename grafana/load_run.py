"""The dashboard of a load run, which is the home page."""

from .model import Dashboard, Line, Panel, Row, Target
from .parts import (
    ANNOTATIONS,
    BOTH_ENDS,
    CLIENT,
    CRITERIA,
    FAILED,
    GENERATOR,
    GENERATOR_LAG,
    GT,
    MOST_LAG,
    SCENARIO,
    SERVER,
    TOOL,
    TOOLS_OF_LOADS,
    G,
    R,
    rate,
)

_LATENCY_LIMIT = f'mcp_load_threshold_limit{{{CRITERIA},threshold=~"mcp_tool_call_duration_ms: p\\\\(95\\\\)<.*"}}'
_FAILED_CHECKS = f'{G},result="fail"'
_MET = {"0": ("missed", "bad"), "1": ("met", "ok")}
_ON_AND_OFF = {"0": ("over", "warn"), "1": ("runs", "ok")}


def _mean(metric: str, labels: str) -> str:
    """Over a minute: the two ends are scraped at different moments, so that short windows swing."""
    return f"sum(rate({metric}_sum{{{labels}}}[1m])) / sum(rate({metric}_count{{{labels}}}[1m]))"


def _share(part: str, whole: str, criteria: str) -> str:
    """`part` of each criterion as a share of its `whole`, which are its value and its limit or the other way round."""
    chosen = f'{{{CRITERIA},threshold=~"{criteria}"}}'
    return (
        f"max by (threshold) (mcp_load_threshold_{part}{chosen})"
        f" / max by (threshold) (mcp_load_threshold_{whole}{chosen} > 0)"
    )


_GLANCE = Row(
    "At a glance",
    (
        Panel(
            "Run",
            "Whether a run goes on.",
            "short",
            (Target(f"max by (scenario) (mcp_load_run_active{{{G}}})", "{{scenario}}"),),
            "stat",
            width=4,
            height=4,
            words=_ON_AND_OFF,
        ),
        Panel(
            "Calls",
            "Tool calls per second that came to an end.",
            "reqps",
            (Target(rate(f"{CLIENT}_count", GT), "calls"),),
            "stat",
            width=4,
            height=4,
        ),
        Panel(
            "Failed",
            "Share of tool calls with any outcome but ok.",
            "percentunit",
            (
                Target(
                    f"({rate(f'{CLIENT}_count', f'{GT},{FAILED}')} or vector(0)) / {rate(f'{CLIENT}_count', GT)}",
                    "failed",
                ),
            ),
            "stat",
            lines=(Line(0.001, "warn"), Line(0.01)),
            width=4,
            height=4,
        ),
        Panel(
            "p95",
            "Exact response time of the last 10 s, from the moment a call was due.",
            "s",
            (Target(f'max by (scenario) (mcp_load_latency_seconds{{{G},stat="p95"}})', "{{scenario}}"),),
            "stat",
            width=3,
            height=4,
        ),
        Panel(
            "Dropped",
            "Iterations in the time shown that were never begun: no virtual user was free, or max_duration was over.",
            "short",
            (Target(f"round(sum(increase(mcp_load_dropped_iterations_total{{{G}}}[$__range])))", "dropped"),),
            "stat",
            lines=(Line(1, "warn"),),
            width=3,
            height=4,
        ),
        Panel(
            "Criteria missed",
            "Criteria of the plan that are not met as things stand.",
            "short",
            (
                Target(
                    f"count(mcp_load_threshold_ok{{{CRITERIA}}} >= 0) - sum(mcp_load_threshold_ok{{{CRITERIA}}} >= 0)",
                    "missed",
                ),
            ),
            "stat",
            lines=(Line(1),),
            width=3,
            height=4,
            empty="none judged",
        ),
        Panel(
            "Generator lag",
            "p99 of how late the generator's event loop is. When it is red, figures are not the server's alone; see "
            "the row at the end.",
            "s",
            (Target(f"max({GENERATOR_LAG})", "p99"),),
            "stat",
            lines=(Line(MOST_LAG),),
            width=3,
            height=4,
        ),
    ),
)

_LOAD = Row(
    "Load",
    (
        Panel(
            "Arrivals",
            "Iterations per second: what the plan wants (open model only), what was done, and what was dropped.",
            "reqps",
            (
                Target(
                    f"sum by (scenario) (mcp_load_target_iterations_per_second{{{G}}})",
                    "target {{scenario}}",
                    look="other",
                ),
                Target(rate("mcp_load_iterations_total", G, "scenario"), "done {{scenario}}"),
                Target(rate("mcp_load_dropped_iterations_total", G, "scenario"), "dropped {{scenario}}", look="bad"),
            ),
        ),
        Panel(
            "Virtual users",
            "Users at work, users there are, and calls under way.",
            "short",
            (
                Target(f"sum(mcp_load_vus{{{G}}})", "at work"),
                Target(f"sum(mcp_load_vus_max{{{G}}})", "there are", look="other"),
                Target(f"sum(mcp_client_active_requests{{{G}}})", "in flight"),
            ),
            width=6,
        ),
        Panel(
            "Bytes",
            "Bytes per second of requests and replies, as far as the transport can tell.",
            "Bps",
            (
                Target(rate("mcp_load_sent_bytes_total", G), "sent"),
                Target(rate("mcp_load_received_bytes_total", G), "received"),
            ),
            width=6,
        ),
    ),
)

_TIMES = Row(
    "Latency",
    (
        Panel(
            "Exact response times of the last 10 s",
            "From the moment a call was due, to three digits; the limit is the plan's criterion on p(95) of "
            "mcp_tool_call_duration_ms.",
            "s",
            (
                Target(f"max by (stat) (mcp_load_latency_seconds{{{G}}})", "{{stat}}"),
                Target(f"max({_LATENCY_LIMIT})", "limit of p95", look="limit"),
            ),
        ),
        Panel(
            "Between the two ends",
            "Mean latency of the client less that of the server: network, queues and the generator. Over a minute, as "
            "the two are scraped at different moments.",
            "s",
            (Target(f"{_mean(CLIENT, GT)} - {_mean(SERVER, TOOL)}", "client less server"),),
            width=6,
            least=None,
        ),
        Panel(
            "Iterations",
            "p95 of the whole iteration, from due.",
            "s",
            (
                Target(
                    "histogram_quantile(0.95, sum by (le, scenario) "
                    f"(rate(mcp_load_iteration_duration_seconds_bucket{{{G}}}{R})))",
                    "p95 {{scenario}}",
                ),
            ),
            width=6,
        ),
        BOTH_ENDS,
        Panel(
            "Distribution",
            "Tool calls by how long they took, as the client sees it.",
            "s",
            (Target(f"sum by (le) (increase({CLIENT}_bucket{{{GT}}}{R}))", "{{le}}", "heatmap"),),
            "heatmap",
            width=24,
        ),
    ),
)

_RIGHT = Row(
    "Is it right?",
    (
        Panel(
            "Errors by type, as the client sees them",
            "Failed tool calls per second, by JSON-RPC code, HTTP status, or outcome.",
            "reqps",
            (Target(rate(f"{CLIENT}_count", f"{GT},{FAILED}", "error_type"), "{{error_type}}"),),
            empty="no errors",
        ),
        Panel(
            "Checks that failed",
            "Share of replies for which a check did not hold.",
            "percentunit",
            (
                Target(
                    f"{rate('mcp_load_checks_total', _FAILED_CHECKS, 'check')}"
                    f" / {rate('mcp_load_checks_total', G, 'check')}",
                    "{{check}}",
                ),
            ),
            lines=(Line(0.01),),
        ),
        Panel(
            "Criteria",
            "Each criterion of the plan, as things stand.",
            "short",
            (Target(f"min by (threshold) (mcp_load_threshold_ok{{{CRITERIA}}})", "{{threshold}}"),),
            "stat",
            words=_MET,
            empty="no criteria, or nothing measured yet",
        ),
        Panel(
            "How near the limits are",
            "What was measured as a share of an upper limit, and a lower limit as a share of what was measured: from "
            "100 % on a criterion is missed.",
            "percentunit",
            (
                Target(_share("value", "limit", ".*<.*"), "{{threshold}}"),
                Target(_share("limit", "value", ".*>.*"), "{{threshold}}"),
            ),
            lines=(Line(0.8, "warn"), Line(1.0)),
            empty="no criteria, or nothing measured yet",
        ),
    ),
)

LOAD_RUN = Dashboard(
    "mcp-load-run",
    "MCP load run",
    "A run of mcp-load: what it wanted and what it got, latency at both ends, errors, criteria, its own health.",
    (SCENARIO, TOOLS_OF_LOADS),
    ANNOTATIONS,
    (_GLANCE, _LOAD, _TIMES, _RIGHT, GENERATOR),
)
