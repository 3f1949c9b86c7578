import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from pydantic import ValidationError

from servers.faults.effects.capacity import Capacity
from servers.faults.exchange import ClientGone, Exchange, Resettable
from servers.faults.server_facts import NOTHING_KNOWN
from servers.wire.call import Call
from tests.support.clock import FakeClock
from tests.support.control import eventually
from tests.support.faulty import (
    NoSessions,
    PlainClient,
    ask,
    effect,
    faulty,
    rule,
    waited,
)
from tests.support.raw_mcp import MODERN

CALL = Call("tools/call", "twice", MODERN, None, "modern", {"id": 1})


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


async def test_who_leaves_the_line_or_its_worker_makes_room_for_those_behind() -> None:
    capacity = effect(capacity={"workers": 1, "queue": 3, "service": "10s"})
    clock = FakeClock()

    async def use(n: int, patience: float) -> tuple[float, float]:
        """When the request got out, and after how long it was to."""

        async def wait(event: Callable[[], Awaitable[object]]) -> None:
            async with asyncio.TaskGroup() as group:
                happens = group.create_task(_done(event))
                leaves = group.create_task(clock.sleep(patience))
                await asyncio.wait((happens, leaves), return_when=asyncio.FIRST_COMPLETED)
                gone = not happens.done()
                happens.cancel()
                leaves.cancel()
            if gone:
                raise ClientGone

        exchange = Exchange(CALL, NOTHING_KNOWN, clock, NoSessions(), 7, 0.0, wait)
        exchange.begin("capacity", n)
        with suppress(ClientGone):
            await capacity.act(exchange)
        return clock.now() - clock.start, exchange.planned

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(use(n, patience)) for n, patience in enumerate((4.0, 60.0, 5.0, 60.0))]
    # The first leaves its worker after 4 s, the third its place after 5 s: the second is done at 14, the fourth at 24.
    assert [task.result() for task in tasks] == [(4.0, 10.0), (14.0, 14.0), (5.0, 15.0), (24.0, 24.0)]


async def _done(event: Callable[[], Awaitable[object]]) -> None:
    await event()


def test_on_the_wire_a_client_that_leaves_frees_its_worker() -> None:
    with faulty(rule(effect(capacity={"workers": 1, "queue": 0, "service": "60s"}))) as server:
        with PlainClient(server.port) as client:
            assert client.wait_in_vain(server).ended == "silent"
            assert ask(server).status == 503
        eventually(lambda: ask(server, within=0.5).ended, "silent")
        assert any(record.client_gone and record.expected == "timeout" for record in server.records(2))


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
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        records = server.records(3)
    by_status = sorted(seen, key=lambda reply: (reply.status, reply.seconds))
    assert [reply.status for reply in by_status] == [200, 200, 503]
    assert by_status[0].seconds > 0.149
    assert took > 0.299, "one after another"
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
