"""A run as text for people, 80 columns wide."""

import shlex
from collections.abc import Iterator
from itertools import groupby

from formats.durations import format_duration

from ..assessment import grade_average, grade_success
from ..metrics import TrendSummary
from ..outcome import printable
from ..result import RunResult, SessionsResult
from ..targets import TargetVerdict
from . import summary
from .lines import RULE, WIDTH, section, wrapped
from .values import metric_values
from .verdict import percent, verdict_sentence

_LABEL = 21
_TOOL = 19
_LONGEST_NAME = 200


def render_text(result: RunResult, *, every_metric: bool = False) -> str:
    """The report; its last line is the gate. `every_metric` adds all metrics by name."""
    if result.description:
        return _joined(_of_plan(result))
    sections = [
        _generator(result),
        _header(result),
        section("Overall Statistics", _overall(result)),
        section("Performance Metrics (response time in ms, from due)", _performance(result)),
        section("Scenario Breakdown (response time in ms)", _tools(result)),
        section("Error Analysis", _errors(result)),
        section("Performance Assessment", _assessment(result)),
        section("Targets (for information; they do not set the exit code)", _targets(result)),
        section("All Metrics (trends in ms)", _metrics(result) if every_metric else iter(())),
        section("Notes", _notes(result)),
        wrapped(verdict_sentence(result)),
    ]
    return _joined(sections)


def _of_plan(result: RunResult) -> list[list[str]]:
    """The report of a plan: it ends with its criteria, one by one, and the verdict."""
    return [
        _generator(result),
        _header(result),
        section("Scenarios (times in ms)", summary.scenarios(result)),
        section("Metrics (times in ms)", summary.metrics(result)),
        section("Errors", _errors(result) if result.measured.errors else iter(())),
        section("Checks", summary.checks(result)),
        section("Findings", summary.findings(result)),
        section("Criteria", summary.criteria(result)),
        section("Notes", _notes(result)),
        wrapped(f"{result.workload}: {verdict_sentence(result)}"),
    ]


def _joined(sections: list[list[str]]) -> str:
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _generator(result: RunResult) -> list[str]:
    """Before everything else: the figures below are not the server's."""
    if result.generator is None or result.generator.reason is None:
        return []
    return wrapped(f"WARNING: generator_limited. This generator was the limit of the run: {result.generator.reason}.")


def _header(result: RunResult) -> list[str]:
    state = " - INTERRUPTED, figures up to then" if result.interrupted else ""
    return [
        RULE,
        f"MCP load test: {result.workload}{state}",
        *([result.description] if result.description else []),
        *([f"SCALED by {result.scale:g}: not the full plan"] if result.scale != 1 else []),
        RULE,
        _row("URL", result.url),
        _row("Server", _name(result.server) or "(gave no name)"),
        _row("Protocol", f"MCP {result.protocol}"),
        *wrapped(_row("Calls", result.mix), later=_LABEL),
        *wrapped(_row("Load", f"{result.load} ({'open' if result.open_model else 'closed'} model)"), later=_LABEL),
        _row("Timeout", format_duration(result.timeout)),
        _row("Seed", str(result.seed)),
        _row("Started", result.started_at),
        "To repeat it:",
        *_command(result.command),
    ]


def _overall(result: RunResult) -> Iterator[str]:
    measured, sessions = result.measured, result.measured.sessions
    yield _row("Total Requests", f"{measured.calls:,}")
    yield _row("Successful", f"{measured.ok:,}")
    yield _row("Failed", f"{measured.failed:,}")
    if measured.unfinished:
        yield _row("Unfinished", f"{measured.unfinished:,} (cancelled before their reply)")
    if measured.dropped:
        yield _row("Dropped", f"{measured.dropped:,} iterations that were due while no user was free")
    yield _row("Success Rate", percent(measured.ok, measured.calls))
    yield _row("Test Duration", f"{result.seconds:.2f} s")
    yield _row("Requests/Second", f"{result.rate:,.1f}")
    if measured.schedule_lag.count:
        lag = measured.schedule_lag
        yield _row("Schedule Lag", f"p99 {_number(lag.p99)} ms, max {_number(lag.maximum)} ms after due")
    if sessions is not None:
        yield _row("Sessions", f"{sessions.opened:,} opened{_session_troubles(sessions)} (not counted as requests)")


def _session_troubles(sessions: SessionsResult) -> str:
    troubles = ((sessions.failed, "failed to open"), (sessions.lost, "lost"), (sessions.unfinished, "not ended"))
    return "".join(f", {count:,} {what}" for count, what in troubles if count)


