"""The dashboard of fault injection: what was done, what was seen, and what nobody did."""

from .harmless import harmless_types
from .model import Dashboard, Line, Panel, Row, Target
from .parts import (
    ANNOTATIONS,
    BOTH_ENDS,
    CLIENT,
    FAILED,
    GENERATOR,
    GT,
    SCENARIO,
    SERVER,
    TOOL,
    TOOLS_OF_LOADS,
    rate,
)

GOAL = 0.99
"""The share of calls that should succeed."""
HARMFUL = f'{TOOL},fault_type!~"{"|".join(harmless_types())}"'

_SEEN = f"({rate(f'{CLIENT}_count', f'{GT},{FAILED}')} or vector(0))"
_INJECTED = f"({rate('mcp_fault_injected_total', HARMFUL)} or vector(0))"
_FAST = rate(f"{CLIENT}_bucket", f'{GT},le="0.2"')
_CALLS = rate(f"{CLIENT}_count", GT)
_IN_FORCE = {"0": ("off", "ok"), "1": ("on", "bad")}

_FAULTS = Row(
    "Faults",
    (
        Panel(
            "Rules in force",
            "Whether a rule of the fault profile could hit a call: not paused, and inside its window and burst.",
            "short",
            (Target("max by (fault_type, fault_rule) (mcp_fault_active)", "{{fault_rule}}: {{fault_type}}"),),
            "state-timeline",
            lines=(Line(1),),
            words=_IN_FORCE,
        ),
        Panel(
            "Injected by type",
            "Faults on tool calls that took effect on the wire, per second, harmless ones too.",
            "reqps",
            (Target(rate("mcp_fault_injected_total", TOOL, "fault_type"), "{{fault_type}}"),),
        ),
        Panel(
            "Injected delay",
            "Seconds per second by which faults held replies back.",
            "s",
            (Target(rate("mcp_fault_injected_delay_seconds_total", TOOL, "gen_ai_tool_name"), "{{gen_ai_tool_name}}"),),
            width=24,
            height=6,
        ),
    ),
)

_ERRORS = Row(
    "Injected and seen",
    (
        Panel(
            "Injected faults and errors",
            "Faults that fail a call, by their own declaration, and failed calls as the client counts them. The two "
            "should lie on each other.",
            "reqps",
            (Target(_INJECTED, "injected"), Target(_SEEN, "seen")),
        ),
        Panel(
            "Errors that no fault explains",
            "Failed calls beyond the faults that fail a call. Above 0 the system under test fails by itself. (A full "
            "queue of capacity_queue counts as unexplained; two faults on one reply explain two.)",
            "reqps",
            (Target(f"clamp_min({_SEEN} - {_INJECTED}, 0)", "unexplained"),),
            lines=(Line(0.1),),
        ),
        Panel(
            "Errors by type, as the client sees them",
            "Failed tool calls per second.",
            "reqps",
            (Target(rate(f"{CLIENT}_count", f"{GT},{FAILED}", "error_type"), "{{error_type}}"),),
        ),
        Panel(
            "Errors by type, as the server sees them",
            "Failed tool calls per second. A reply that a fault broke on its way may be a good one here.",
            "reqps",
            (Target(rate(f"{SERVER}_count", f"{TOOL},{FAILED}", "error_type"), "{{error_type}}"),),
        ),
    ),
)

_LEVEL = Row(
    "Service level",
    (
        Panel(
            "Share of calls under 200 ms",
            "As the client sees it; 200 ms is a bound of the buckets, so the share is exact.",
            "percentunit",
            (Target(f"{_FAST} / {_CALLS}", "under 200 ms"),),
            lines=(Line(0.95, below=True),),
        ),
        Panel(
            "Budget burn",
            "How many times faster than allowed the budget of 1 % failed calls is used up. At 14.4 a month's budget is "
            "gone within two days.",
            "short",
            (Target(f"({_SEEN} / {_CALLS}) / (1 - {GOAL})", "burn"),),
            lines=(Line(1, "warn"), Line(14.4)),
        ),
        *BOTH_ENDS,
    ),
)

CHAOS = Dashboard(
    "mcp-chaos",
    "MCP chaos",
    "Injected faults against what clients see: which rules are in force, what they do, and errors that no fault "
    "explains.",
    (SCENARIO, TOOLS_OF_LOADS),
    ANNOTATIONS,
    (_FAULTS, _ERRORS, _LEVEL, GENERATOR),
)
