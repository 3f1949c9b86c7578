import math
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.analysis.slope import Slope, fit_slope

Noise = Callable[[random.Random], Iterator[float]]
MB = 1_000_000
HOUR = 3600.0


def white(chance: random.Random) -> Iterator[float]:
    while True:
        yield chance.gauss(0, 1)


def correlated(share: float) -> Noise:
    """Each value is `share` of the one before, and something new."""

    def noise(chance: random.Random) -> Iterator[float]:
        value = chance.gauss(0, 1) / math.sqrt(1 - share**2)
        while True:
            yield value
            value = share * value + chance.gauss(0, 1)

    return noise


def random_walk(chance: random.Random) -> Iterator[float]:
    value = 0.0
    while True:
        yield value
        value += chance.gauss(0, 1)


def random_steps(chance: random.Random) -> Iterator[float]:
    """Every 20 points on average a step up, of 1 on average; less their mean growth."""
    value = 0.0
    while True:
        yield value
        value += (chance.expovariate(1) if chance.random() < 1 / 20 else 0) - 1 / 20


def equal_steps(chance: random.Random) -> Iterator[float]:
    """A step up of 40 every 40 points, less the mean growth."""
    n = chance.randrange(40)
    while True:
        yield n // 40 * 40.0 - n
        n += 1


def series(noise: Noise, n: int, seed: object, per_second: float = 0.0) -> list[tuple[float, float]]:
    values = noise(random.Random(f"{seed}"))
    return [(float(at), 500 + per_second * at + next(values)) for at in range(n)]


def slope_of(points: list[tuple[float, float]]) -> Slope:
    slope = fit_slope(points)
    assert slope is not None
    return slope


@pytest.mark.parametrize(
    ("noise", "n", "least"),
    [
        (white, 30, 0.93),
        (white, 120, 0.94),
        (white, 600, 0.94),
        (correlated(0.8), 30, 0.90),
        (correlated(0.8), 120, 0.94),
        (correlated(0.8), 600, 0.94),
        (correlated(0.95), 120, 0.94),
        (correlated(0.95), 600, 0.94),
        (random_walk, 120, 0.87),
        (random_walk, 600, 0.87),
        (random_steps, 600, 0.87),
        (equal_steps, 120, 0.98),
        (equal_steps, 600, 0.98),
    ],
)
def test_the_interval_holds_the_true_slope_as_often_as_it_says(noise: Noise, n: int, least: float) -> None:
    true, tried = 0.25, 400
    slopes = [slope_of(series(noise, n, seed, true)) for seed in range(tried)]
    held = sum(slope.low <= true <= slope.high for slope in slopes)
    assert held / tried >= least


def test_the_interval_is_no_wider_than_it_must_be() -> None:
    """Of white noise, it is the textbook's: 2.05 standard errors to each side for 30 averages."""
    n = 600
    widths = [slope.high - slope.low for slope in (slope_of(series(white, n, seed)) for seed in range(200))]
    expected = 2 * 2.05 / math.sqrt(n**3 / 12)
    assert expected < sorted(widths)[100] < 1.2 * expected


def test_a_line_without_noise_has_its_slope_and_no_doubt() -> None:
    slope = slope_of([(float(at), 100 + 2.0 * at) for at in range(100)])
    assert slope.per_second == pytest.approx(2.0)
    assert [slope.low, slope.high] == pytest.approx([2.0, 2.0])
    assert (slope.n, slope.confidence) == (100, 0.95)
    assert slope.per_hour == pytest.approx(7200)
    assert slope.leaks


@pytest.mark.parametrize("value", [0.0, 87_654_321.0, 0.1])
def test_what_never_changes_does_not_leak_at_all(value: float) -> None:
    slope = slope_of([(at * 0.7, value) for at in range(500)])
    assert (slope.per_second, slope.low, slope.high) == (0, 0, 0)
    assert slope.growth(limit_per_hour=0) == "does not leak"


