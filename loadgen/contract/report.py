"""A contract check when it is over: what ran, what was found, and whether that is good enough."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .codes import CODES, LEVELS, Level, level_of
from .finding import Finding


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One family of questions, and how many things it looked at.

    `skipped` and `remarks` are sentences, `unfinished` is one that says why there is no more.
    """

    name: str
    done: int
    findings: tuple[Finding, ...]
    skipped: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unfinished: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ContractReport:
    """Of one server and one contract. Findings of `fail_on` and worse fail it."""

    url: str
    server: str
    contract: str
    versions: tuple[str, ...]
    seed: int
    fail_on: Level
    started_at: str
    seconds: float
    runs: tuple[CheckRun, ...]
    command: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them: the worst first, each once."""
        found = dict.fromkeys(finding for run in self.runs for finding in run.findings)
        order = list(CODES)
        return tuple(sorted(found, key=lambda each: (LEVELS.index(level_of(each)), order.index(each.code))))

    @property
    def done(self) -> int:
        """How many things were looked at."""
        return sum(run.done for run in self.runs)

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that fail it."""
        return tuple(finding for finding in self.findings if fails(finding, self.fail_on))

    @property
    def unfinished(self) -> Sequence[CheckRun]:
        """The checks that could not be made to their end."""
        return [run for run in self.runs if run.unfinished is not None]

    @property
    def verdict(self) -> str:
        """pass, fail, or incomplete: nothing fails it, and not everything could be looked at."""
        if self.failing:
            return "fail"
        return "incomplete" if self.unfinished or self.interrupted or not self.done else "pass"

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        counts = count_by_level(self.findings)
        found = ", ".join(f"{count} {level}" for level, count in counts.items() if count) or "nothing"
        start = "interrupted: " if self.interrupted else ""
        if self.verdict == "pass":
            unproven = sum(finding.code == "check.unproven" for finding in self.findings)
            limits = f" as far as it could be checked ({unproven} x check.unproven)" if unproven else ""
            return f"PASS: the server keeps the contract{limits}; found: {found} (--fail-on {self.fail_on})"
        if self.verdict == "fail":
            words = "finding" if len(self.failing) == 1 else "findings"
            return f"FAIL: {start}{len(self.failing)} {words} of level {self.fail_on} or worse; found: {found}"
        left = ", ".join(run.name for run in self.unfinished) or (
            "the checks without a line" if self.runs else "everything"
        )
        return f"INCOMPLETE: {start}not checked to the end: {left}; found: {found}"


def fails(finding: Finding, fail_on: Level) -> bool:
    """Whether a finding is of that level or a worse one."""
    return LEVELS.index(level_of(finding)) <= LEVELS.index(fail_on)


def count_by_level(findings: Sequence[Finding]) -> Mapping[Level, int]:
    """How many there are of each level."""
    return {level: sum(level_of(each) == level for each in findings) for level in LEVELS}


def in_levels(findings: Sequence[Finding]) -> Iterator[tuple[Level, list[Finding]]]:
    """The findings of each level that has some, the worst first."""
    for level in LEVELS:
        found = [each for each in findings if level_of(each) == level]
        if found:
            yield level, found
