import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.calculator import domain
from servers.errors import CallRefused

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("operation", "a", "b", "expected"),
    [
        (domain.add, 1.0, 2.0, 3.0),
        (domain.add, 0.1, 0.2, 0.1 + 0.2),
        (domain.subtract, 1.0, 2.0, -1.0),
        (domain.multiply, -3.0, 4.0, -12.0),
        (domain.divide, 1.0, 4.0, 0.25),
    ],
)
def test_an_operation_gives_the_ieee_754_answer(operation: object, a: float, b: float, expected: float) -> None:
    assert callable(operation)
    assert operation(a, b) == expected


@given(a=FINITE, b=FINITE)
def test_every_answer_is_finite_or_refused_as_overflow(a: float, b: float) -> None:
    for operation, plain in ((domain.add, a + b), (domain.subtract, a - b), (domain.multiply, a * b)):
        if math.isfinite(plain):
            assert operation(a, b) == plain
        else:
            with pytest.raises(CallRefused, match=r"^overflow: .* is too large for a 64-bit float\.$"):
                operation(a, b)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_division_by_zero_is_refused(zero: float) -> None:
    with pytest.raises(CallRefused, match="^division_by_zero: b must not be zero"):
        domain.divide(1.0, zero)


def test_a_quotient_that_overflows_is_refused() -> None:
    with pytest.raises(CallRefused, match="^overflow"):
        domain.divide(1e308, 1e-10)
