"""A comparison as text for people, 80 columns wide."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from ..comparison.compare import Comparison
from ..comparison.limit import Verdict
from ..comparison.rows import Row
from ..comparison.run import Side
from .compare_words import SHARE, UNIT_NAMES, conclusion, key_rows, missing, row_values, verdict_reason, with_data
from .lines import RULE, section, wrapped

_LABEL = 10
_STATUS = 6


def render_comparison_text(comparison: Comparison, *, every_metric: bool = False) -> str:
    """The figures that matter most, or all; then the limits; the last line says what became of them."""
    shown = list(with_data(comparison.rows if every_metric else key_rows(comparison)))
    more = len({row.metric for row in with_data(comparison.rows)} - {row.metric for row in shown})
    notes = [*comparison.notes, *missing(comparison)]
    if more:
        notes.append(f"{more} more metrics: --verbose lists them.")
    sections = [
        _header(comparison),
        list(_table(shown, intervals=not comparison.one_run_each)),
        section("Limits", [line for verdict in comparison.verdicts for line in _verdict(verdict)]),
        section("Notes", [line for note in notes for line in wrapped(note)]),
        [conclusion(comparison)],
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _header(comparison: Comparison) -> list[str]:
    run = comparison.baseline.runs[0]
    name = run.workload if run.plan is None else f"{run.plan.name}, scale {run.plan.scale:g}"
    return [
        RULE,
        f"MCP load comparison: {name}",
        RULE,
        *_side("Baseline", comparison.baseline),
        *_side("Current", comparison.current),
        *_row("Load", run.load),
        *_row("Calls", run.mix),
    ]


def _side(label: str, side: Side) -> list[str]:
    servers = sorted({f"{run.server or 'a server without a name'} at {run.url}" for run in side.runs})
    count = f"{len(side.runs)} runs" if len(side.runs) > 1 else "1 run"
    return _row(label, f"{side.source}: {count} of {', '.join(servers)}, {side.runs[0].started_at[:19]}")


def _table(rows: Iterable[Row], *, intervals: bool) -> Iterator[str]:
    last = f"{'95 % interval':>22}" if intervals else ""
    width = f"{'± 95 %':>10}" if intervals else ""
    yield f"{'':{_LABEL}}{'baseline':>9}{'current':>9}{'change':>9}{width}{'in %':>10}{last}".rstrip()
    for (metric, unit), group in groupby(rows, key=lambda row: (row.metric, row.unit)):
        change = "; change in percentage points" if UNIT_NAMES[unit] == SHARE else ""
        yield from wrapped(f"{metric} ({UNIT_NAMES[unit]}{change})")
        for row in group:
            yield _figures(row, intervals=intervals)
    if intervals:
        yield "* 0 is outside the interval. Of 100 figures that are the same, 5 are marked so."


def _figures(row: Row, *, intervals: bool) -> str:
    baseline, current, difference, half, percent, interval = row_values(row)
    line = f"  {row.aggregation:{_LABEL - 2}}{baseline:>9}{current:>9}{difference:>9}"
    if not intervals:
        return f"{line}{percent:>10}".rstrip()
    mark = " *" if row.estimate is not None and row.estimate.changed else ""
    return f"{line}{half:>10}{percent:>10}{interval:>20}{mark}".rstrip()


def _verdict(verdict: Verdict) -> Iterator[str]:
    status = "PASS" if verdict.status == "pass" else "FAIL"
    yield from wrapped(f"{status:{_STATUS}}{verdict.limit}", later=_STATUS)
    reason = verdict_reason(verdict)
    yield from wrapped(" " * _STATUS + reason, later=_STATUS)


def _row(label: str, value: str) -> list[str]:
    return wrapped(f"{label + ':':{_LABEL}}{value}", later=_LABEL)
