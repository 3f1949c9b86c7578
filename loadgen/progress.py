"""How far a run is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """`share` of the run from 0 to 1, `seconds` since its first call, and what has been counted so far.

    `vus` are the virtual users at work now, `dropped` the iterations that were due while none was free.
    """

    calls: int
    failed: int
    seconds: float
    share: float
    vus: int = 0
    dropped: int = 0

    def __str__(self) -> str:
        rate = self.calls / self.seconds if self.seconds > 0 else 0.0
        return f"{self.seconds:.0f} s, {self.calls:,} calls, {rate:,.0f}/s, {self.failed:,} failed"
