import pytest

from loadgen.targets import Status, Target, judge_target

TARGET = Target("tool", p95_ms=50, per_second=100, error_rate=0.01)


def statuses(calls: int, failed: int, p95_ms: float | None, seconds: float) -> list[Status]:
    return [verdict.status for verdict in judge_target(TARGET, calls, failed, p95_ms, seconds)]


@pytest.mark.parametrize(
    ("calls", "failed", "p95_ms", "seconds", "expected"),
    [
        (1000, 0, 49.9, 10, ["met", "met", "met"]),
        (1000, 9, 50.0, 9.9, ["missed", "met", "met"]),
        (1000, 10, 10.0, 10.1, ["met", "not offered", "missed"]),
        (100, 0, 10.0, 1, ["met", "met", "no data"]),  # one failure in 100 would be 1 %, not below it
        (101, 0, 10.0, 1, ["met", "met", "met"]),
        (10, 1, None, 1, ["no data", "not offered", "missed"]),
        (0, 0, None, 10, ["no data", "no data", "no data"]),
    ],
)
def test_what_a_run_says_about_a_target(
    calls: int, failed: int, p95_ms: float | None, seconds: float, expected: list[Status]
) -> None:
    assert statuses(calls, failed, p95_ms, seconds) == expected


def test_a_verdict_shows_what_was_measured_in_its_unit() -> None:
    p95, rate, errors = judge_target(TARGET, 1000, 5, 12.0, 10)
    assert (p95.measured, p95.unit) == (12.0, "ms")
    assert (rate.measured, rate.unit) == (99.5, "/s")
    assert (errors.measured, errors.limit, errors.unit) == (0.5, 1.0, "%")


def test_a_refused_call_is_no_throughput() -> None:
    _, rate, _ = judge_target(TARGET, 1000, 900, 12.0, 1)
    assert (rate.measured, rate.status) == (100, "met")
    _, rate, _ = judge_target(TARGET, 1000, 901, 12.0, 1)
    assert (rate.measured, rate.status) == (99, "not offered")
