"""Plans of several scenarios and of criteria, on a clock that stands still, against a calculator without a wire."""

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from formats.errors import InvalidInput
from loadgen import engine as engine_module
from loadgen.analyses import BreakingPointGoal
from loadgen.client.transport import Request, Sink, Timings
from loadgen.engine import Engine
from loadgen.executors.breaking_point import BreakingPointSearch
from loadgen.executors.closed import ConstantVus, PerVuIterations, SharedIterations
from loadgen.executors.open import ConstantArrivalRate
from loadgen.executors.ramping import RampingVus
from loadgen.finding import Goal
from loadgen.interruption import Interruption
from loadgen.outcome import Failure
from loadgen.outputs.console import Silence
from loadgen.outputs.prometheus import PrometheusOutput
from loadgen.pacing import Stage
from loadgen.plan import Executor, Plan, Scenario
from loadgen.result import Measurements, RunResult, ScenarioResult
from loadgen.scenario_run import ScenarioRun
from loadgen.thresholds import parse_threshold
from loadgen.workloads.calculator import CalculatorWorkload
from tests.support.clock import FakeClock
from tests.support.http_server import result
from tests.support.minimal_mcp import answer

Slowness = Callable[[float], float]


@dataclass
class Server:
    """Answers right, so many seconds after it is asked as `seconds` says of the time; refuses calls in `refuses`.

    Of the sessions that are to be ended, it ends all but the first `keeps`, not counting that of the look before.
    """

    clock: FakeClock
    seconds: Slowness = lambda _: 0.1
    refuses: tuple[float, float] = (0.0, 0.0)
    keeps: int = 0
    opened: int = 0
    ended: int = 0
    calls: list[float] = field(default_factory=list)

    def connect(self, _: str) -> "Wire":
        return Wire(self)


