"""Grades for people; the gate that sets the exit code is another thing."""

from typing import Literal

Grade = Literal["excellent", "good", "poor"]
_EXCELLENT_PERCENT, _GOOD_PERCENT = 95, 90
_EXCELLENT_MS, _GOOD_MS = 200, 500


def grade_success(percent: float) -> Grade:
    """95 % and more excellent, 90 % and more good, below that poor."""
    if percent >= _EXCELLENT_PERCENT:
        return "excellent"
    return "good" if percent >= _GOOD_PERCENT else "poor"


def grade_average(milliseconds: float) -> Grade:
    """Below 200 ms excellent, up to 500 ms good, above that poor."""
    if milliseconds < _EXCELLENT_MS:
        return "excellent"
    return "good" if milliseconds <= _GOOD_MS else "poor"
