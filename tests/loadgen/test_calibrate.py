import pytest

from loadgen.calibrate import Row, nearest_rank, render, stalled_percentile


def row(true: float, reported: float | None) -> Row:
    return Row("constant", "open", "raw", 99, true, reported)


@pytest.mark.parametrize(
    ("true", "reported", "within"),
    [
        (5.0, 5.34, True),
        (5.0, 5.36, False),
        (5.0, 4.66, True),
        (5.0, 4.64, False),
        (500, 505.2, True),
        (5.0, None, False),
    ],
)
def test_a_report_may_be_off_by_a_third_of_a_millisecond_and_one_per_cent(
    true: float, reported: float | None, within: bool
) -> None:
    assert row(true, reported).within is within


def test_the_value_at_a_percentile_is_the_one_of_its_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [nearest_rank(values, p) for p in (50, 99, 100, 0)] == [50, 99, 100, 1]


def test_a_stop_of_one_second_in_ten_makes_the_99th_of_100_wait_nine_tenths() -> None:
    assert stalled_percentile(99, 10) == pytest.approx(0.9)
    assert stalled_percentile(50, 10) == 0


def test_the_table_marks_what_is_off() -> None:
    good, bad, none = render([row(5, 5.1), row(5, 6), row(5, None)]).splitlines()
    assert good.endswith("5.00      5.10   +0.10")
    assert bad.endswith("+1.00 !")
    assert none.endswith("n/a !")
    assert all(len(line) <= 80 for line in (good, bad, none))
