"""`mcp-load scenarios`: the bundled plans, for people, and their files to copy."""

import math
from collections.abc import Sequence

from formats.durations import format_duration
from formats.fixtures import bundled_fixtures, find_fixture
from formats.text_file import read_text

from ..catalogue import EVERY_OPERATION
from ..plan_file import load_suite
from ..plan_keys import ScenarioKeys
from ..suite import Suite

_HEADINGS = ("plan", "time", "load", "criteria")
_EXPLANATION = """
Run one:            mcp-load run NAME
Print its file:     mcp-load scenarios show NAME
"""


def render_scenarios() -> str:
    """The table of the bundled plans, at most 80 columns wide."""
    suites = [load_suite(name) for name in bundled_fixtures("scenarios")]
    rows = [(suite.name, time_in_words(suite), load_in_words(suite), criteria_in_words(suite)) for suite in suites]
    return _table([_HEADINGS, *sorted(rows)]) + _EXPLANATION


def plan_text(name_or_path: str) -> str:
    """The file of a plan, as it stands there.

    Raises:
        InvalidInput: there is no such file, or it cannot be read.
    """
    return read_text(find_fixture("scenarios", name_or_path))


def time_in_words(suite: Suite) -> str:
    """How long calls are begun."""
    lasts = suite.lasts()
    if not math.isfinite(lasts):
        return "-"
    about = "about " if any(keys.levels is not None for keys in suite.keys.values()) else ""
    return about + format_duration(lasts)


def load_in_words(suite: Suite) -> str:
    """How many users or calls per second there are, over all scenarios."""
    loads = [_range(keys) for keys in suite.keys.values()]
    words = []
    for unit in dict.fromkeys(unit for *_, unit in loads):
        same = [load for load in loads if load[2] == unit]
        low, high = min(load[0] for load in same), max(load[1] for load in same)
        plural = unit.replace("user", "users") if high != 1 else unit
        words.append(f"{low:,g} to {high:,g} {plural}" if low < high else f"{high:,g} {plural}")
    count = sum(len(parts) for parts in suite.parts(suite.workload).values())
    return " and ".join(words) + (f", {count} scenarios" if count > 1 else "")


def criteria_in_words(suite: Suite) -> str:
    """How many criteria and stretch goals a run has."""
    criteria = stretch = 0
    for threshold in suite.thresholds:
        count = max(1, len(suite.called())) if threshold.metric == EVERY_OPERATION else 1
        criteria, stretch = criteria + count * (not threshold.stretch), stretch + count * threshold.stretch
    criteria += len(suite.targets)
    stretch += sum(goal.stretch is not None for goal in suite.targets.values())
    return f"{criteria}, {stretch} stretch" if stretch else str(criteria)


def _range(keys: ScenarioKeys) -> tuple[float, float, str]:
    """The least and the most load of a scenario, and of what."""
    rates = keys.rate is not None or keys.start_rate is not None or keys.executor == "ramping-arrival-rate"
    unit = "calls/s" if rates or keys.of == "rate" else "virtual user"
    start = keys.start_rate if rates else keys.start_vus
    if keys.levels is not None:
        levels = list(keys.levels)
    elif keys.stages is not None:
        levels = [start or 0.0, *(stage.target for stage in keys.stages)]
    else:
        levels = [(keys.rate if rates else keys.vus) or 0.0]
    return min(levels), max(levels), unit


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"
