import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.student_t import t_below, t_quantile


@pytest.mark.parametrize(
    ("probability", "freedom", "known"),
    [  # from the printed tables, such as the NIST/SEMATECH e-Handbook's, 1.3.6.7.2
        (0.975, 1, 12.706),
        (0.975, 2, 4.303),
        (0.975, 3, 3.182),
        (0.975, 4, 2.776),
        (0.975, 5, 2.571),
        (0.975, 8, 2.306),
        (0.975, 10, 2.228),
        (0.975, 30, 2.042),
        (0.975, 100, 1.984),
        (0.95, 1, 6.314),
        (0.95, 9, 1.833),
        (0.99, 5, 3.365),
        (0.995, 3, 5.841),
        (0.995, 10, 3.169),
    ],
)
def test_it_gives_the_values_of_the_tables(probability: float, freedom: int, known: float) -> None:
    assert round(t_quantile(probability, freedom), 3) == known


@given(st.floats(0.51, 0.999))
def test_one_and_two_degrees_of_freedom_have_a_closed_form(probability: float) -> None:
    assert t_quantile(probability, 1) == pytest.approx(math.tan(math.pi * (probability - 0.5)))
    two = (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    assert t_quantile(probability, 2) == pytest.approx(two)


@given(st.floats(0.5, 0.999), st.floats(1, 1e6))
def test_the_quantile_is_where_that_much_lies_below(probability: float, freedom: float) -> None:
    assert t_below(t_quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


@given(st.floats(1, 200), st.floats(1.01, 2))
def test_fewer_degrees_of_freedom_give_a_wider_interval(freedom: float, factor: float) -> None:
    assert t_quantile(0.975, freedom) > t_quantile(0.975, freedom * factor)
