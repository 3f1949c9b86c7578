"""The dashboard of fault injection: what was done, what was seen, and what nobody did."""

from .model import Dashboard, Line, Panel, Row, Target
from .parts import (
    ANNOTATIONS,
    BOTH_ENDS,
    CLIENT,
    FAILED,
    GENERATOR,
    GT,
    RULES,
    SCENARIO,
    SERVER,
    TOOL,
    TOOLS_OF_LOADS,
    R,
    rate,
)

GOAL = 0.99
"""The share of calls that should succeed."""
EXPECTED = "mcp_fault_expected_failures_total"
_MINUTE = "[1m]"
"""The two ends are scraped at different moments: over short windows, one is ahead of the other where a fault begins."""


def _seen(over: str = R) -> str:
    return f"(sum(rate({CLIENT}_count{{{GT},{FAILED}}}{over})) or vector(0))"


def _expected(over: str = R) -> str:
    return f"(sum(rate({EXPECTED}{{{TOOL}}}{over})) or vector(0))"


_UNEXPLAINED = f"clamp_min({_seen(_MINUTE)} - {_expected(_MINUTE)}, 0)"
_MOST_UNEXPLAINED = 0.1
_FAST = rate(f"{CLIENT}_bucket", f'{GT},le="0.2"')
_CALLS = rate(f"{CLIENT}_count", GT)
_IN_FORCE = {"0": ("off", "ok"), "1": ("on", "bad")}

_GLANCE = Row(
    "At a glance",
    (
        Panel(
            "Rules in force now",
            "Rules of the fault profile that could hit a call: not paused, and inside their window and burst.",
            "short",
            (Target("sum(max by (instance, fault_rule) (mcp_fault_active))", "rules"),),
            "stat",
            lines=(Line(1, "warn"),),
            width=6,
            height=4,
        ),
        Panel(
            "Failures that are to be expected",
            "Replies per second that faults made such that a correct client sees its call fail.",
            "reqps",
            (Target(_expected(), "expected"),),
            "stat",
            width=6,
            height=4,
        ),
        Panel(
            "Failures seen",
            "Failed calls per second, as the client counts them.",
            "reqps",
            (Target(_seen(), "seen"),),
            "stat",
            width=6,
            height=4,
        ),
        Panel(
            "Failures unexplained",
            "Failed calls per second that no fault explains, over a minute: red means that the system under test fails "
            "by itself.",
            "reqps",
            (Target(_UNEXPLAINED, "unexplained"),),
            "stat",
            lines=(Line(_MOST_UNEXPLAINED),),
            width=6,
            height=4,
        ),
    ),
)

_FAULTS = Row(
    "Faults",
    (
        Panel(
            "Rules in force",
            "Whether a rule of the fault profile could hit a call: not paused, and inside its window and burst.",
            "short",
            (
                Target(
                    f"max by (fault_type, fault_rule) (mcp_fault_active{{{RULES}}})", "{{fault_rule}}: {{fault_type}}"
                ),
            ),
            "state-timeline",
            lines=(Line(1),),
            words=_IN_FORCE,
            empty="no profile",
        ),
        Panel(
            "Injected by type",
            "Faults on tool calls that took effect on the wire, per second, harmless ones too.",
            "reqps",
            (Target(rate("mcp_fault_injected_total", f"{TOOL},{RULES}", "fault_type"), "{{fault_type}}"),),
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
            "Calls that faults made fail, as the server's journal has it, and failed calls as the client counts them: "
            "the two should lie on each other.",
            "reqps",
            (Target(_expected(), "injected", look="other"), Target(_seen(), "seen")),
        ),
        Panel(
            "Errors that no fault explains",
            "Failed calls beyond those that faults made fail; above the line the system under test fails by itself. "
            "Over a minute, as the two ends are scraped at different moments.",
            "reqps",
            (Target(_UNEXPLAINED, "unexplained", look="bad"),),
            lines=(Line(_MOST_UNEXPLAINED),),
        ),
        Panel(
            "Errors by type, as the client sees them",
            "Failed tool calls per second.",
            "reqps",
            (Target(rate(f"{CLIENT}_count", f"{GT},{FAILED}", "error_type"), "{{error_type}}"),),
            empty="no errors",
        ),
        Panel(
            "Errors by type, as the server sees them",
            "Failed tool calls per second. A reply that a fault broke on its way may be a good one here.",
            "reqps",
            (Target(rate(f"{SERVER}_count", f"{TOOL},{FAILED}", "error_type"), "{{error_type}}"),),
            empty="no errors",
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
            (Target(f"({_seen()} / {_CALLS}) / (1 - {GOAL})", "burn"),),
            lines=(Line(1, "warn"), Line(14.4)),
        ),
        BOTH_ENDS,
    ),
)

CHAOS = Dashboard(
    "mcp-chaos",
    "MCP chaos",
    "Injected faults against what clients see: which rules are in force, what they do, and errors that no fault "
    "explains.",
    (SCENARIO, TOOLS_OF_LOADS),
    ANNOTATIONS,
    (_GLANCE, _FAULTS, _ERRORS, _LEVEL, GENERATOR),
)
