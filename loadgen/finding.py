"""What an analysis says about a run, beyond its metrics."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "fail", "no data", "info"]
BREAKING_POINT = "breaking point"
"""The name of what a search finds."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a value is measured against: to miss `target` fails the gate, to miss `stretch` does not."""

    target: float
    stretch: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and the value in it; None: there is none. `target` is what the value was measured against.

    info: there was no target. A target that is missed, or could not be measured, fails the gate; a `stretch` one not.
    """

    name: str
    sentence: str
    value: float | None = None
    unit: str = ""
    target: str | None = None
    status: Status = "info"
    stretch: bool = False

    @property
    def fails(self) -> bool:
        """Whether the gate is failed because of it."""
        return self.status in {"fail", "no data"} and not self.stretch


def told_of(name: str, scenario: str) -> str:
    """The name of a finding about one scenario of several."""
    return f"{name} of {scenario}"
