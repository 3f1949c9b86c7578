import pytest

from loadgen.analysis.overhead import protocol_overhead
from loadgen.metrics import NO_VALUES, Trend, TrendSummary


def trend(*milliseconds: float) -> TrendSummary:
    values = Trend()
    for value in milliseconds:
        values.add(value / 1000)
    return values.summary()


def test_overhead_is_the_tool_call_less_the_cheapest_round_trip() -> None:
    call = trend(*[3.0] * 90, *[8.0] * 10)
    ping = trend(*[1.0] * 90, *[2.0] * 10)
    overhead = protocol_overhead(call, ping, "ping")
    assert overhead is not None
    assert overhead.median_ms == pytest.approx(2.0, rel=0.01)
    assert overhead.p95_ms == pytest.approx(6.0, rel=0.01)
    assert overhead.sentence == (
        "a tool call takes 2.00 ms more than ping at the median (3.00 ms against 1.00 ms), 6.00 ms at p95"
    )


def test_few_calls_have_no_p95() -> None:
    call, ping = TrendSummary(3, 2, 2, 2, 2, None, None, None), TrendSummary(3, 1, 1, 1, 1, None, None, None)
    overhead = protocol_overhead(call, ping, "server/discover")
    assert overhead is not None
    assert overhead.p95_ms is None
    assert overhead.sentence == (
        "a tool call takes 1.00 ms more than server/discover at the median (2.00 ms against 1.00 ms)"
    )


def test_a_tool_call_can_cost_no_more_than_a_ping() -> None:
    overhead = protocol_overhead(trend(1.0), trend(1.0), "ping")
    assert overhead is not None
    assert overhead.sentence.startswith("a tool call takes no more than ping at the median")


@pytest.mark.parametrize(("call", "round_trip"), [(NO_VALUES, trend(1.0)), (trend(1.0), NO_VALUES)])
def test_without_values_there_is_no_overhead(call: TrendSummary, round_trip: TrendSummary) -> None:
    assert protocol_overhead(call, round_trip, "ping") is None
