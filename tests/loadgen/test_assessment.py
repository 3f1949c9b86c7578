import pytest

from loadgen.assessment import Grade, grade_average, grade_success


@pytest.mark.parametrize(
    ("percent", "grade"),
    [(100, "excellent"), (95, "excellent"), (94.99, "good"), (90, "good"), (89.99, "poor"), (0, "poor")],
)
def test_success_rates(percent: float, grade: Grade) -> None:
    assert grade_success(percent) == grade


@pytest.mark.parametrize(
    ("milliseconds", "grade"),
    [(0, "excellent"), (199.9, "excellent"), (200, "good"), (500, "good"), (500.1, "poor")],
)
def test_average_response_times(milliseconds: float, grade: Grade) -> None:
    assert grade_average(milliseconds) == grade