def test_a_leak_in_noisy_steps_is_told() -> None:
    """2 h at 50 MB and 3 MB/h, in steps of 64 kB, with neighbours that resemble each other."""
    noise = correlated(0.9)(random.Random(1))
    leaked = [at / HOUR * 3 * MB for at in range(7200)]
    slope = slope_of(
        [(float(at), 50 * MB + bytes_ // 65536 * 65536 + 1e5 * next(noise)) for at, bytes_ in enumerate(leaked)]
    )
    assert slope.low * HOUR < 3 * MB < slope.high * HOUR
    assert slope.high * HOUR - slope.low * HOUR < 0.5 * MB
    assert slope.growth(limit_per_hour=1 * MB) == "leaks"
    assert slope.within(1 * MB) is False


def test_noise_alone_is_no_leak() -> None:
    noise = correlated(0.9)(random.Random(2))
    slope = slope_of([(float(at), 50 * MB + 1e5 * next(noise)) for at in range(7200)])
    assert slope.growth(limit_per_hour=1 * MB) == "does not leak"


def test_a_single_step_says_nothing_about_growth() -> None:
    slope = slope_of([(float(at), 50 * MB + (4 * MB if at >= 2000 else 0)) for at in range(7200)])
    assert slope.growth(limit_per_hour=1 * MB) == "cannot tell"
    assert slope.within(1 * MB) is None


@pytest.mark.parametrize(
    ("low", "high", "growth", "within"),
    [
        # per hour, with a limit of 10
        (11, 12, "leaks", False),
        (9, 11, "leaks", None),
        (1, 2, "leaks", True),  # it leaks, but less than the limit
        (-1, 2, "does not leak", True),
        (-3, -2, "does not leak", True),
        (-1, 11, "cannot tell", None),
        (0, 10, "does not leak", True),
    ],
)
def test_a_leak_is_above_zero_beyond_doubt_and_none_is_below_the_limit_beyond_doubt(
    low: float, high: float, growth: str, within: bool | None
) -> None:
    slope = Slope((low + high) / 2 / HOUR, low / HOUR, high / HOUR, n=100, confidence=0.95)
    assert slope.growth(10) == growth
    assert slope.within(10) is within


def test_the_sentence_has_the_verdict_the_interval_and_the_limit() -> None:
    slope = Slope(2.4 * MB / HOUR, 1.2 * MB / HOUR, 3.6 * MB / HOUR, n=100, confidence=0.95)
    assert slope.sentence(1 * MB, "MB", MB) == "leaks: 2.4 MB/h, 95% interval 1.2 to 3.6 MB/h, limit 1 MB/h"


def test_the_sentence_has_large_numbers_as_people_write_them() -> None:
    wild = Slope(3972.4 / HOUR, -2729.1 / HOUR, 10670.0 / HOUR, n=100, confidence=0.95)
    assert "cannot tell: 3,972 ms/h, 95% interval -2,729 to 10,670 ms/h, limit 3.5 ms/h" in wild.sentence(3.5, "ms")


def test_the_sentence_has_words_for_what_is_no_memory() -> None:
    words = ("drifts", "does not drift")
    steady = Slope(0.1 / HOUR, -0.1 / HOUR, 0.3 / HOUR, n=100, confidence=0.95)
    assert steady.sentence(1, "ms", words=words).startswith("does not drift: 0.1 ms/h")
    assert steady.sentence(0.2, "ms", words=words).startswith("cannot tell: 0.1 ms/h")
    rising = Slope(0.3 / HOUR, 0.2 / HOUR, 0.4 / HOUR, n=100, confidence=0.95)
    assert rising.sentence(1, "ms", words=words).startswith("drifts: 0.3 ms/h")


def test_more_confidence_makes_a_wider_interval() -> None:
    points = series(white, 200, 1)
    sure = fit_slope(points, confidence=0.99)
    assert sure is not None
    assert sure.low < slope_of(points).low < slope_of(points).high < sure.high


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(float(at), 1.0) for at in range(19)],
        [(5.0, float(value)) for value in range(100)],  # one moment
        [(5.0, float(value)) for value in range(25)],
        [(5.0 + value / 1e9, float(value)) for value in range(25)],
        [(0.0, 1.0)] * 50 + [(100.0, 2.0)] * 50,  # two moments
    ],
)
def test_too_little_says_nothing(points: list[tuple[float, float]]) -> None:
    assert fit_slope(points) is None


def test_gaps_and_order_do_not_matter() -> None:
    points = [(at, value) for at, value in series(white, 900, 3, per_second=0.5) if not 200 < at < 500]
    expected = slope_of(points)
    assert expected.low < 0.5 < expected.high
    random.Random(4).shuffle(points)
    assert fit_slope(points) == expected


@pytest.mark.timeout(20)  # a fraction of a second; minutes, if it took the square of their number
def test_a_hundred_thousand_points_are_no_more_work_than_there_are_points() -> None:
    assert fit_slope(series(correlated(0.8), 100_000, 5)) is not None


@given(
    st.lists(
        st.tuples(st.floats(0, 1e5, allow_subnormal=False), st.floats(-1e12, 1e12, allow_subnormal=False)), max_size=80
    )
)
def test_whatever_is_measured_the_interval_holds_the_slope_fitted(points: list[tuple[float, float]]) -> None:
    slope = fit_slope(points)
    if slope is not None:
        assert slope.low <= slope.per_second <= slope.high
