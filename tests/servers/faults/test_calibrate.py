"""What calibration makes of delays that are known."""

import math

import pytest
from pydantic import TypeAdapter

from servers.faults.calibrate import CASES, GOAL_MS, RATE, SECONDS, Row, heading, ks_distance, percentile, render
from servers.faults.latency import Distribution

ALL = round(RATE * SECONDS)
UNIFORM = TypeAdapter[Distribution](Distribution).validate_python({"distribution": "uniform", "from": 0, "to": 1})


@pytest.mark.parametrize(("p", "expected"), [(0, 1.0), (50, 5.0), (99, 10.0), (100, 10.0)])
def test_a_percentile_is_the_nearest_rank(p: float, expected: float) -> None:
    assert percentile([float(n) for n in range(1, 11)], p) == expected


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(percentile([], 99))


def test_the_distance_is_small_for_the_distribution_itself_and_large_for_another() -> None:
    n = 1000
    assert ks_distance([(i + 0.5) / n for i in range(n)], UNIFORM) == pytest.approx(0.5 / n)
    assert ks_distance([0.5 * (i + 0.5) / n for i in range(n)], UNIFORM) == pytest.approx(0.5, abs=0.01)
    assert ks_distance([], UNIFORM) == 1.0


@pytest.mark.parametrize(
    ("calls", "off", "within"),
    [
        (ALL, [0.1] * ALL, True),
        (ALL, [0.1] * 2970 + [GOAL_MS + 1] * 30, True),
        (ALL, [0.1] * 2969 + [GOAL_MS + 1] * 31, False),
        (ALL - 1, [0.1] * (ALL - 1), False),
        (0, [], False),
    ],
)
def test_a_row_is_within_when_every_call_was_made_and_the_99th_percentile_is(
    calls: int, off: list[float], within: bool
) -> None:
    row = Row("fixed", calls, off, off, off, None)
    assert row.within is within
    assert render(row).endswith("!") is not within


def test_the_table_has_a_column_for_each_heading() -> None:
    columns = heading().splitlines()[-1]
    line = render(Row("lognormal", ALL, [0.1], [0.2], [0.3], 0.012))
    assert len(line) == len(columns)
    assert line.split() == ["lognormal", "3,000", "0.10", "0.10", "0.10", "0.20", "0.20", "0.30", "0.012"]
    assert len(CASES) == len({case["distribution"] for case in CASES})
