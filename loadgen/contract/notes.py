"""What one check did: how much, what it found, what it left out and why."""

from dataclasses import dataclass, field, replace

from .finding import Finding

_MOST_OF_A_CODE = 25
"""Findings of one code that are kept; more of them are counted."""


@dataclass(slots=True)
class Notes:
    """Taken while a check runs. `done` counts what was looked at, the rest are sentences."""

    done: int = 0
    skipped: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    _found: dict[tuple[str, str], tuple[Finding, int]] = field(default_factory=dict)
    _more: dict[str, int] = field(default_factory=dict)

    def did(self, times: int = 1) -> None:
        """So many things were looked at."""
        self.done += times

    def skip(self, sentence: str) -> None:
        """Something was left out; the sentence says what and why."""
        if sentence not in self.skipped:
            self.skipped.append(sentence)

    def remark(self, sentence: str) -> None:
        """Something that belongs to what was done, and is no finding."""
        self.remarks.append(sentence)

    def find(self, code: str, where: str, sentence: str) -> None:
        """Something is not as it should be; the same at the same place again is only counted."""
        known = self._found.get((code, where))
        if known is not None:
            self._found[code, where] = known[0], known[1] + 1
        elif sum(found == code for found, _ in self._found) < _MOST_OF_A_CODE:
            self._found[code, where] = Finding(code, where, sentence), 1
        else:
            self._more[code] = self._more.get(code, 0) + 1

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found."""
        found = [
            finding if times == 1 else replace(finding, sentence=f"{finding.sentence} (so {times} times)")
            for finding, times in self._found.values()
        ]
        more = [Finding(code, "elsewhere", f"the same in {count} more places") for code, count in self._more.items()]
        return (*found, *more)