class Wire:
    """A transport without a wire."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.timings = Timings()

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:  # noqa: ARG002 - never late
        server, headers = self._server, {b"content-type": b"application/json"}
        if request.method == "DELETE":
            server.ended += 1
            sink.head(500 if 1 < server.ended <= 1 + server.keeps else 200, headers)
            return None
        message: Mapping[str, Any] = json.loads(request.body)
        if message["method"] == "initialize":
            server.opened += 1
            headers[b"mcp-session-id"] = b"s%d" % server.opened
        status = 202 if "id" not in message else 200
        if message["method"] == "tools/call":
            at = server.clock.now() - server.clock.start
            server.calls.append(at)
            await server.clock.sleep(server.seconds(at))
            status = 503 if server.refuses[0] <= at < server.refuses[1] else 200
        sink.head(status, headers)
        if status == 200:
            sink.feed(result(message["id"], answer(message["method"], dict(message.get("params", {})))))
        return None

    async def settle(self) -> None:
        pass

    async def close(self) -> None:
        pass


def scenario(name: str, executor: Executor, **changes: Any) -> Scenario:
    return Scenario(name, executor, CalculatorWorkload(1), **changes)


def plan_of(*scenarios: Scenario, **changes: Any) -> Plan:
    return Plan(
        name="test",
        url="http://127.0.0.1:1/mcp",
        seed=1,
        run_id="r",
        timeout=30.0,
        min_success=None,
        scenarios=scenarios,
        targets=(),
        command=("mcp-load",),
        **changes,
    )


async def run(plan: Plan, server: Server, **options: Any) -> RunResult:
    return await Engine(plan, server.connect, server.clock, Silence(), **options).run(Interruption())


def named(outcome: RunResult, name: str) -> ScenarioResult:
    (found,) = [each for each in outcome.scenarios if each.name == name]
    return found


def check_exactness(measured: Measurements) -> None:
    assert measured.due == measured.ok + measured.failed + measured.unfinished + measured.dropped


async def test_scenarios_run_in_parallel_and_add_up_to_the_whole() -> None:
    server = Server(FakeClock(), refuses=(1.0, 2.0))
    outcome = await run(
        plan_of(
            scenario("closed", ConstantVus(2, 3.0)),
            scenario("open", ConstantArrivalRate(40, 3.0, 1, 2)),
        ),
        server,
    )
    parts = [each.measured for each in outcome.scenarios]
    assert [each.start for each in outcome.scenarios] == [0, 0]
    assert named(outcome, "closed").measured.due == pytest.approx(60, abs=2)
    assert named(outcome, "open").measured.due == 120
    assert named(outcome, "open").measured.dropped > 0
    for measured in (*parts, outcome.measured):
        check_exactness(measured)
        assert measured.failed > 0
    for name in ("calls", "ok", "failed", "unfinished", "dropped", "due"):
        assert getattr(outcome.measured, name) == sum(getattr(part, name) for part in parts)
    assert sum(point.calls for point in outcome.points) == outcome.measured.calls == len(server.calls)
    assert sum(point.dropped for point in outcome.points) == outcome.measured.dropped
    assert outcome.measured.sessions is not None
    assert outcome.measured.sessions.opened == sum(part.sessions.opened for part in parts if part.sessions) == 4
    assert (server.opened, server.ended) == (5, 5)  # and the look before
    assert outcome.measured.vus_max.maximum == 4


async def test_one_scenario_begins_after_another_with_a_delay() -> None:
    server = Server(FakeClock())
    outcome = await run(
        plan_of(
            scenario("second", SharedIterations(1, 5), after="first", delay=1.5),
            scenario("first", SharedIterations(2, 20)),
            scenario("late", SharedIterations(1, 1), delay=0.75),
        ),
        server,
    )
    assert named(outcome, "first").start == 0
    assert named(outcome, "first").seconds == pytest.approx(1.0)
    assert named(outcome, "second").start == pytest.approx(2.5)
    assert named(outcome, "late").start == pytest.approx(0.75)
    assert outcome.seconds == pytest.approx(3.0)
    assert [each.measured.calls for each in outcome.scenarios] == [5, 20, 1]
    assert outcome.load.startswith("second: 5 calls by 1 virtual user; first: ")


async def test_new_sessions_opens_one_for_each_iteration() -> None:
    server = Server(FakeClock())
    outcome = await run(plan_of(scenario("s", PerVuIterations(2, 5), new_sessions=True)), server)
    assert outcome.measured.sessions is not None
    assert (outcome.measured.calls, outcome.measured.ok) == (10, 10)
    assert outcome.measured.sessions.opened == 10
    assert (server.opened, server.ended) == (11, 11)


@pytest.mark.parametrize("keeps", [0, 3, 10])
async def test_each_of_them_that_could_not_be_ended_is_counted(keeps: int) -> None:
    server = Server(FakeClock(), keeps=keeps)
    outcome = await run(plan_of(scenario("s", PerVuIterations(2, 5), new_sessions=True)), server)
    assert outcome.measured.sessions is not None
    assert outcome.measured.sessions.unfinished == keeps


async def test_what_is_dropped_is_told_with_its_reason() -> None:
    plan = plan_of(
        scenario("closed", SharedIterations(1, 50, max_duration=2.0)),
        scenario("open", ConstantArrivalRate(50, 2.0, 1, 2)),
    )
    outcome = await run(plan, Server(FakeClock()))
    closed, opened = (named(outcome, name).measured.dropped for name in ("closed", "open"))
    assert min(closed, opened) > 0
    assert outcome.notes == (
        f"{opened} of 150 iterations were dropped: they were due, but none of 3 virtual users was free.",
        f"{closed} of 150 iterations were dropped: they were not begun within max_duration.",
    )


async def test_each_of_several_searches_is_judged() -> None:
    search = BreakingPointSearch((1, 2), ramp=1.0, hold=3.0, probe=1.0, recovery=1.0)
    first, second, third = (f"search-{n}" for n in range(3))
    plan = plan_of(
        scenario(first, search),
        scenario(second, replace(search, levels=(1, 2, 4)), after=first),
        analyses=(BreakingPointGoal(Goal(3), (first, second, third)),),
    )
    outcome = await run(plan, Server(FakeClock()))
    judged = [(each.name, each.value, each.status) for each in outcome.findings if each.target is not None]
    assert judged == [
        (f"breaking point of {first}", 2, "fail"),
        (f"breaking point of {second}", 4, "pass"),
        (f"breaking point of {third}", None, "no data"),
    ]
    assert [each.name for each in outcome.findings if each.target is None] == [name for name, _, _ in judged[:2]]


async def test_without_it_each_user_has_one_session() -> None:
    server = Server(FakeClock())
    outcome = await run(plan_of(scenario("s", PerVuIterations(2, 5))), server)
    assert outcome.measured.sessions is not None
    assert outcome.measured.sessions.opened == 2


@pytest.mark.parametrize(("delay", "at_least", "at_most"), [(0.0, 1.0, 1.5), (5.0, 5.0, 5.5)])
async def test_a_criterion_ends_the_run_early_but_not_before_its_delay(
    delay: float, at_least: float, at_most: float
) -> None:
    server = Server(FakeClock(), refuses=(0.0, 99.0))
    criterion = parse_threshold("http_req_failed", "rate<0.5", abort_on_fail=True, delay_abort_eval=delay)
    outcome = await run(
        plan_of(
            scenario("s", ConstantVus(2, 60.0)),
            scenario("never", SharedIterations(1, 1), after="s"),
            thresholds=(criterion,),
        ),
        server,
    )
    assert at_least <= outcome.seconds <= at_most
    assert outcome.aborted is not None
    assert "http_req_failed" in outcome.aborted
    assert [each.name for each in outcome.scenarios] == ["s"]
    assert not outcome.passed
    assert not outcome.interrupted
    check_exactness(outcome.measured)
    assert server.opened == server.ended


async def test_a_criterion_that_is_met_ends_nothing() -> None:
    criterion = parse_threshold("http_req_failed", "rate<0.5", abort_on_fail=True)
    outcome = await run(plan_of(scenario("s", ConstantVus(1, 3.0)), thresholds=(criterion,)), Server(FakeClock()))
    assert (outcome.aborted, outcome.passed) == (None, True)
    assert outcome.seconds == pytest.approx(3.0)


@pytest.mark.parametrize("slow", [True, False])
@pytest.mark.parametrize(
    ("metric", "expression"),
    [
        ("http_req_duration", "max<500"),
        ("mcp_tool_call_duration_ms{scenario:s}", "med<500"),
        ("http_reqs", "rate>5"),
    ],
)
async def test_a_window_that_missed_once_in_the_middle_is_missed_at_the_end(
    metric: str, expression: str, slow: bool
) -> None:
    server = Server(FakeClock(), seconds=lambda at: 0.8 if slow and 4.0 <= at < 8.0 else 0.1)
    plan = plan_of(
        scenario("s", ConstantVus(1, 20.0)),
        thresholds=(parse_threshold(metric, expression, window=3.0),),
    )
    outcome = await run(plan, server)
    assert [verdict.status for verdict in outcome.verdicts] == ["fail" if slow else "pass"]
    assert outcome.passed is not slow


@pytest.mark.parametrize(
    ("metric", "expression", "worst"),
    [("http_req_duration", "max<300", 900), ("http_reqs", "rate>9", 1), ("http_req_duration", "max<1000", 900)],
)
async def test_the_worst_window_is_shown_not_the_first_that_missed(metric: str, expression: str, worst: float) -> None:
    server = Server(FakeClock(), seconds=lambda at: 0.4 if 3 <= at < 6 else 0.9 if 9 <= at < 15 else 0.1)
    plan = plan_of(scenario("s", ConstantVus(1, 20.0)), thresholds=(parse_threshold(metric, expression, window=2.0),))
    (verdict,) = (await run(plan, server)).verdicts
    assert verdict.measured == pytest.approx(worst, abs=0.51)
    assert (verdict.status == "pass") == (expression == "max<1000")


async def test_a_window_is_judged_by_what_it_had_when_the_end_of_a_run_is_silent() -> None:
    plan = plan_of(
        scenario("busy", ConstantVus(1, 5.0)),
        scenario("silent", SharedIterations(1, 1), after="busy", delay=10.0),
        thresholds=(
            parse_threshold("http_req_duration{scenario:busy}", "max<500", window=2.0),
            parse_threshold("http_req_duration{scenario:nobody}", "max<500", window=2.0),
        ),
    )
    outcome = await run(plan, Server(FakeClock()))
    assert [verdict.status for verdict in outcome.verdicts] == ["pass", "no data"]


async def test_a_port_of_metrics_in_use_is_refused_before_anything_is_sent() -> None:
    server = Server(FakeClock())
    asked: list[str] = []

    def connect(url: str) -> Wire:
        asked.append(url)
        return server.connect(url)

    plan = plan_of(scenario("s", SharedIterations(1, 1)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        made = Engine(plan, connect, server.clock, Silence(), metrics_port=port)
        with pytest.raises(InvalidInput, match=f"--metrics-port {port} cannot be used"):
            await made.run(Interruption())
    assert asked == []


async def test_nothing_is_under_way_in_the_metrics_of_the_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[bytes] = []

    class Watched(PrometheusOutput):
        async def stop(self, linger: float) -> None:
            assert linger == 4.0
            pages.append(self.render("")[1])
            await super().stop(linger)

    monkeypatch.setattr(engine_module, "PrometheusOutput", Watched)
    executors: tuple[Executor, ...] = (ConstantVus(3, 2.0), ConstantArrivalRate(20, 2.0, 1, 5))
    plan = plan_of(*(scenario(f"s{n}", executor) for n, executor in enumerate(executors)))
    outcome = await run(plan, Server(FakeClock()), metrics_port=0, metrics_linger=4.0)
    (page,) = pages
    lines = [line for family in text_string_to_metric_families(page.decode()) for line in family.samples]
    assert [line.value for line in lines if line.name == "mcp_client_active_requests"] == [0, 0]
    iterations = sum(line.value for line in lines if line.name == "mcp_load_iterations_total")
    assert iterations == outcome.measured.finished > 0


@pytest.mark.parametrize(
    ("executor", "announced", "started", "ended", "phases"),
    [
        (ConstantArrivalRate(5.0, 9.0, 1, 1), (), False, False, {"hold": False}),
        (ConstantArrivalRate(5.0, 9.0, 1, 1), (), True, False, {"hold": True}),
        (ConstantArrivalRate(5.0, 9.0, 1, 1), (), True, True, {"hold": False}),
        (RampingVus((Stage(1, 5), Stage(9, 5))), (), True, False, {"ramp to 5": False, "hold 5": True}),
        (ConstantArrivalRate(5.0, 9.0, 1, 1), ("up", "stay"), True, False, {"up": False, "stay": True}),
        (ConstantArrivalRate(5.0, 9.0, 1, 1), ("up", "stay"), True, True, {"up": False, "stay": False}),
    ],
)
def test_one_phase_is_on_while_a_scenario_runs(
    executor: Executor, announced: tuple[str, ...], started: bool, ended: bool, phases: dict[str, bool]
) -> None:
    clock, only = FakeClock(), scenario("only", executor)
    target: Any = SimpleNamespace(protocol="2025-11-25")
    made = ScenarioRun(plan_of(only), only, target, Server(clock).connect, clock, lambda: False, None)
    if started:
        made._started = clock.now() - 2.0
    if ended:
        made._ended = clock.now()
    for phase in announced:
        made._announce(phase)
    assert made.phases_now == phases
