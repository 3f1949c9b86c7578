"""What a tool call costs beyond the way to the server and back."""

from dataclasses import dataclass

from ..metrics import TrendSummary


@dataclass(frozen=True, slots=True)
class Overhead:
    """A tool call less the cheapest round trip, at the median and at p95 (None: too few values for one)."""

    median_ms: float
    p95_ms: float | None
    sentence: str


def protocol_overhead(call: TrendSummary, round_trip: TrendSummary, cheapest: str) -> Overhead | None:
    """Compare the trends of the tool call and of `cheapest`, such as "ping"; None: one of them has no values.

    These are differences of percentiles, not percentiles of differences: nothing pairs a call with a round trip. A
    difference can be below 0 when the two cost the same but for noise.
    """
    if call.median is None or round_trip.median is None:
        return None
    middle = call.median - round_trip.median
    p95 = None if call.p95 is None or round_trip.p95 is None else call.p95 - round_trip.p95
    at_p95 = "" if p95 is None else f", {p95:.2f} ms at p95"
    more = f"{middle:.2f} ms more than" if middle > 0 else "no more than"
    sentence = (
        f"a tool call takes {more} {cheapest} at the median "
        f"({call.median:.2f} ms against {round_trip.median:.2f} ms){at_p95}"
    )
    return Overhead(middle, p95, sentence)
