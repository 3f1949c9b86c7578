"""How far a run is."""

from dataclasses import dataclass

from formats.durations import format_duration

_SOON = 0.02
"""The share of a run after which it can be told how long the rest takes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`share` of the run from 0 to 1, `seconds` since its first call, and what has been counted so far.

    `vus` are the virtual users at work now, `dropped` the iterations that were never begun; `rate` (calls per
    second) and `p95_ms` (of response times) are those of the last seconds.
    """

    calls: int
    failed: int
    seconds: float
    share: float
    vus: int = 0
    dropped: int = 0
    rate: float | None = None
    p95_ms: float | None = None

    def __str__(self) -> str:
        rate = self.rate if self.rate is not None else self.calls / self.seconds if self.seconds > 0 else 0.0
        words = [f"{self.vus:,} VUs", f"{rate:,.0f}/s"]
        if self.p95_ms is not None:
            words.append(f"p95 {self.p95_ms:,.1f} ms")
        words.append(f"{self.failed:,} failed")
        if self.dropped:
            words.append(f"{self.dropped:,} dropped")
        if _SOON < self.share < 1:
            words.append(f"{format_duration(round(self.seconds / self.share * (1 - self.share)))} left")
        return ", ".join(words)
