import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.analysis.recovery import Timeline, baseline, recovery_seconds

SPIKE_END = 60.0
UNTIL = 120.0
CALM, SLOW = 100.0, 300.0


def after_spike(*p95s: float | None, interval: float = 1.0) -> Timeline:
    """A spike of slow intervals, then these."""
    return [(SPIKE_END - 1, SLOW), (SPIKE_END, SLOW)] + [
        (SPIKE_END + (n + 1) * interval, p95_ms) for n, p95_ms in enumerate(p95s)
    ]


@pytest.mark.parametrize(
    ("p95s", "seconds"),
    [
        ([CALM] * 3, 0),  # within the first interval
        ([SLOW, CALM, CALM, CALM], 1),
        ([SLOW, SLOW, CALM, CALM, SLOW, CALM, CALM, CALM], 5),  # two in a row are not enough
        ([SLOW, CALM, CALM, SLOW], None),
        ([SLOW, CALM, CALM, SLOW, CALM, CALM], None),
        ([CALM, CALM], None),  # nobody can tell
        ([], None),
        ([SLOW] * 100, None),
        ([SLOW] * 57 + [CALM] * 3, 57),  # just in time
        ([SLOW] * 58 + [CALM] * 10, None),  # too late
        ([None, None, CALM, CALM, CALM], 2),  # it hung for two seconds
        ([SLOW, CALM, None, CALM, CALM, CALM], 3),
        ([None] * 50, None),
        ([CALM, CALM, CALM, SLOW, SLOW], 0),  # trouble after it recovered is another matter
    ],
)
def test_recovery_lasts_to_the_end_of_the_last_bad_interval(p95s: list[float | None], seconds: float | None) -> None:
    assert recovery_seconds(after_spike(*p95s), SPIKE_END, CALM, UNTIL) == seconds


@pytest.mark.parametrize(
    ("base", "p95", "seconds"),
    [
        (100.0, 110.0, 0),  # 10 % is more than 5 ms
        (100.0, 110.1, None),
        (10.0, 15.0, 0),  # 5 ms is more than 10 %
        (10.0, 15.1, None),
        (10.0, 2.0, 0),  # faster than ever is no trouble
    ],
)
def test_good_is_within_10_percent_or_5_ms_of_the_baseline(base: float, p95: float, seconds: float | None) -> None:
    assert recovery_seconds(after_spike(p95, p95, p95), SPIKE_END, base, UNTIL) == seconds


def test_an_interval_belongs_to_where_its_middle_lies() -> None:
    mostly_spike = [(59.4, SLOW), (60.4, SLOW), (61.4, CALM), (62.4, CALM), (63.4, CALM)]
    mostly_after = [(59.6, SLOW), (60.6, SLOW), (61.6, CALM), (62.6, CALM), (63.6, CALM)]
    assert recovery_seconds(mostly_spike, SPIKE_END, CALM, UNTIL) == 0
    assert recovery_seconds(mostly_after, SPIKE_END, CALM, UNTIL) == pytest.approx(0.6)


def test_the_baseline_is_the_median_of_the_calm_period() -> None:
    timeline = [(1.0, 900.0), (2.0, 10.0), (3.0, None), (4.0, 12.0), (5.0, 70.0), (6.0, 800.0)]
    assert baseline(timeline, start=1.0, end=5.0) == 12.0
    assert baseline(timeline, start=2.0, end=3.0) is None
    assert baseline([], start=0.0, end=10.0) is None


@given(slow_for=st.integers(0, 50), interval=st.floats(0.05, 1.0))
def test_a_known_recovery_is_measured(slow_for: int, interval: float) -> None:
    timeline = after_spike(*[SLOW] * slow_for, *[CALM] * 5, interval=interval)
    measured = recovery_seconds(timeline, SPIKE_END, CALM, UNTIL)
    assert measured == pytest.approx(slow_for * interval)
