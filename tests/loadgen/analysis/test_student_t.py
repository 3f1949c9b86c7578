import pytest

from loadgen.analysis.student_t import t_quantile


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [
        # the table that every textbook prints
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 3, 3.182),
        (0.975, 4, 2.776),
        (0.975, 5, 2.571),
        (0.975, 10, 2.228),
        (0.975, 28, 2.048),
        (0.975, 100, 1.984),
        (0.95, 9, 1.833),
        (0.995, 7, 3.499),
        (0.5, 3, 0.0),
    ],
)
def test_quantiles_are_those_of_the_tables(probability: float, freedom: int, quantile: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(quantile, abs=0.0005)


@pytest.mark.parametrize(("probability", "freedom"), [(0.975, 0), (0.4, 3), (1.0, 3)])
def test_what_has_no_quantile_is_refused(probability: float, freedom: int) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(probability, freedom)
