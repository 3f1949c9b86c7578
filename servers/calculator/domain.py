"""Arithmetic on finite floats (IEEE 754 double); what has no finite answer is refused with a sentence."""

import math

from ..errors import CallRefused


def add(a: float, b: float) -> float:
    """The sum a + b."""
    return _finite(a + b, f"{a!r} + {b!r}")


def subtract(a: float, b: float) -> float:
    """The difference a - b."""
    return _finite(a - b, f"{a!r} - {b!r}")


def multiply(a: float, b: float) -> float:
    """The product a * b."""
    return _finite(a * b, f"{a!r} * {b!r}")


def divide(a: float, b: float) -> float:
    """The quotient a / b.

    Raises:
        CallRefused: b is zero, or the quotient overflows.
    """
    if b == 0:
        raise CallRefused("division_by_zero: b must not be zero.")
    return _finite(a / b, f"{a!r} / {b!r}")


def _finite(value: float, written: str) -> float:
    if math.isfinite(value):
        return value
    raise CallRefused(f"overflow: {written} is too large for a 64-bit float.")
