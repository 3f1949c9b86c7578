"""The block that ends the report of a plan: checks, metrics, findings and criteria, 80 columns wide."""

from collections.abc import Iterator, Mapping

from ..finding import Finding
from ..outcome import printable
from ..result import Check, RunResult, ScenarioResult
from ..thresholds import describe
from .lines import wrapped
from .values import Values, metric_values

_NAME, _CELL = 31, 7
_STATISTICS = ("avg", "min", "med", "max", "p(90)", "p(95)", "p(99)")
_PART = "  "
_MARKS = {"pass": "✓", "fail": "✗", "no data": "✗", "info": "•"}


def checks(result: RunResult) -> Iterator[str]:
    """Every check with the share of replies for which it held."""
    for check in result.measured.checks:
        yield f"{'✗' if check.fails else '✓'} {check.name:<45}{_share(check):>12}{_of(check):>21}"


def metrics(result: RunResult) -> Iterator[str]:
    """Every metric: trends in ms, then rates, counters and gauges."""
    values = metric_values(result)
    trends = {name: each for name, each in values.items() if "avg" in each and _is_shown(name)}
    yield f"{'':{_NAME}}" + "".join(f"{name:>{_CELL}}" for name in _STATISTICS)
    for name, each in trends.items():
        label = _label(name)
        if len(label) >= _NAME:
            yield label
            label = ""
        yield f"{label:{_NAME}}" + "".join(f"{_short(each[statistic]):>{_CELL}}" for statistic in _STATISTICS)
    for name, each in values.items():
        if name not in trends and _is_shown(name):
            yield f"{_label(name):{_NAME}}{_plain(each)}"


def scenarios(result: RunResult) -> Iterator[str]:
    """The scenarios of a plan that has several."""
    if len(result.scenarios) < 2:  # noqa: PLR2004 - several
        return
    yield f"{'':{_NAME}}{'calls':>12}{'calls/s':>11}{'failed':>9}{'dropped':>9}{'p95':>8}"
    for each in result.scenarios:
        yield _scenario(each)


def findings(result: RunResult) -> Iterator[str]:
    """What the analyses say."""
    for finding in result.findings:
        yield from wrapped(f"{_MARKS[finding.status]} {finding.name}: {_told(finding)}", later=2)


def criteria(result: RunResult) -> Iterator[str]:
    """Every criterion with its limit and what was measured."""
    for verdict in result.verdicts:
        yield from wrapped(describe(verdict), later=2)


def _is_shown(name: str) -> bool:
    """Parts of metrics are left out, but for the one of good calls."""
    metric, _, tag = name.partition("{")
    return not tag or (metric == "http_req_duration" and tag == "expected_response:true}")


def _label(name: str) -> str:
    return f"{_PART}{{ expected_response:true }}" if "{" in name else printable(name, 60)


def _plain(values: Values) -> str:
    if "passes" in values:
        rate = values["rate"]
        return f"{'n/a' if rate is None else f'{100 * rate:.4g} %':>12}{_of(_as_check(values)):>21}"
    if "count" in values:
        count, rate = values["count"], values["rate"]
        return f"{count or 0:>14,.0f}{'n/a' if rate is None else f'{rate:,.2f}/s':>19}"
    return "  ".join(f"{key}={'n/a' if value is None else f'{value:g}'}" for key, value in values.items())


def _as_check(values: Mapping[str, float | None]) -> Check:
    return Check("", int(values["passes"] or 0), int(values["fails"] or 0))


def _share(check: Check) -> str:
    total = check.passes + check.fails
    return f"{10_000 * check.passes // total / 100:.2f} %" if total else "no data"


def _of(check: Check) -> str:
    return f"{check.passes:,} of {check.passes + check.fails:,}"


def _scenario(each: ScenarioResult) -> str:
    measured = each.measured
    rate = measured.calls / each.seconds if each.seconds > 0 else 0.0
    p95 = _short(measured.response.p95)
    failed = measured.calls - measured.ok
    return (
        f"{each.name[: _NAME - 1]:{_NAME}}{measured.calls:>12,}{rate:>11,.1f}{failed:>9,}{measured.dropped:>9,}{p95:>8}"
    )


def _told(finding: Finding) -> str:
    if finding.target is None:
        return finding.sentence
    return f"{finding.sentence} ({'stretch goal' if finding.stretch else 'target'} {finding.target})"


def _short(value: float | None) -> str:
    """Four digits at most, and one blank before them."""
    if value is None:
        return "n/a"
    return f"{value:.2f}" if value < 100 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"  # noqa: PLR2004 - width
