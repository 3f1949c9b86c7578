"""Every bundled plan at full length on a clock that stands still: how many users, or arrivals, there are when."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from loadgen.client.transport import Request, Sink, Timings
from loadgen.engine import Engine
from loadgen.executors.breaking_point import BreakingPointSearch
from loadgen.executors.open import ConstantArrivalRate
from loadgen.interruption import Interruption
from loadgen.options.run import RunOptions
from loadgen.outcome import Failure
from loadgen.outputs.console import Silence
from loadgen.pacing import ConstantPace, RampingPace, Stage
from loadgen.plan import Scenario
from loadgen.plan_file import load_suite
from loadgen.result import RunResult
from tests.support.clock import FakeClock
from tests.support.http_server import result
from tests.support.minimal_mcp import answer
from tests.support.served_users import ServedPool, above
from tests.support.users import OK, SlowPool

MINUTE = 60
JUST_AFTER = 0.001


def the_only(name: str, **changes: Any) -> Scenario:
    (scenario,) = load_suite(name).scenarios(1, "run", **changes)
    return scenario


async def observed(pool: SlowPool, scenario: Scenario, moments: list[float]) -> list[tuple[int, int]]:
    """Run it; at each moment the users that it should have at work, and those that make a call."""
    seen = []

    async def look() -> None:
        for moment in moments:
            await pool.clock.sleep(pool.clock.start + moment - pool.clock.now())
            seen.append((pool.tally.vus, sum(user.busy for user in pool.users.values())))

    async with asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        await scenario.executor.run(pool.floor)
        looking.cancel()
    pool.check()
    return seen


def minutes(count: int) -> list[float]:
    return [minute * MINUTE + JUST_AFTER for minute in range(count)]


async def test_quick_has_ten_users_for_half_a_minute() -> None:
    pool = SlowPool(FakeClock(), 1.0)
    seen = await observed(pool, the_only("quick"), [0.5, 15.5, 29.5])
    assert seen == [(10, 10)] * 3
    assert (pool.clock.now() - pool.clock.start, len(pool.finished)) == (30, 300)


async def test_load_has_these_users_at_each_minute() -> None:
    pool = SlowPool(FakeClock(), 5.0)
    seen = await observed(pool, the_only("load"), [*minutes(13), 12.5 * MINUTE + JUST_AFTER, 13 * MINUTE - JUST_AFTER])
    assert [vus for vus, _ in seen] == [0, *[50] * 6, *[100] * 6, 50, 1]
    assert seen[:13] == [(vus, vus) for vus, _ in seen[:13]]
    assert len(pool.users) == 100
    assert 13 * MINUTE <= pool.clock.now() - pool.clock.start <= 13 * MINUTE + 5
    user_seconds = 25 * 60 + 50 * 300 + 75 * 60 + 100 * 300 + 50 * 60
    assert len(pool.finished) == pytest.approx(user_seconds / 5, rel=0.01)
    assert not pool.unfinished


async def test_spike_has_two_hundred_users_in_every_other_minute() -> None:
    pool = SlowPool(FakeClock(), 5.0)
    seen = await observed(pool, the_only("spike"), sorted([*minutes(12), *(at + 59.99 for at in minutes(12))]))
    assert [vus for vus, _ in seen[::2]] == [10, 10, *[200, 10] * 5]
    assert seen[1::2] == [(vus, vus) for vus in (10, 10, *[200, 10] * 5)]
    assert len(pool.users) == 200
    assert not pool.unfinished


async def test_endurance_has_fifty_users_for_two_hours() -> None:
    pool = SlowPool(FakeClock(), 20.0)
    seen = await observed(pool, the_only("endurance"), minutes(130))
    ramp = [0, 10, 20, 30, 40]
    assert [vus for vus, _ in seen] == [*ramp, *[50] * 121, *reversed(ramp[1:])]
    assert seen[:126] == [(vus, vus) for vus, _ in seen[:126]]
    assert 130 * MINUTE <= pool.clock.now() - pool.clock.start <= 130 * MINUTE + 20


async def test_stress_without_a_break_has_a_ramp_and_a_hold_at_each_level() -> None:
    pool = ServedPool(FakeClock(), model=lambda _: (5.0, OK))
    drained = 5 * MINUTE + 5  # after each level the calls under way come to their end
    moments = [level * drained + at + JUST_AFTER for level in range(4) for at in (60, 121, 180, 240, 299)]
    seen = await observed(pool, the_only("stress"), moments)
    levels = [0, 100, 200, 400, 800]
    assert seen == [(vus, vus) for low, high in pairwise(levels) for vus in ((low + high) // 2, high, high, high, high)]
    assert [(name, round(at)) for name, at in pool.announced] == [
        (name, number * drained + at)
        for number, level in enumerate(levels[1:])
        for name, at in ((f"ramp to {level}", 0), (f"hold {level}", 120))
    ]
    assert pool.point.sentence == "no breaking point up to 800 VUs"
    assert pool.point.value == 800
    assert len(pool.found) == 1


async def test_stress_that_breaks_is_bisected_with_probes_of_a_minute_to_ten_per_cent() -> None:
    pool = ServedPool(FakeClock(), model=above(440, (30.0, OK)))
    pool.model = lambda in_flight: (30.0 if in_flight > 440 else 5.0, OK)
    await the_only("stress").executor.run(pool.floor)
    pool.check()
    steps = [
        (name.split()[-1], at) for name, at in pool.announced if not name.startswith(("hold", "probe", "recovery a"))
    ]
    assert [load for load, _ in steps] == ["100", "200", "400", "800", "600", "500", "450", "425", "100"]
    probes = [later - at for (_, at), (_, later) in pairwise(steps[4:])]
    assert probes == [pytest.approx(MINUTE, abs=5.01)] * 4
    assert pool.clock.now() - pool.clock.start - steps[-1][1] == pytest.approx(MINUTE, abs=5.01)
    assert pool.point.value == 425
    assert pool.point.sentence.startswith("the breaking point lies between 425 and 450 VUs: p95 was 30")
    assert pool.mode == "graceful: slower, but without errors, and it recovered when the load fell"


async def test_find_capacity_has_these_arrivals_at_each_level() -> None:
    search = the_only("stress", arrival_rates=True).executor
    assert isinstance(search, BreakingPointSearch)
    levels = (0, 250, 500, 1000, 2000, 4000)
    assert list(search.levels) == list(levels[1:])
    paces = [RampingPace(low, (Stage(search.ramp, high), Stage(search.hold, high))) for low, high in pairwise(levels)]
    assert [pace.total for pace in paces] == [60_000, 135_000, 270_000, 540_000, 1_080_000]

    scaled = the_only("stress", arrival_rates=True, scale=0.01)
    pool = ServedPool(FakeClock(), model=lambda _: (0.02, OK))
    await scaled.executor.run(pool.floor)
    pool.check()
    assert pool.tally.due == sum(pace.total for pace in paces) / 100
    assert pool.dropped == 0
    holds = [(name, at) for name, at in pool.announced if name.startswith("hold")]
    arrivals = [sum(at <= made.due < at + 1 for made in pool.made) for _, at in holds]
    assert arrivals == [pytest.approx(rate, abs=1) for rate in levels[1:]]
    assert pool.point.sentence == "no breaking point up to 4,000 iterations/s"


@pytest.mark.parametrize(("number", "rate"), [(0, 1000), (1, 5000), (2, 10_000)])
async def test_targets_has_these_arrivals_in_each_second_and_none_is_dropped(number: int, rate: int) -> None:
    executor = load_suite("targets").scenarios(1, "run")[number].executor
    assert isinstance(executor, ConstantArrivalRate)
    pace = ConstantPace(executor.rate, executor.duration)
    assert pace.total == MINUTE * rate
    assert [pace.due_at(second * rate) for second in range(61)] == list(range(61))

    pool = SlowPool(FakeClock(), 0.02)
    await load_suite("targets").scenarios(1, "run", scale=0.01)[number].executor.run(pool.floor)
    pool.check()
    tenths = Counter(int(made.due * 10 + 1e-6) for made in pool.made)
    assert tenths == dict.fromkeys(range(6), rate // 10)
    assert (pool.dropped, len(pool.finished)) == (0, rate * 6 // 10)


async def test_targets_makes_all_60_000_arrivals_of_create() -> None:
    pool = SlowPool(FakeClock(), 0.1)
    await load_suite("targets").scenarios(1, "run")[0].executor.run(pool.floor)
    pool.check()
    seconds = Counter(int(made.due + 1e-6) for made in pool.made)
    assert seconds == dict.fromkeys(range(60), 1000)
    assert pool.dropped == 0


class Wire:
    """A transport without a wire, to a calculator that takes `seconds` for each call."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self.timings = Timings()
        self._clock = clock
        self._seconds = seconds

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:  # noqa: ARG002 - never late
        message: Mapping[str, Any] = json.loads(request.body or b"{}")
        method = message.get("method")
        if method in {"tools/call", "ping"}:
            await self._clock.sleep(self._seconds if method == "tools/call" else self._seconds / 2)
        is_asked = "id" in message
        sink.head(200 if is_asked else 202, {b"content-type": b"application/json", b"mcp-session-id": b"s"})
        if is_asked:
            sink.feed(result(message["id"], answer(message["method"], dict(message.get("params", {})))))
        return None

    async def settle(self) -> None:
        pass

    async def close(self) -> None:
        pass


