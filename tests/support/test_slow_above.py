import asyncio

import pytest

from loadgen.analysis.search import Done, Level, next_step
from tests.support.clock import FakeClock
from tests.support.raw_mcp import HANDSHAKE, RawClient
from tests.support.slow_above import SlowAbove, slow_above

PAUSE = 0.001
"""Seconds that a user takes between two calls."""


async def hold(capacity: int, users: int, seconds: float = 10.0) -> Level:
    """So many users call one after another; what they measured."""
    clock = FakeClock()
    model = SlowAbove(capacity, clock)
    taken: list[float] = []
    end = clock.now() + seconds

    async def use(n: int) -> None:
        await clock.sleep(PAUSE * n / users)
        while (began := clock.now()) < end:
            await model.work()
            taken.append(clock.now() - began)
            await clock.sleep(PAUSE)

    async with asyncio.TaskGroup() as group:
        for n in range(users):
            group.create_task(use(n))
    assert model.in_flight == 0
    p95_ms = sorted(taken)[int(0.95 * len(taken))] * 1000
    return Level(users, len(taken), 0, seconds, p95_ms, len(taken) / seconds)


async def test_up_to_its_capacity_it_is_quick_and_with_one_user_more_it_is_slow() -> None:
    quick, slow = await hold(40, 40), await hold(40, 41)
    assert quick.p95_ms == pytest.approx(50)
    assert quick.rate == pytest.approx(40 / 0.051, rel=0.02)
    assert slow.p95_ms == pytest.approx(500)
    assert slow.rate == pytest.approx(41 / 0.501, rel=0.1)


@pytest.mark.parametrize("capacity", [12, 25, 57, 79])
async def test_the_breaking_point_search_finds_its_capacity_within_a_tenth(capacity: int) -> None:
    history: list[Level] = []
    while not isinstance(step := next_step((10, 20, 40, 80), history), Done):
        history.append(await hold(capacity, int(step.load), seconds=2.0))
    assert step.point.last_good is not None
    assert step.point.first_broken is not None
    assert step.point.last_good <= capacity < step.point.first_broken
    assert step.point.criterion == "p95"
    assert step.point.first_broken - step.point.last_good < max(1.1, 0.1 * step.point.last_good)


def test_on_the_wire_it_calculates() -> None:
    with slow_above(2, fast_seconds=0.001) as url:
        client = RawClient(url, HANDSHAKE)
        tools = client.post("tools/list").message["result"]["tools"]
        assert [tool["name"] for tool in tools] == ["add", "subtract", "multiply", "divide"]
        assert client.call("divide", {"a": 7, "b": 2}).message["result"]["structuredContent"] == {"result": 3.5}
        assert client.call("divide", {"a": 7, "b": 0}).refusal == "division by zero"
        assert client.post("ping").message["result"] == {}
