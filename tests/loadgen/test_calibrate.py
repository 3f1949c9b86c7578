import math
from dataclasses import replace

import pytest

from loadgen import cli
from loadgen.calibrate import (
    MODELS,
    RATE,
    Case,
    Model,
    Row,
    calls_within,
    compare,
    nearest_rank,
    render,
    stalled,
)
from loadgen.errors import ExitCode
from loadgen.metrics import NO_VALUES, Trend, TrendSummary
from loadgen.responder import CONSTANT, SLOW, STOP, Schedule, service_seconds
from loadgen.result import Measurements, RunResult, SessionsResult

SCHEDULES: tuple[Schedule, ...] = ("constant", "mixture", "stop")
FASTEST_TO_SLOWEST = [n / 1000 for n in range(1, 951)]


def row(true: float, reported: float | None) -> Row:
    return Row("constant", "open", "raw", 99, true, reported)


def case(schedule: Schedule, model: Model, calls: int) -> Case:
    return Case(schedule, model, "raw", calls)


def times(median: float, p99: float) -> TrendSummary:
    return replace(NO_VALUES, median=median, p99=p99)


def run_of(ok: int, service: TrendSummary = NO_VALUES, response: TrendSummary = NO_VALUES) -> RunResult:
    measured = Measurements(
        calls=ok,
        ok=ok,
        finished=ok,
        due=ok,
        checks=(),
        response=response,
        response_ok=response,
        service=service,
        service_ok=service,
        tools=(),
        errors=(),
        sessions=SessionsResult(1, 0, 0, 0, NO_VALUES),
    )
    return RunResult(
        workload="calibration",
        mix="answer",
        url="http://127.0.0.1:1/mcp",
        server="calibration",
        protocol="2025-11-25",
        seed=1,
        run_id="1",
        load="calls",
        timeout=30.0,
        command=(),
        started_at="2026-01-01T00:00:00+00:00",
        seconds=8.0,
        interrupted=False,
        min_success=100.0,
        measured=measured,
        targets=(),
        notes=(),
    )


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


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("seconds", [4, 8, 8.1, 60])
def test_a_run_makes_as_many_calls_as_fit_but_never_whole_hundreds(
    schedule: Schedule, model: Model, seconds: float
) -> None:
    calls = calls_within(schedule, model, seconds)
    took = math.fsum(service_seconds(schedule, n) for n in range(1, calls + 1)) if model == "closed" else calls / RATE
    assert calls % 100 == 50
    assert 0.6 * seconds < took <= seconds


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seconds", [4, 8, 8.1, 60])
def test_p99_of_each_100th_call_slow_is_a_slow_call_whatever_the_others_do(seconds: float, model: Model) -> None:
    meant = [service_seconds("mixture", n) for n in range(1, calls_within("mixture", model, seconds) + 1)]
    disturbed = [0.4 if n % 7 == 2 and second == CONSTANT else second for n, second in enumerate(meant)]
    assert nearest_rank(meant, 99) == nearest_rank(disturbed, 99) == SLOW
    assert nearest_rank(meant, 50) == CONSTANT


@pytest.mark.parametrize("calls", [100, 101, 149, 160, 950, 1440])
@pytest.mark.parametrize("percentile", [50, 99])
def test_true_and_reported_percentiles_are_of_the_same_rank(calls: int, percentile: int) -> None:
    values, trend = [1.01**n / 1e6 for n in range(calls)], Trend()
    for value in values:
        trend.add(value)
    reported = trend.percentile(percentile)
    assert reported is not None
    assert reported / 1000 == pytest.approx(nearest_rank(values, percentile), rel=0.001)


def test_the_value_at_a_percentile_is_the_one_of_its_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [nearest_rank(values, p) for p in (50, 99, 100, 0)] == [50, 99, 100, 1]


def test_who_comes_in_a_stop_waits_for_its_end_and_nobody_else_waits() -> None:
    waits = [seconds - CONSTANT for seconds in stalled([CONSTANT] * 950)]
    waiting = [wait for wait in waits if wait > 0]
    assert len(waiting) == STOP * RATE
    assert [waiting[0], waiting[-1]] == pytest.approx([STOP - 0.004, 0.004])


def test_a_closed_model_is_judged_by_service_times_and_an_open_one_by_response_times() -> None:
    result = run_of(950, service=times(475, 941), response=times(480, 990))
    closed = compare(case("constant", "closed", 950), FASTEST_TO_SLOWEST, result)
    opened = compare(case("constant", "open", 950), FASTEST_TO_SLOWEST, result)
    assert [(r.percentile, r.true_ms, r.reported_ms) for r in closed] == [(50, 475, 475), (99, 941, 941)]
    assert [(r.percentile, r.true_ms, r.reported_ms) for r in opened] == [(50, 475, 480), (99, 941, 990)]
    assert [r.within for r in closed] == [True, True]
    assert [r.within for r in opened] == [True, False]


def test_a_stop_shows_in_an_open_model_by_queueing_theory_and_not_in_the_service_times_of_a_closed_one() -> None:
    result = run_of(950, service=times(5, 5), response=times(5, 929))
    constant = [CONSTANT] * 950
    assert [r.true_ms for r in compare(case("stop", "closed", 950), constant, result)] == [5, 5]
    expected = (CONSTANT + STOP - 0.01 * 950 / RATE) * 1000  # of times spread evenly over the stop
    assert [r.true_ms for r in compare(case("stop", "open", 950), constant, result)] == [5, pytest.approx(expected)]


@pytest.mark.parametrize(("ok", "recorded"), [(949, 950), (950, 949), (950, 0)])
def test_times_of_other_calls_than_the_responder_answered_are_no_report(ok: int, recorded: int) -> None:
    rows = compare(case("constant", "closed", 950), [CONSTANT] * recorded, run_of(ok, service=times(5, 5)))
    assert [(r.reported_ms, r.within) for r in rows] == [(None, False)] * 2


@pytest.mark.parametrize(
    ("schedule", "model", "users", "most"),
    [("constant", "closed", 1, 1), ("mixture", "open", 4, 254), ("stop", "open", 129, 254)],
)
def test_there_are_few_users_and_more_for_a_stop(schedule: Schedule, model: Model, users: int, most: int) -> None:
    assert (case(schedule, model, 950).users, case(schedule, model, 950).most_users) == (users, most)


def test_the_table_marks_what_is_off() -> None:
    good, bad, none = render([row(5, 5.1), row(5, 6), row(5, None)]).splitlines()
    assert good.endswith("5.00      5.10   +0.10")
    assert bad.endswith("+1.00 !")
    assert none.endswith("n/a !")
    assert all(len(line) <= 80 for line in (good, bad, none))


@pytest.mark.parametrize(("reported", "code"), [(5.1, ExitCode.OK), (6.0, ExitCode.GATE_FAILED)])
def test_one_wrong_report_is_an_exit_code(
    reported: float, code: ExitCode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def runs(_: object, on_rows: object) -> list[Row]:
        rows = [row(5, 5), row(5, reported), row(5, 5)]
        on_rows(rows)  # type: ignore[operator]  # what the command gives
        return rows

    monkeypatch.setattr(cli, "run_calibration", runs)
    assert cli.main(["calibrate"]) == code
    table = capsys.readouterr().out
    assert all(len(line) <= 80 for line in table.splitlines())
    assert sum(line.endswith("!") for line in table.splitlines()) == (code != ExitCode.OK)
