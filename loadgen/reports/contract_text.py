"""A contract check as text for people, 80 columns wide."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from ..contract.codes import CODES, LEVELS, Level
from ..contract.finding import Finding
from ..contract.report import CheckRun, ContractReport, count_by_level, in_levels
from .lines import RULE, section, wrapped

_LABEL = 11
_NAME = 22
_MOST: Mapping[Level, int] = {"must": 5, "should": 3, "info": 1}
"""Places that are listed of one code that does not fail the check, unless everything is asked for."""
_TITLES: dict[Level, str] = {
    "must": "MUST: what breaks the contract or the protocol",
    "should": "SHOULD: what somebody should look at",
    "info": "INFO: what is good to know",
}


def render_contract_text(report: ContractReport, *, everything: bool = False) -> str:
    """The findings, the worst first; what was looked at; the last line is the verdict."""
    levels = [
        section(_TITLES[level], _findings(found, report, everything=everything))
        for level, found in in_levels(report.findings)
    ]
    sections = [
        _header(report),
        *levels,
        section("Checks", _table(report.runs)),
        section("Left out", _left_out(report.runs)),
        section("Notes", _notes(report)),
        wrapped(report.sentence),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _header(report: ContractReport) -> list[str]:
    return [
        RULE,
        "MCP contract check" + (" - INTERRUPTED, what was found up to then" if report.interrupted else ""),
        RULE,
        *_row("URL", report.url),
        *_row("Server", report.server or "(gave no name)"),
        *_row("Contract", report.contract),
        *_row("Versions", ", ".join(report.versions) or "none"),
        *_row("Seed", str(report.seed)),
        *_row("Took", f"{report.seconds:.1f} s, begun {report.started_at}"),
    ]


def _findings(found: list[Finding], report: ContractReport, *, everything: bool) -> Iterator[str]:
    for code, group in groupby(found, key=lambda finding: finding.code):
        same = list(group)
        yield from wrapped(f"{code}: {CODES[code].title}", later=2)
        yield from wrapped(f"  [{CODES[code].section}]", later=3)
        shown = same if everything or same[0] in report.failing else same[: _MOST[CODES[code].level]]
        for finding in shown:
            yield from wrapped(f"  - {finding.where}: {finding.sentence}", later=4)
        if len(same) > len(shown):
            yield f"  - and {len(same) - len(shown)} more; --verbose lists them"


def _table(runs: tuple[CheckRun, ...]) -> Iterator[str]:
    yield f"{'':{_NAME}}{'looked at':>10}" + "".join(f"{level:>8}" for level in LEVELS) + f"{'time':>10}"
    for run in runs:
        counts = count_by_level(run.findings)
        figures = f"{run.done:>10,}" + "".join(f"{counts[level] or '-':>8}" for level in LEVELS)
        yield f"{run.name:{_NAME}}{figures}{run.seconds:>8.2f} s{'  *' if run.unfinished else ''}"


def _left_out(runs: tuple[CheckRun, ...]) -> Iterator[str]:
    for run in runs:
        if run.unfinished is not None:
            yield from wrapped(f"* {run.name}: not made to its end: {run.unfinished}", later=2)
        for sentence in run.skipped:
            yield from wrapped(f"{run.name}: {sentence}", later=2)


def _notes(report: ContractReport) -> Iterator[str]:
    for run in report.runs:
        for sentence in run.remarks:
            yield from wrapped(f"{run.name}: {sentence}", later=2)
    for sentence in report.notes:
        yield from wrapped(sentence)


def _row(label: str, value: str) -> list[str]:
    return wrapped(f"{label:{_LABEL}}{value}", later=_LABEL)


def render_codes() -> str:
    """Every code that a check can find, for people."""
    lines = []
    for level in LEVELS:
        lines.append(_TITLES[level])
        for code in CODES.values():
            if code.level == level:
                era = "" if code.era is None else f" ({code.era} era)"
                lines += wrapped(f"  {code.name:25} {code.title}{era}", later=28)
        lines.append("")
    return "\n".join(lines)
