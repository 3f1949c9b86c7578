import json
from typing import Any

import pytest
from pydantic import ValidationError

from servers.faults.effects.latency import Latency
from servers.faults.exchange import Exchange
from servers.faults.server_facts import NOTHING_KNOWN
from servers.wire.call import Call
from tests.support.clock import FakeClock
from tests.support.faulty import (
    NoSessions,
    PlainClient,
    ask,
    effect,
    faulty,
    leave_in_vain,
    rule,
    waited,
)
from tests.support.raw_mcp import MODERN

CALL = Call("tools/call", "twice", MODERN, None, "modern", {"id": 1})


def exchange_on(clock: FakeClock, n: int = 1, elapsed: float = 0.0) -> Exchange:
    exchange = Exchange(CALL, NOTHING_KNOWN, clock, NoSessions(), 7, elapsed, waited)
    exchange.begin("slow", n)
    return exchange


SETTINGS: dict[str, Any] = {
    "fixed": "80ms",
    "uniform": {"distribution": "uniform", "from": "10ms", "to": "20ms"},
    "normal": {"distribution": "normal", "mean": "50ms", "sd": "10ms"},
    "lognormal": {"distribution": "lognormal", "p50": "80ms", "p99": "900ms"},
    "exponential": {"distribution": "exponential", "mean": "50ms"},
    "pareto": {"distribution": "pareto", "min": "10ms", "alpha": 1.5, "cap": "1s"},
    "mixture": {"distribution": "mixture", "parts": [{"weight": 9, "of": "1ms"}, {"weight": 1, "of": "1s"}]},
    "empirical": {"distribution": "empirical", "percentiles": {50: "10ms", 99: "90ms"}},
    "ramp": {"distribution": "ramp", "from": "10ms", "to": "20ms", "over": "10s"},
}


@pytest.mark.parametrize("name", SETTINGS)
async def test_a_call_is_held_for_what_the_distribution_draws(name: str) -> None:
    latency = effect(latency=SETTINGS[name])
    assert isinstance(latency, Latency)
    assert latency.fault_type() == f"latency_{name}"
    assert (latency.phase(), latency.expects(CALL)) == ("before", None)
    for n in range(1, 20):
        clock = FakeClock()
        exchange = exchange_on(clock, n, elapsed=5.0)
        assert await latency.act(exchange)
        drawn = latency.of.seconds(exchange.draw("latency"), 5.0)
        assert exchange.planned == drawn > 0
        assert clock.now() - clock.start == pytest.approx(drawn)


async def test_the_same_calls_have_the_same_delays_in_any_order() -> None:
    latency = effect(latency=SETTINGS["lognormal"])

    async def planned(n: int) -> float:
        exchange = exchange_on(FakeClock(), n)
        await latency.act(exchange)
        return exchange.planned

    forwards = {n: await planned(n) for n in range(30)}
    backwards = {n: await planned(n) for n in reversed(range(30))}
    assert forwards == backwards
    assert len(set(forwards.values())) == 30


async def test_no_delay_is_no_fault() -> None:
    exchange = exchange_on(FakeClock())
    assert not await effect(latency=0).act(exchange)


def test_only_a_ramp_depends_on_more_than_the_draw() -> None:
    depending = [name for name, settings in SETTINGS.items() if Latency.model_validate(settings).order_or_time]
    assert depending == ["ramp"]


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_reply_comes_that_much_later_with_the_delay_in_the_journal(phase: str) -> None:
    with faulty(rule(effect(latency={"distribution": "fixed", "delay": "100ms", "phase": phase}))) as server:
        seen = ask(server)
        record = server.record()
    assert seen.message["result"]["structuredContent"] == {"twice": 42}
    assert seen.seconds > 0.099
    assert (record.effect, record.phase, record.counted, record.executed) == ("latency_fixed", phase, True, True)
    assert record.planned_delay == 0.1
    assert record.achieved_delay is not None
    assert 0.099 < record.achieved_delay <= seen.seconds
    assert record.expected is None


def test_delays_of_several_rules_add_up() -> None:
    slow = [rule(effect(latency="50ms"), name=name) for name in ("first", "second")]
    with faulty(*slow) as server:
        assert ask(server).seconds > 0.098
        assert [record.rule for record in server.records(2)] == ["first", "second"]


def test_a_client_that_leaves_during_the_delay_had_a_time_out() -> None:
    with faulty(rule(effect(latency="5s"))) as server:
        assert leave_in_vain(server).ended == "silent"
        record = server.record()
    assert (record.counted, record.client_gone, record.expected) == (True, True, "timeout")
    assert record.planned_delay == 5
    assert 0.05 < record.achieved_delay < 5


def test_a_stop_of_the_server_ends_a_delay_and_the_call_is_answered() -> None:
    with faulty(rule(effect(latency="30s"))) as server, PlainClient(server.port) as client:
        assert client.wait_in_vain(server).ended == "silent"
        server.stop()
        seen = client.read()
    assert seen.message["result"]["structuredContent"] == {"twice": 42}
    assert server.ran == [21]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("soon", "should be a duration"),
        ({"p50": "80ms"}, "should have a distribution, one of fixed"),
        ({"distribution": "lognormal", "p50": "80ms"}, "p50 and p99"),
        ({"distribution": "fixed", "delay": "1s", "phase": "while"}, "'before' or 'after'"),
        ({"distribution": "fixed", "dely": "1s"}, "Field required"),
    ],
    ids=json.dumps,
)
def test_settings_that_make_no_sense_are_refused_with_their_reason(settings: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        effect(latency=settings)
