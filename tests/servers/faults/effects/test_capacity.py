import asyncio
import json
import math
import threading
from typing import Any

import pytest
from pydantic import ValidationError

from servers.faults.draw import Draws
from servers.faults.effects.capacity import Capacity, Line
from servers.faults.exchange import Exchange, Resettable
from servers.faults.server_facts import NOTHING_KNOWN
from servers.wire.call import Call
from tests.support.clock import FakeClock
from tests.support.faulty import NoSessions, ask, effect, faulty, rule, waited
from tests.support.raw_mcp import MODERN

CALL = Call("tools/call", "twice", MODERN, None, "modern", {"id": 1})


def erlang_c(workers: int, load: float) -> float:
    """How likely a request has to wait, with `load` = arrival rate x mean service time."""
    last = load**workers / math.factorial(workers) * workers / (workers - load)
    return last / (sum(load**k / math.factorial(k) for k in range(workers)) + last)


def p95_of_the_wait(workers: int, utilisation: float) -> float:
    """Of M/M/c with a mean service time of 1, by Erlang's formula."""
    load = workers * utilisation
    return max(0.0, math.log(erlang_c(workers, load) / 0.05) / (workers - load))


@pytest.mark.parametrize("workers", [1, 2, 4, 16])
@pytest.mark.parametrize("utilisation", [0.7, 0.8, 0.9])
def test_waits_are_those_of_m_m_c(workers: int, utilisation: float) -> None:
    arrivals, services = Draws(1, "arrivals", "t"), Draws(1, "services", "t")
    line = Line(workers, places=10**9)
    now, waits = 0.0, list[float]()
    for n in range(400_000):
        now += -math.log1p(-arrivals.draw(n)) / (workers * utilisation)
        service = -math.log1p(-services.draw(n))
        took = line.join(now, service)
        assert took is not None
        waits.append(took - service)
    waits.sort()
    assert waits[int(0.95 * len(waits))] == pytest.approx(p95_of_the_wait(workers, utilisation), rel=0.1, abs=0.02)


def test_first_come_is_first_served_by_whoever_is_free_first() -> None:
    line = Line(workers=2, places=10)
    assert line.join(0.0, 3.0) == 3.0
    assert line.join(0.0, 1.0) == 1.0
    assert line.join(0.5, 1.0) == 1.5  # from 1.0 to 2.0
    assert line.join(0.5, 5.0) == 6.5  # from 2.0 to 7.0
    assert line.waiting(0.5) == 2
    assert line.waiting(1.0) == 1
    assert line.waiting(2.0) == 0
    assert line.join(100.0, 1.0) == 1.0


def test_who_finds_no_place_is_turned_away_and_costs_no_time() -> None:
    line = Line(workers=1, places=1)
    assert line.join(0.0, 1.0) == 1.0
    assert line.join(0.0, 1.0) == 2.0
    assert line.join(0.5, 1.0) is None
    assert line.join(1.0, 1.0) == 2.0  # the one that waited is at work, so its place is free
    assert Line(workers=1, places=0).join(0.0, 1.0) == 1.0


async def serve(capacity: Any, clock: FakeClock, arrivals: list[float]) -> list[tuple[float, str | None]]:
    """When each request got out, counted from the beginning, and what it was told."""
    out: list[tuple[float, str | None]] = [(0.0, None)] * len(arrivals)

    async def one(n: int, at: float) -> None:
        await clock.sleep(at)
        exchange = Exchange(CALL, NOTHING_KNOWN, clock, NoSessions(), 7, 0.0, waited)
        exchange.begin("capacity", n)
        assert await capacity.act(exchange)
        out[n] = (clock.now() - clock.start, exchange.expected)

    async with asyncio.TaskGroup() as group:
        for n, at in enumerate(arrivals):
            group.create_task(one(n, at))
    return out


async def test_requests_share_one_line_and_the_surplus_is_shed() -> None:
    capacity = effect(capacity={"workers": 1, "queue": 2, "service": "1s", "shed": 429, "retry_after": "1s"})
    out = await serve(capacity, FakeClock(), [0.0, 0.1, 0.2, 0.3, 1.5])
    assert [round(at, 6) for at, _ in out] == [1.0, 2.0, 3.0, 0.3, 4.0]
    assert [expected for _, expected in out] == [None, None, None, "http_status", None]


async def test_a_reset_empties_the_line() -> None:
    capacity = effect(capacity={"workers": 1, "queue": 9, "service": "10s"})
    assert isinstance(capacity, Resettable)
    clock = FakeClock()
    await serve(capacity, clock, [0.0])
    clock.skip(-10.0)
    capacity.reset()
    clock.start = clock.now()
    assert await serve(capacity, clock, [0.0]) == [(10.0, None)]


def test_on_the_wire_requests_at_once_come_out_one_after_another_or_are_shed() -> None:
    settings = {"workers": 1, "queue": 1, "service": "150ms", "retry_after": "2s"}
    seen = []
    with faulty(rule(effect(capacity=settings))) as server:
        threads = [threading.Thread(target=lambda: seen.append(ask(server))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = server.records(3)
    by_status = sorted(seen, key=lambda reply: (reply.status, reply.seconds))
    assert [reply.status for reply in by_status] == [200, 200, 503]
    assert by_status[0].seconds == pytest.approx(0.15, abs=0.08)
    assert by_status[1].seconds == pytest.approx(0.3, abs=0.1)
    assert by_status[2].seconds < 0.1
    assert by_status[2].headers["retry-after"] == "2"
    assert sorted(str(record.expected) for record in records) == ["None", "None", "http_status"]
    assert all(record.counted for record in records)
    assert len(server.ran) == 2


def test_what_another_fault_has_answered_does_not_stand_in_line() -> None:
    capacity = effect(capacity={"workers": 1, "queue": 0, "service": "10s"})
    with faulty(rule(effect(http={"status": 500}), capacity)) as server:
        assert ask(server).status == 500
        assert [record.counted for record in server.records(2)] == [True, False]


def test_capacity_depends_on_what_else_goes_on() -> None:
    settings = Capacity.model_validate({"workers": 1, "queue": 1, "service": "1s"})
    assert settings.order_or_time
    assert settings.fault_type() == "capacity_queue"
    assert (settings.phase(), settings.expects(CALL)) == ("before", None)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"workers": 0, "queue": 1, "service": "1s"}, "greater than or equal to 1"),
        ({"workers": 1, "queue": -1, "service": "1s"}, "greater than or equal to 0"),
        ({"workers": 1, "queue": 1}, "Field required"),
        ({"workers": 1, "queue": 1, "service": "1s", "shed": 200}, "greater than or equal to 400"),
        ({"workers": 1, "queue": 1, "service": "1s", "shed": 500, "retry_after": 1}, "429 or 503 only"),
        ({"workers": 1, "queue": 1, "service": "1s", "place": 2}, "Extra inputs"),
    ],
    ids=json.dumps,
)
def test_settings_that_make_no_sense_are_refused_with_their_reason(settings: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        effect(capacity=settings)
