"""How far a run is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """`share` of the run from 0 to 1, `seconds` since its first call, and what has been counted so far."""

    calls: int
    failed: int
    seconds: float
    share: float

    def __str__(self) -> str:
        rate = self.calls / self.seconds if self.seconds > 0 else 0.0
        return f"{self.seconds:.0f} s, {self.calls:,} calls, {rate:,.0f}/s, {self.failed:,} failed"
