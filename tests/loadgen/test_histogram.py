from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.histogram import Histogram, Joint

BOUNDS = (0.001, 0.005, 0.01, 0.1, 1.0, 10.0)


def histogram_of(*seconds: float) -> Histogram:
    histogram = Histogram()
    histogram.add(array("d", seconds))
    return histogram


def test_a_value_is_found_at_its_rank() -> None:
    histogram = histogram_of(0.3, 0.1, 0.2)
    assert [histogram.value_at(rank) for rank in (1, 2, 3)] == pytest.approx([0.1, 0.2, 0.3], rel=0.0005)


def test_beyond_the_last_rank_there_is_nothing() -> None:
    assert histogram_of(0.1).value_at(2) == 0.0


@given(st.lists(st.floats(min_value=1e-5, max_value=50), max_size=200))
def test_cumulated_counts_are_those_of_values_known_to_three_digits(seconds: list[float]) -> None:
    histogram = histogram_of(*seconds)
    for bound, count in zip(BOUNDS, histogram.cumulated(BOUNDS), strict=True):
        surely = sum(value < bound * 0.999 for value in seconds)
        perhaps = sum(value <= bound * 1.001 for value in seconds)
        assert surely <= count <= perhaps


def test_cumulated_counts_take_memory_of_nothing() -> None:
    assert list(Histogram().cumulated(BOUNDS)) == [0] * len(BOUNDS)


@given(
    st.lists(st.lists(st.floats(min_value=1e-5, max_value=50), max_size=60), max_size=5),
    st.sampled_from([0, 50, 95, 99, 100]),
)
def test_percentiles_of_some_together_are_those_of_their_merge(parts: list[list[float]], percent: float) -> None:
    whole, joint = Histogram(), Joint()
    for part in parts:
        whole.merge(histogram_of(*part))
        joint.add(histogram_of(*part))
    assert joint.percentile(percent) == whole.percentile(percent)
    assert joint.percentile(100) == whole.percentile(100), "asked again, for another one"


def test_percentiles_of_large_and_small_ones_together() -> None:
    large = histogram_of(*(0.001 + n * 1e-5 for n in range(5_000)))
    joint = Joint()
    for histogram in (large, histogram_of(7.0), histogram_of(*[0.0005] * 5_000)):
        joint.add(histogram)
    assert joint.count == 10_001
    assert joint.percentile(50) == pytest.approx(0.001, rel=0.002)
    assert joint.percentile(100) == pytest.approx(7.0, rel=0.001)
    assert joint.percentile(25) == pytest.approx(0.0005, rel=0.001)


def test_a_merge_leaves_the_other_as_it_was() -> None:
    mine, other = histogram_of(0.1), histogram_of(0.1, 5.0)
    mine.merge(other)
    mine.merge(other)
    assert (mine.count, other.count) == (5, 2)
    assert list(other.cumulated(BOUNDS)) == [0, 0, 0, 1, 1, 2]
