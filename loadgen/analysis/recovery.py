"""How long a server stays slow after a spike.

A timeline is a line per interval: `(at_seconds, p95_ms)`, where `at_seconds` is its end; it begins where the one
before it ended, the first one at 0. An interval belongs to a period if its middle lies in it. p95 is None when no call
ended in the interval; give None as well for one whose calls failed, since quick errors are no recovery.
"""

from collections.abc import Iterator, Sequence
from statistics import median

Timeline = Sequence[tuple[float, float | None]]

CALM_INTERVALS = 3
"""So many in a row must be back at the baseline; one alone may be luck."""
_CLOSE_SHARE = 0.10
_CLOSE_MS = 5.0


def baseline(timeline: Timeline, start: float, end: float) -> float | None:
    """The median of the p95s from `start` to `end`, a calm period; None: no call ended in it."""
    p95s = [p95_ms for _, p95_ms in _within(timeline, start, end) if p95_ms is not None]
    return median(p95s) if p95s else None


def recovery_seconds(timeline: Timeline, spike_end: float, baseline_p95_ms: float, until: float) -> float | None:
    """Seconds from `spike_end` to the end of the last bad interval before three good ones in a row.

    Good: p95 is at most 10 % or 5 ms, whichever is more, above the baseline. An interval without a call is not good: a
    server that hangs answers none. 0: all were good from the start, so it took less than an interval. None: it did not
    recover before `until`, or fewer than three intervals tell.
    """
    most = baseline_p95_ms + max(_CLOSE_SHARE * baseline_p95_ms, _CLOSE_MS)
    last_bad, in_a_row = spike_end, 0
    for at, p95_ms in _within(timeline, spike_end, until):
        if p95_ms is None or p95_ms > most:
            last_bad, in_a_row = at, 0
            continue
        in_a_row += 1
        if in_a_row == CALM_INTERVALS:
            return last_bad - spike_end
    return None


def _within(timeline: Timeline, start: float, end: float) -> Iterator[tuple[float, float | None]]:
    before = 0.0
    for at, p95_ms in timeline:
        if start <= (before + at) / 2 < end:
            yield at, p95_ms
        before = at
