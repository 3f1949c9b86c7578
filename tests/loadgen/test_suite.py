"""The bundled plans at full length, as arithmetic; and what scale, workload and flags make of a plan."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InvalidInput
from formats.fixtures import bundled_fixtures
from loadgen.executors.breaking_point import BreakingPointSearch
from loadgen.executors.closed import ConstantVus, PerVuIterations
from loadgen.executors.open import ConstantArrivalRate
from loadgen.executors.ramping import RampingVus
from loadgen.finding import Goal
from loadgen.pacing import ConstantPace, VuPace
from loadgen.plan_file import load_suite
from loadgen.plan_keys import WORKLOADS, WorkloadName
from loadgen.suite import Suite
from loadgen.workloads.payments import CREATE

NAMES = ("benchmark", "endurance", "load", "quick", "spike", "stress", "targets")
CRITERIA: dict[str, list[str]] = {
    "quick": ["checks: rate==1", "http_req_failed: rate<0.001"],
    "load": [
        "http_req_duration: p(95)<100",
        "http_req_duration: p(99)<200",
        "http_req_duration: avg<50",
        "http_req_duration: p(95)<75 (stretch)",
        "http_reqs: rate>1000",
        "http_reqs: rate>2000 (stretch)",
        "http_req_failed: rate<0.001",
        "http_req_failed: rate<0.0005 (stretch)",
        "mcp_session_creation_ms: p(95)<100",
        "mcp_tool_call_duration_ms: p(95)<50",
        "operation_*_ms: p(95)<50",
    ],
    "stress": [],
    "endurance": [],
    "spike": ["checks: rate==1"],
    "benchmark": ["checks: rate==1"],
    "targets": [
        "mcp_tool_call_duration_ms{scenario:create}: p(95)<150",
        "mcp_tool_call_duration_ms{scenario:verify}: p(95)<50",
        "mcp_tool_call_duration_ms{scenario:balance}: p(95)<25",
        "http_req_failed{scenario:create}: rate<0.001",
        "http_req_failed{scenario:verify}: rate<0.0001",
        "http_req_failed{scenario:balance}: rate<1e-05",
        "dropped_iterations{scenario:create}: count==0",
        "dropped_iterations{scenario:verify}: count==0",
        "dropped_iterations{scenario:balance}: count==0",
    ],
}
GOALS = {
    "stress": {"breaking-point": Goal(300, 500)},
    "endurance": {"memory-growth": Goal(1, 0.1), "uptime": Goal(99.9, 99.99)},
}
MINUTE = 60


def ramping(name: str) -> VuPace:
    (scenario,) = load_suite(name).scenarios(1, "run")
    assert isinstance(scenario.executor, RampingVus)
    return VuPace(scenario.executor.start_vus, scenario.executor.stages)


def test_these_plans_come_along() -> None:
    assert tuple(bundled_fixtures("scenarios")) == NAMES


@pytest.mark.parametrize(
    ("name", "minutes"),
    [("quick", 0.5), ("load", 13), ("stress", 21), ("endurance", 130), ("spike", 12), ("benchmark", 5), ("targets", 3)],
)
def test_a_plan_takes_its_time(name: str, minutes: float) -> None:
    assert load_suite(name).lasts() == minutes * MINUTE
    assert load_suite(name).lasts(0.01) == pytest.approx(minutes * MINUTE / 100)


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_has_these_criteria_and_targets(name: str) -> None:
    suite = load_suite(name)
    found = [f"{t.metric_text}: {t}" + " (stretch)" * t.stretch for t in suite.thresholds]
    assert found == CRITERIA[name]
    assert suite.targets == GOALS.get(name, {})
    assert not any(threshold.abort_on_fail for threshold in suite.thresholds)


def test_what_the_analyses_look_for() -> None:
    assert {name: load_suite(name).find for name in NAMES if load_suite(name).find} == {
        "benchmark": ("overhead",),
        "endurance": ("memory-growth", "drift", "sessions", "uptime"),
        "spike": ("recovery",),
        "stress": ("breaking-point",),
    }


def test_load_has_these_users_at_each_minute() -> None:
    pace = ramping("load")
    assert [pace.vus_at(minute * MINUTE) for minute in range(14)] == [0, *[50] * 6, *[100] * 6, 0]
    assert [pace.vus_at(seconds) for seconds in (30, 6.5 * MINUTE, 12.5 * MINUTE)] == [25, 75, 50]


def test_spike_has_these_users_at_each_minute() -> None:
    pace = ramping("spike")
    in_each = [pace.vus_at((minute + 0.5) * MINUTE) for minute in range(12)]
    assert in_each == [10, 10, *[200, 10] * 5]
    assert [pace.vus_at(2 * MINUTE - 0.001), pace.vus_at(2 * MINUTE), pace.vus_at(3 * MINUTE)] == [10, 200, 10]


def test_spikes_and_recoveries_are_named() -> None:
    (scenario,) = load_suite("spike").scenarios(1, "run")
    names = [name for name, _, _ in scenario.executor.phases]
    assert names == ["baseline", *(f"{what} {n}" for n in range(1, 6) for what in ("spike", "recovery"))]


def test_endurance_has_these_users() -> None:
    pace = ramping("endurance")
    assert [pace.vus_at(minute * MINUTE) for minute in (0, 1, 5, 60, 125, 126, 130)] == [0, 10, 50, 50, 50, 40, 0]


def test_quick_is_ten_users_for_half_a_minute() -> None:
    (scenario,) = load_suite("quick").scenarios(1, "run")
    assert scenario.executor == ConstantVus(10, 30)


def test_stress_goes_up_four_levels_and_with_find_capacity_five_rates() -> None:
    suite = load_suite("stress")
    assert [scenario.executor for scenario in suite.scenarios(1, "run")] == [
        BreakingPointSearch((100, 200, 400, 800), "vus", 120, 180, 60, 60)
    ]
    assert [scenario.executor for scenario in suite.scenarios(1, "run", arrival_rates=True)] == [
        BreakingPointSearch((250, 500, 1000, 2000, 4000), "rate", 120, 180, 60, 60)
    ]
    assert suite.goals(arrival_rates=True) == {}


def test_benchmark_calls_each_operation_alone_with_each_kind_of_numbers() -> None:
    *operations, sessions = load_suite("benchmark").scenarios(1, "run")
    assert [scenario.name for scenario in operations] == [
        f"operation-{tool}-{numbers}"
        for tool in ("add", "subtract", "multiply", "divide")
        for numbers in ("small", "large", "decimals", "negatives")
    ]
    assert [scenario.after for scenario in (*operations, sessions)] == [None, *(s.name for s in operations)]
    assert {scenario.executor for scenario in operations} == {ConstantVus(1, 18)}
    assert [scenario.workload.mix for scenario in operations[::4]] == [
        f"{tool} 100 %" for tool in ("add", "subtract", "multiply", "divide")
    ]
    drawn = [scenario.workload.next_call(n).arguments["b"] for n in range(1, 99) for scenario in operations[3::4]]
    assert max(drawn) < 0
    assert (sessions.new_sessions, sessions.executor) == (True, ConstantVus(1, 12))
    assert not any(scenario.new_sessions for scenario in operations)


def test_targets_has_three_rates_in_turn_after_10_000_payments() -> None:
    create, verify, balance = scenarios = load_suite("targets").scenarios(1, "run")
    rates = [s.executor for s in scenarios if isinstance(s.executor, ConstantArrivalRate)]
    assert [ConstantPace(rate.rate, rate.duration).total for rate in rates] == [60_000, 300_000, 600_000]
    assert [(s.name, s.after) for s in scenarios] == [("create", None), ("verify", "create"), ("balance", "verify")]
    assert [s.workload.mix for s in scenarios] == [
        "create_payment 100 %", "verify_payment 100 %", "get_wallet_balance 100 %",
    ]  # fmt: skip
    assert len(create.setup) == len({call.arguments["idempotency_key"] for call in create.setup}) == 10_000
    assert {call.tool for call in create.setup} == {CREATE}
    assert (verify.setup, balance.setup) == ((), ())


def test_scenarios_ask_about_one_anothers_payments() -> None:
    create, verify, _ = load_suite("targets").scenarios(1, "run", scale=0.001)
    call = create.setup[0]
    values = {key: call.arguments[key] for key in ("amount", "currency", "method", "customer_id")}
    create.workload.take_in(call, {"payment_id": "pay_1", **values})
    assert verify.workload.next_call(1).arguments == {"payment_id": "pay_1"}


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("name", NAMES[:-1])
def test_the_first_six_are_for_any_workload(name: str, workload: WorkloadName) -> None:
    suite = load_suite(name)
    scenarios = suite.scenarios(1, "run", workload=workload, tools=["search", "look/up"])
    assert {type(scenario.workload).__name__ for scenario in scenarios} == {f"{workload.capitalize()}Workload"}
    assert len({scenario.name for scenario in scenarios}) == len(scenarios)
    assert suite.criteria(workload=workload, tools=["search"]) == suite.thresholds
    usual = {
        "payments": ("create_payment", "verify_payment", "get_wallet_balance"),
        "calculator": ("add", "subtract", "multiply", "divide"),
        "generic": ("search", "look/up"),
    }
    assert suite.called(workload, ["search", "look/up"]) == usual[workload]


def test_a_target_for_one_server_is_none_for_another() -> None:
    assert load_suite("endurance").goals(workload="payments") == {"uptime": Goal(99.9, 99.99)}
    assert load_suite("endurance").goals(workload="calculator") == GOALS["endurance"]


def test_a_scenario_that_makes_no_payments_has_100_made_first() -> None:
    scenarios = load_suite("benchmark").scenarios(1, "run", workload="payments")
    assert [(scenario.name, len(scenario.setup)) for scenario in scenarios] == [
        ("operation-create_payment", 0),
        ("operation-verify_payment", 100),
        ("operation-get_wallet_balance", 0),
        ("sessions", 0),
    ]


def test_tools_with_odd_names_still_make_scenarios_with_plain_ones() -> None:
    tools = ["a.b", "a/b", "x" * 60, "x" * 61]
    scenarios = load_suite("benchmark").scenarios(1, "run", workload="generic", tools=tools)
    assert [scenario.name for scenario in scenarios] == [
        "operation-a_b", "operation-a_b-2", "operation-" + "x" * 30, "operation-" + "x" * 26 + "-2", "sessions",
    ]  # fmt: skip


REFUSED: list[tuple[str, Callable[[Suite], object], str]] = [
    (
        "load",
        lambda suite: suite.scenarios(1, "r", duration=5.0, vus=3),
        (
            "--duration is for plans of constant-vus scenarios only, and load has ramping-vus "
            "(--scale shortens any plan)\n"
            "--vus is for plans of constant-vus scenarios only, and load has ramping-vus (--scale shortens any plan)"
        ),
    ),
    (
        "load",
        lambda suite: suite.scenarios(1, "r", arrival_rates=True),
        "--find-capacity is for plans with a breaking-point scenario, and load has none",
    ),
    ("load", lambda suite: suite.scenarios(1, "r", scale=0.0), "scale should be more than 0, got 0"),
    (
        "benchmark",
        lambda suite: suite.scenarios(1, "r", workload="generic"),
        "benchmark makes a scenario of each tool: name them with --tool",
    ),
    (
        "targets",
        lambda suite: suite.scenarios(1, "r", workload="calculator"),
        "targets has scenarios for different tools of payments, so calculator cannot replace that",
    ),
    ("quick", lambda suite: suite.scenarios(1, "r", vus=0), "scenario quick: vus should be 1 or more, got 0"),
]


@pytest.mark.parametrize(("name", "use", "sentence"), REFUSED)
def test_what_a_plan_cannot_do_is_said(name: str, use: Callable[[Suite], object], sentence: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        use(load_suite(name))
    assert str(raised.value) == sentence


def test_duration_and_users_of_quick_can_be_replaced() -> None:
    (scenario,) = load_suite("quick").scenarios(1, "run", duration=90, vus=3)
    assert scenario.executor == ConstantVus(3, 90)


EVERYTHING = """\
version: 1
description: What is scaled, and what is not.
workload: payments
timeout: 20s
warm_up: 10s
scenarios:
  ramp:
    executor: ramping-vus
    start_vus: 4
    stages: [{duration: 100s, target: 8}, {duration: 0s, target: 2}]
    graceful_stop: 6s
    graceful_ramp_down: 7s
    think_time: 50ms
    setup: {payments: 1000}
    delay: 40s
  count: {executor: per-vu-iterations, vus: 2, iterations: 50, max_duration: 60s, after: ramp, delay: 5s}
  search: {executor: breaking-point, levels: [1, 2]}