async def measured(name: str, seconds: float) -> RunResult:
    """The whole plan, run by the engine as the command runs it."""
    clock = FakeClock()
    options = RunOptions.model_validate({"url": "http://127.0.0.1:1/mcp", "seed": 1})
    plan = options.plan_of(load_suite(name), [name])
    outcome = await Engine(plan, lambda _: Wire(clock, seconds), clock, Silence()).run(Interruption())
    measured = outcome.measured
    assert measured.due == measured.ok + measured.failed + measured.unfinished + measured.dropped
    assert sum(point.calls for point in outcome.points) == measured.calls
    return outcome


async def test_the_engine_runs_load_for_thirteen_minutes_with_a_line_for_each_second() -> None:
    outcome = await measured("load", 5.0)
    assert outcome.seconds == pytest.approx(13 * MINUTE, abs=5)
    a_second_later = {round(point.at) - 1: point.vus for point in outcome.points}
    assert [a_second_later[minute * MINUTE] for minute in range(14)] == [0, *[50] * 6, *[100] * 5, 99, 0]
    assert [(phase.name, phase.start, phase.end) for phase in outcome.phases] == [
        ("ramp to 50", 0, 60),
        ("hold 50", 60, 360),
        ("ramp to 100", 360, 420),
        ("hold 100", 420, 720),
        ("ramp to 0", 720, 780),
    ]
    missed = [f"{each.threshold.metric_text}: {each.threshold}" for each in outcome.verdicts if each.status != "pass"]
    assert missed[0] == "http_req_duration: p(95)<100"
    assert len(outcome.verdicts) == 10 + 4  # one for each operation
    assert outcome.measured.sessions is not None
    assert outcome.measured.sessions.opened == 100


async def test_the_engine_runs_benchmark_one_operation_after_the_other_then_sessions() -> None:
    outcome = await measured("benchmark", 0.5)
    tools, numbers = ("add", "subtract", "multiply", "divide"), ("small", "large", "decimals", "negatives")
    names = [f"operation-{tool}-{drawn}" for tool in tools for drawn in numbers]
    assert [each.name for each in outcome.scenarios] == [*names, "sessions"]
    starts = [each.start for each in outcome.scenarios]
    assert starts == pytest.approx([18.0 * number for number in range(17)])
    assert [each.measured.calls for each in outcome.scenarios] == [36] * 16 + [24]
    opened = [each.measured.sessions.opened for each in outcome.scenarios if each.measured.sessions]
    assert opened == [1] * 16 + [24]
    assert {point.vus for point in outcome.points[:-1]} == {1}
    assert outcome.passed
    assert outcome.findings[0].value == pytest.approx(250, rel=0.01)
    assert "more than ping at the median" in outcome.findings[0].sentence
