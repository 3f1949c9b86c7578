"""A comparison as Markdown, for a comment on a pull request."""

from collections.abc import Iterable, Iterator

from ..comparison.compare import Comparison
from ..comparison.rows import Row
from ..comparison.run import Side
from .compare_words import UNIT_NAMES, conclusion, key_rows, missing, row_values, verdict_reason, with_data
from .markdown_text import as_code, as_text


def render_comparison_markdown(comparison: Comparison, *, every_metric: bool = False) -> str:
    """The verdict first, the limits, then the figures; all metrics, when wanted, in a part to be unfolded."""
    rows, intervals = list(with_data(key_rows(comparison))), not comparison.one_run_each
    run = comparison.baseline.runs[0]
    name = run.workload if run.plan is None else f"{run.plan.name}, scale {run.plan.scale:g}"
    notes = [*comparison.notes, *missing(comparison)]
    parts = [
        f"### MCP load comparison: {as_text(name)}",
        f"**{as_text(conclusion(comparison))}**",
        "\n".join(_limits(comparison)),
        "\n".join([*_side("Baseline", comparison.baseline), *_side("Current", comparison.current)]),
        f"{as_text(run.load)}; {as_text(run.mix)}.",
        "\n".join(_table(rows, intervals=intervals)),
        "\n".join(f"- {as_text(note)}" for note in notes),
    ]
    if every_metric:
        parts += [
            "<details><summary>All metrics</summary>",
            "\n".join(_table(with_data(comparison.rows), intervals=intervals)),
            "</details>",
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _limits(comparison: Comparison) -> Iterator[str]:
    if not comparison.verdicts:
        return
    yield "| | limit | measured |"
    yield "| --- | --- | --- |"
    for verdict in comparison.verdicts:
        mark = "✓" if verdict.status == "pass" else "✗"
        yield f"| {mark} | {as_code(str(verdict.limit))} | {as_text(verdict_reason(verdict))} |"


def _side(label: str, side: Side) -> Iterator[str]:
    servers = sorted({f"{run.server or 'a server without a name'} at {run.url}" for run in side.runs})
    count = f"{len(side.runs)} runs" if len(side.runs) > 1 else "1 run"
    yield f"- {label}: {as_code(side.source)}, {count} of {as_text(', '.join(servers))}, {side.runs[0].started_at[:19]}"


def _table(rows: Iterable[Row], *, intervals: bool) -> Iterator[str]:
    columns = ["metric", "", "baseline", "current", "change", "± 95 %", "in %", "95 % interval"]
    kept = range(len(columns)) if intervals else (0, 1, 2, 3, 4, 6)
    yield _line(columns[n] for n in kept)
    yield _line("---" if n < 2 else "---:" for n in kept)  # noqa: PLR2004 - words left, numbers right
    before = ""
    for row in rows:
        cells = [*row_values(row)]
        if row.estimate is not None and row.estimate.changed:
            cells[4] = f"**{cells[4]}**"
        name = f"{as_code(row.metric)} ({UNIT_NAMES[row.unit]})" if row.metric != before else ""
        before = row.metric
        written = [name, row.aggregation, *cells]
        yield _line(written[n] for n in kept)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