thresholds:
  http_req_failed: [{threshold: "rate<0.01", abort_on_fail: true, delay_abort_eval: 10s, window: 30s}]
"""


@pytest.fixture
def everything(tmp_path: Path) -> Suite:
    path = tmp_path / "everything.yaml"
    path.write_text(EVERYTHING)
    return load_suite(str(path))


def test_scale_shrinks_times_of_the_plan_but_no_limits_users_or_rates(everything: Suite) -> None:
    ramp, count, search = everything.scenarios(1, "run", scale=0.1)
    assert isinstance(ramp.executor, RampingVus)
    assert [(stage.duration, stage.target) for stage in ramp.executor.stages] == [(10, 8), (0, 2)]
    assert (ramp.executor.start_vus, ramp.executor.think_time) == (4, 0.05)
    assert (ramp.executor.graceful_stop, ramp.executor.graceful_ramp_down) == (6, 7)
    assert (ramp.delay, len(ramp.setup)) == (4, 100)
    assert count.executor == PerVuIterations(2, 50, max_duration=60)
    assert (count.after, count.delay) == ("ramp", 0.5)
    assert search.executor == BreakingPointSearch((1, 2), ramp=12, hold=18, probe=6, recovery=6)
    (criterion,) = everything.criteria(scale=0.1)
    assert (criterion.delay_abort_eval, criterion.window) == (1, 3)
    assert everything.timeout == 20
    assert everything.warm_up_at(0.1) == 1


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-9, 1), st.sampled_from(NAMES))
def test_at_any_scale_the_levels_stay_and_nothing_takes_no_time(scale: float, name: str) -> None:
    suite = load_suite(name)
    full, small = suite.scenarios(1, "run", scale=1), suite.scenarios(1, "run", scale=scale)
    assert [scenario.executor.max_vus for scenario in small] == [scenario.executor.max_vus for scenario in full]
    assert suite.lasts(scale) > 0
    assert all(len(s.setup) >= 1 for s, f in zip(small, full, strict=True) if f.setup)


def test_each_scenario_draws_for_itself_and_a_repeated_run_the_same(everything: Suite) -> None:
    first, again = (everything.scenarios(7, "run") for _ in range(2))
    calls = [[scenario.workload.next_call(n) for n in range(1, 9)] for scenario in first]
    assert calls == [[scenario.workload.next_call(n) for n in range(1, 9)] for scenario in again]
    keys = [call.arguments["idempotency_key"] for drawn in calls for call in drawn]
    assert len(set(keys)) == len(keys)
