import asyncio

import pytest

from loadgen.executors.crew import Crew
from tests.support.clock import FakeClock
from tests.support.users import SlowPool


@pytest.mark.parametrize("vus", [0, 1])
async def test_an_iteration_that_was_handed_out_but_not_begun_is_accounted_for(vus: int) -> None:
    pool = SlowPool(FakeClock(), 1.0)
    async with asyncio.TaskGroup() as group:
        crew = Crew(group, pool.floor, vus, 1)
        await asyncio.sleep(0)  # whoever is there is parked
        assert crew.hand(pool.tally.issue(), pool.clock.start)
        crew.tasks[0].cancel()
    assert pool.made == []
    crew.abandon()
    crew.abandon()
    assert [(made.n, made.began) for made in pool.made] == [(1, None)]
    pool.check()


async def test_nobody_is_free_when_all_are_busy() -> None:
    pool = SlowPool(FakeClock(), 1.0)
    async with asyncio.TaskGroup() as group:
        crew = Crew(group, pool.floor, 1, 2)
        assert [crew.hand(n, pool.clock.start) for n in (1, 2, 3)] == [True, True, False]
        crew.dismiss()
    assert [(made.user, made.ended) for made in pool.made] == [(0, 1), (1, 1)]
    assert pool.tally.vus == 0
