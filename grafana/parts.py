"""What several dashboards have in common: how series are selected, variables, annotations, and rows."""

from .model import Annotation, Line, Panel, Row, Target, Variable

CLIENT = "mcp_client_operation_duration_seconds"
SERVER = "mcp_server_operation_duration_seconds"

R = "[$__rate_interval]"
S = 'job=~"$job",instance=~"$instance"'
"""A server."""
TOOL = 'gen_ai_tool_name=~"$tool"'
T = f"{S},{TOOL}"
G = 'scenario=~"$scenario"'
"""A load."""
CRITERIA = 'scenario=~"$scenario|",threshold!=""'
"""Criteria of a load, and those of the whole run; one without a name says that there are none."""
RULES = 'fault_type!=""'
"""Faults; one without a type says that there are none."""
GT = f"{G},{TOOL}"
FAILED = 'error_type!=""'

MOST_LAG = 0.02
"""Seconds of the p99 of its lag above which the load generator reports itself as the limit."""
MOST_CPU = 0.9

SERVERS = (
    Variable("job", "Job", f"label_values({SERVER}_count, job)", None),
    Variable("instance", "Instance", f'label_values({SERVER}_count{{job=~"$job"}}, instance)', None),
)
"""All are those that are MCP servers: load generators have process metrics, too."""
TOOLS_OF_SERVERS = Variable("tool", "Tool", f'label_values({SERVER}_count{{gen_ai_tool_name!=""}}, gen_ai_tool_name)')
SCENARIO = Variable("scenario", "Scenario", "label_values(mcp_load_run_active, scenario)")
TOOLS_OF_LOADS = Variable("tool", "Tool", f'label_values({CLIENT}_count{{gen_ai_tool_name!=""}}, gen_ai_tool_name)')

RUNS = Annotation("Runs", "max by (scenario, run_id) (mcp_load_run_active) > 0", "run {{run_id}}: {{scenario}}", "blue")
PHASES = Annotation("Phases", "max by (scenario, phase) (mcp_load_phase) > 0", "{{scenario}}: {{phase}}", "purple")
FAULTS = Annotation(
    "Faults", "max by (fault_type, fault_rule) (mcp_fault_active) > 0", "fault {{fault_type}} ({{fault_rule}})", "red"
)
ANNOTATIONS = (RUNS, PHASES, FAULTS)


def rate(metric: str, labels: str, by: str = "") -> str:
    """The sum of the rates of `metric`, one for each value of the labels `by`."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{labels}}}{R}))"


def quantile(q: float, metric: str, labels: str, by: str = "", over: str = R) -> str:
    """A percentile from the buckets of `metric`."""
    le = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({le}) (rate({metric}_bucket{{{labels}}}{over})))"


def of_generator(vector: str) -> str:
    """Of `vector`, what comes from processes that are load generators, whatever their job is called."""
    return f"({vector}) and on (job, instance) mcp_load_run_active{{{G}}}"


def ratio(metric: str, labels: str, of: str, by: str = "") -> str:
    """The share of `metric` that has `labels`, too, one for each value of `by`: 0 without any, absent without calls."""
    whole = rate(metric, of, by)
    return f"({rate(metric, f'{of},{labels}', by)} or 0 * {whole}) / {whole}"


BOTH_ENDS = Panel(
    "Latency at both ends",
    "Percentiles of tool calls, from buckets, as the client sees them (full lines) and as the servers do (dashed), for "
    "all of their clients. Where the ends differ, the time went into network, queues or the generator.",
    "s",
    tuple(
        Target(quantile(q, metric, labels), f"{whose} p{q * 100:g}", look="other" if whose == "server" else "")
        for q in (0.5, 0.95, 0.99)
        for whose, metric, labels in (("client", CLIENT, GT), ("server", SERVER, TOOL))
    ),
    width=24,
    height=9,
)
"""On one axis, so that they can be compared."""

_LOOP_LAG = of_generator(f"rate(mcp_event_loop_lag_seconds_bucket{R})")
GENERATOR_LAG = f"histogram_quantile(0.99, sum by (le, instance) ({_LOOP_LAG}))"

GENERATOR = Row(
    "Is the generator the limit?",
    (
        Panel(
            "Generator: how late its iterations begin",
            "p99 of the time from the due moment of an iteration to its start. Above the line a run calls itself "
            "generator_limited. Open model only.",
            "s",
            (Target(quantile(0.99, "mcp_load_schedule_lag_seconds", G, "scenario"), "p99 {{scenario}}"),),
            lines=(Line(MOST_LAG),),
            width=6,
        ),
        Panel(
            "Generator: lag of its event loop",
            "p99 of how late the event loop wakes a sleeper; latencies include it. Above the line a run calls itself "
            "generator_limited.",
            "s",
            (Target(GENERATOR_LAG, "p99 {{instance}}"),),
            lines=(Line(MOST_LAG),),
            width=6,
        ),
        Panel(
            "Generator: CPU",
            "Share of one core. One process uses one core at most; with an open model, above the line it can hardly "
            "keep a higher rate.",
            "percentunit",
            (Target(of_generator(f"rate(process_cpu_seconds_total{R})"), "{{instance}}"),),
            lines=(Line(MOST_CPU),),
            width=6,
        ),
        Panel(
            "Generator: memory and tasks",
            "Resident memory of the load generator in MB, and the tasks of its event loop.",
            "short",
            (
                Target(of_generator("process_resident_memory_bytes / 1e6"), "MB {{instance}}"),
                Target(of_generator("mcp_asyncio_tasks"), "tasks {{instance}}"),
            ),
            width=6,
        ),
    ),
)