def _performance(result: RunResult) -> Iterator[str]:
    yield f"{'':{_LABEL}}{'min':>9}{'average':>9}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}"
    yield f"{'All requests':{_LABEL}}{_times(result.measured.response)}"
    if result.measured.ok < result.measured.calls:
        yield f"{'Successful only':{_LABEL}}{_times(result.measured.response_ok)}"


def _times(trend: TrendSummary) -> str:
    shown = (trend.minimum, trend.average, trend.median, trend.p95, trend.p99, trend.maximum)
    return "".join(f"{_number(value):>9}" for value in shown)


def _tools(result: RunResult) -> Iterator[str]:
    yield f"{'':{_TOOL}}{'requests':>12}{'ok':>12}{'failed':>11}{'success':>10}{'average':>8}{'p95':>8}"
    for tool in result.measured.tools:
        yield (
            f"{_name(tool.tool):{_TOOL}}{tool.calls:>12,}{tool.ok:>12,}{tool.calls - tool.ok:>11,}"
            f"{percent(tool.ok, tool.calls):>10}{_number(tool.response.average):>8}{_number(tool.response.p95):>8}"
        )


def _errors(result: RunResult) -> Iterator[str]:
    if not result.measured.errors:
        yield "No errors."
    for category, group in groupby(result.measured.errors, key=lambda kind: kind.category):
        kinds = list(group)
        yield f"{category:{_LABEL}}{sum(kind.count for kind in kinds):>10,}"
        for kind in kinds:
            yield f"  {kind.label:{_LABEL - 2}}{kind.count:>10,}"
            yield from wrapped(f"    e.g. {kind.example}", later=4)


def _assessment(result: RunResult) -> Iterator[str]:
    average = result.measured.response.average
    rate = percent(result.measured.ok, result.measured.calls)
    yield _row("Success rate", f"{grade_success(result.success_rate)} ({rate})")
    yield _row(
        "Response time", "no data" if average is None else f"{grade_average(average)} ({average:,.2f} ms average)"
    )


def _targets(result: RunResult) -> Iterator[str]:
    if not result.targets:
        return
    yield f"{'':{_LABEL}}{'':8}{'target':>14}{'measured':>14}  verdict"
    for verdict in result.targets:
        sign = ">=" if verdict.criterion == "rate" else "<"
        limit = f"{sign} {verdict.limit:,g} {verdict.unit}"
        measured = "n/a" if verdict.measured is None else f"{_measured(verdict)} {verdict.unit}"
        tool = _name(verdict.tool) if verdict.criterion == "p95" else ""
        yield f"{tool:{_LABEL}}{verdict.criterion:8}{limit:>14}{measured:>14}  {verdict.status}"
    if any(verdict.status == "not offered" for verdict in result.targets):
        yield from wrapped(
            "not offered: in the closed model each user waits for its reply, so the load offered never was the "
            "target's rate; what the server can do is not known from this run.",
        )
    if any(verdict.status == "no data" for verdict in result.targets):
        yield from wrapped("no data: too few calls of this tool to tell.")


def _measured(verdict: TargetVerdict) -> str:
    return f"{verdict.measured:,.3f}" if verdict.criterion == "errors" else _number(verdict.measured)


def _metrics(result: RunResult) -> Iterator[str]:
    for name, values in metric_values(result).items():
        yield _name(name)
        yield from wrapped("    " + "  ".join(f"{key}={_exact(value)}" for key, value in values.items()), later=4)


def _notes(result: RunResult) -> Iterator[str]:
    for note in result.notes:
        yield from wrapped(note)


def _command(words: tuple[str, ...]) -> Iterator[str]:
    """The command, a flag with its value never parted, with a backslash at the end of each line but the last."""
    line = "  " + words[0]
    for part in _flags(words[1:]):
        if len(line) + len(part) + 3 > WIDTH:
            yield line + " \\"
            line = "     "
        line += " " + part
    yield line


def _flags(words: tuple[str, ...]) -> Iterator[str]:
    part = ""
    for word in words:
        if part and word.startswith("--"):
            yield part
            part = ""
        part += (" " if part else "") + shlex.quote(word)
    yield part


def _name(text: str) -> str:
    """A name that the server chose: it begins no line of its own."""
    return printable(text, _LONGEST_NAME)


def _row(label: str, value: str) -> str:
    return f"{label + ':':{_LABEL}}{value}"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:,.2f}" if value < 1_000 else f"{value:,.0f}"  # noqa: PLR2004 - width


def _exact(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")
