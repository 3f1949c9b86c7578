import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.metrics import Gauge, Trend

DURATIONS = st.lists(st.floats(min_value=1e-5, max_value=100), min_size=1, max_size=300)


def trend_of(seconds: list[float]) -> Trend:
    trend = Trend()
    for value in seconds:
        trend.add(value)
    return trend


@given(DURATIONS)
def test_minimum_average_and_maximum_are_exact(seconds: list[float]) -> None:
    summary = trend_of(seconds).summary()
    assert summary.count == len(seconds)
    assert summary.minimum == min(seconds) * 1000
    assert summary.maximum == max(seconds) * 1000
    assert summary.average == pytest.approx(sum(seconds) / len(seconds) * 1000)


@given(DURATIONS)
def test_percentiles_are_within_three_digits_of_a_value_that_occurred(seconds: list[float]) -> None:
    summary = trend_of(seconds).summary()
    for shown in (summary.median, summary.p90, summary.p95, summary.p99):
        if shown is not None:
            assert (
                min(abs(shown - value * 1000) / (value * 1000) for value in seconds) < 0.051
            )  # 1 µs of 10 µs, and 1 ‰


def test_percentiles_of_a_known_distribution() -> None:
    summary = trend_of([n / 1000 for n in range(1, 1001)]).summary()
    shown = (summary.median, summary.p90, summary.p95, summary.p99)
    assert shown == pytest.approx((500, 900, 950, 990), rel=0.001)


@pytest.mark.parametrize(
    ("count", "known"),
    [
        (0, set()),
        (1, {"median"}),
        (9, {"median"}),
        (10, {"median", "p90"}),
        (19, {"median", "p90"}),
        (20, {"median", "p90", "p95"}),
        (99, {"median", "p90", "p95"}),
        (100, {"median", "p90", "p95", "p99"}),
    ],
)
def test_a_percentile_wants_enough_values_for_one_to_lie_above_it(count: int, known: set[str]) -> None:
    summary = trend_of([0.5] * count).summary()
    assert {name for name in ("median", "p90", "p95", "p99") if getattr(summary, name) is not None} == known


def test_without_values_there_are_no_statistics() -> None:
    summary = Trend().summary()
    assert (summary.minimum, summary.average, summary.maximum) == (None, None, None)


def test_durations_beyond_the_ends_of_the_scale_are_taken() -> None:
    summary = trend_of([0.0, 1e9]).summary()
    assert (summary.minimum, summary.maximum) == (0.0, 1e12)


@given(DURATIONS, st.integers(min_value=0, max_value=300))
def test_the_merge_of_parts_is_the_whole(seconds: list[float], at: int) -> None:
    parts, whole = trend_of(seconds[:at]), trend_of(seconds)
    parts.merge(trend_of(seconds[at:]))
    merged, expected = parts.summary(), whole.summary()
    assert merged.average == pytest.approx(expected.average)
    assert replace(merged, average=None) == replace(expected, average=None)


@given(DURATIONS, st.sampled_from([50, 90, 95, 99, 99.9]))
def test_a_percentile_is_the_exact_one_to_three_digits(seconds: list[float], percent: float) -> None:
    shown = trend_of(seconds).percentile(percent)
    if shown is not None:
        exact = sorted(seconds)[max(1, math.ceil(round(len(seconds) * percent / 100, 6))) - 1]
        assert shown == pytest.approx(exact * 1000, rel=0.0005)


def test_values_are_the_same_folded_or_not() -> None:
    folded, pushed = Trend(), Trend()
    for n in range(1, 5001):
        folded.add(n / 1000)
        pushed.push(n / 1000)
    assert folded.count == pushed.count == 5000
    assert folded.summary() == pushed.summary()


def test_many_buckets_are_settled_without_loss() -> None:
    trend = Trend()
    for n in range(30_000):
        trend.add(1.0005**n * 1e-6)
    assert trend.count == trend.histogram.count == 30_000
    assert trend.percentile(50) == pytest.approx(1.0005**14_999 * 1e-3, rel=0.0005)


def test_p99_9_wants_a_thousand_values() -> None:
    assert trend_of([0.5] * 999).percentile(99.9) is None
    assert trend_of([0.5] * 1000).percentile(99.9) == 500


def test_a_negative_duration_counts_as_none() -> None:
    summary = trend_of([-1.0, 1.0]).summary()
    assert (summary.minimum, summary.maximum) == (0.0, 1000.0)
    assert summary.median == pytest.approx(0.0, abs=0.001)


def test_a_gauge_knows_its_range() -> None:
    gauge = Gauge()
    assert gauge.summary().value is None
    for value in (5, 1, 3):
        gauge.set(value)
    assert (gauge.summary().value, gauge.summary().minimum, gauge.summary().maximum) == (3, 1, 5)
