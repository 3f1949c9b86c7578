"""The search on a fake clock, against modelled servers whose breaking point is known."""

import asyncio
from typing import Any

import pytest

from formats.errors import InvalidInput
from loadgen.executors.breaking_point import BreakingPointSearch
from loadgen.finding import Finding
from loadgen.outcome import Connect, HttpStatus, Timeout
from tests.support.clock import FakeClock
from tests.support.served_users import FAST, Model, Reply, ServedPool, above
from tests.support.users import OK, cancelled_at

BUSY = HttpStatus("status 503", 503)


async def searched(model: Model, **settings: Any) -> ServedPool:
    pool = ServedPool(FakeClock(), model=model)
    given = {"levels": (10, 20, 40, 80), "ramp": 20, "hold": 30, "probe": 20, "recovery": 20, **settings}
    await BreakingPointSearch(**given).run(pool.floor)
    pool.check()
    return pool


SLOW, REFUSED, SILENT, SLUGGISH = (6 * FAST, OK), (FAST, BUSY), (FAST, Timeout("no reply", "total")), (3 * FAST, OK)


@pytest.mark.parametrize(
    ("then", "criterion"),
    [
        (SLOW, " ms (limit 5 x the 100"),
        (REFUSED, "of the calls failed (limit 1.00%)"),
        (SLUGGISH, "calls/s (limit 20% below the best, "),
    ],
)
@pytest.mark.parametrize("capacity", [25, 33, 39])
async def test_the_known_concurrency_is_found_within_ten_per_cent(capacity: int, then: Reply, criterion: str) -> None:
    pool = await searched(above(capacity, then))
    assert pool.point.unit == "VUs"
    assert pool.point.value is not None
    assert capacity / 1.1 < pool.point.value <= capacity
    assert criterion in pool.point.sentence
    low, _, high = pool.point.sentence.removeprefix("the breaking point lies between ").partition(":")[0].split()[:3]
    assert int(low) == pool.point.value <= capacity < int(high)
    assert (int(high) - int(low)) / int(low) < 0.1


async def test_levels_come_with_ramps_and_holds_then_probes_then_the_recovery() -> None:
    pool = await searched(above(33, SLOW), graceful_stop=0)
    assert [(name, round(at)) for name, at in pool.announced] == [
        ("ramp to 10", 0), ("hold 10", 20),
        ("ramp to 20", 50), ("hold 20", 70),
        ("ramp to 40", 100), ("hold 40", 120),
        ("settle at 30", 150), ("probe 30", 155),
        ("ramp to 35", 170), ("probe 35", 175),
        ("settle at 32", 190), ("probe 32", 195),
        ("settle at 10", 210), ("recovery at 10", 220),
    ]  # fmt: skip


async def test_a_server_that_holds_every_level_has_no_breaking_point() -> None:
    pool = await searched(lambda _: (FAST, OK), graceful_stop=0)
    assert pool.found == [Finding("breaking point", "no breaking point up to 80 VUs", 80, "VUs")]
    assert pool.clock.now() - pool.clock.start == 4 * 50


@pytest.mark.parametrize(
    ("then", "mode"),
    [
        (SLOW, "graceful: slower, but without errors, and it recovered when the load fell"),
        (SILENT, "catastrophic: 0 of "),
        ((FAST, Connect("refused")), "catastrophic: 0 of "),
        (REFUSED, "graceful: "),
    ],
)
async def test_how_it_failed_is_told_from_the_errors_and_the_recovery(then: Reply, mode: str) -> None:
    pool = await searched(above(33, then))
    assert pool.mode.startswith(mode)
    assert pool.mode.endswith("and it recovered when the load fell")


async def test_a_server_that_stays_broken_failed_catastrophically() -> None:
    broken = False

    def breaks(in_flight: int) -> Reply:
        nonlocal broken
        broken = broken or in_flight > 80
        return REFUSED if broken else (FAST, OK)

    pool = await searched(breaks, levels=(60, 100))
    assert pool.mode.startswith("catastrophic: ")
    assert pool.mode.endswith("and it did not recover when the load fell")


async def test_calls_that_are_given_up_while_the_load_falls_are_no_failures_of_the_server() -> None:
    pool = await searched(above(33, (8 * FAST, OK)), graceful_stop=1, recovery=20)
    assert pool.unfinished
    assert pool.mode == "graceful: slower, but without errors, and it recovered when the load fell"
    assert pool.point.value is not None
    assert 30 <= pool.point.value <= 33


async def test_a_server_that_breaks_under_any_load_is_not_asked_whether_it_recovers() -> None:
    pool = await searched(lambda _: REFUSED)
    assert pool.point.value == 0
    assert pool.point.sentence.startswith("broken at 1 VU already, the lowest load measured: 100.00% of the calls")
    assert pool.mode.endswith("and nobody watched whether it recovered")
    assert not any(name.startswith("recovery") for name, _ in pool.announced)


async def test_a_server_that_answers_nothing_breaks_by_that() -> None:
    pool = await searched(above(33, (1e6, OK)))
    assert "no call ended in" in pool.point.sentence
    assert pool.point.value is not None
    assert 30 <= pool.point.value <= 33


class Queue:
    """A server that works off `rate` calls a second, one after the other."""

    def __init__(self, rate: float) -> None:
        self.pool: ServedPool | None = None
        self._each = 1 / rate
        self._free = 0.0

    def __call__(self, in_flight: int) -> Reply:  # noqa: ARG002 - the queue tells
        assert self.pool is not None
        now = self.pool.clock.now()
        self._free = max(now, self._free) + self._each
        return self._free - now + 0.02, OK


@pytest.mark.parametrize("capacity", [23.0, 33.0])
async def test_the_known_arrival_rate_is_found_within_ten_per_cent(capacity: float) -> None:
    queue = Queue(capacity)
    pool = queue.pool = ServedPool(FakeClock(), model=queue)
    await BreakingPointSearch((10, 20, 40), "rate", ramp=10, hold=20, probe=20, recovery=20).run(pool.floor)
    pool.check()
    assert pool.point.unit == "iterations/s"
    assert pool.point.value is not None
    assert capacity / 1.1 < pool.point.value <= capacity
    assert pool.mode.endswith("and it recovered when the load fell")


async def test_iterations_that_find_no_free_user_are_failures() -> None:
    pool = await searched(above(39, (40 * FAST, OK)), of="rate", levels=(10, 20, 40))
    assert pool.dropped
    assert "of the calls failed" in pool.point.sentence or "p95 was" in pool.point.sentence


@pytest.mark.parametrize("of", ["vus", "rate"])
@pytest.mark.parametrize("seconds", [3, 37, 130, 190])
async def test_stopped_in_the_middle_it_begins_no_more_and_forgets_no_call(of: str, seconds: float) -> None:
    pool = ServedPool(FakeClock(), model=above(33, SLOW))
    pool.stopping = lambda: pool.clock.now() - pool.clock.start >= seconds
    await BreakingPointSearch((10, 20, 40), of, ramp=20, hold=30, probe=20, recovery=20).run(pool.floor)  # type: ignore[arg-type]  # by row
    pool.check()
    assert max(made.due for made in pool.made) <= seconds
    assert pool.clock.now() - pool.clock.start <= seconds + 6.1
    assert pool.found == []


async def test_stopped_while_it_looks_for_the_recovery_it_says_what_it_found() -> None:
    pool = ServedPool(FakeClock(), model=above(33, SLOW))
    pool.stopping = lambda: any(name.startswith("recovery") for name, _ in pool.announced)
    await BreakingPointSearch((10, 20, 40), ramp=20, hold=30, probe=20, recovery=20).run(pool.floor)
    pool.check()
    assert pool.point.value == 32
    assert pool.mode.endswith("and nobody watched whether it recovered")


@pytest.mark.parametrize("of", ["vus", "rate"])
async def test_cancelled_it_forgets_no_call(of: str) -> None:
    pool = ServedPool(FakeClock(), model=above(33, SLOW))
    search = BreakingPointSearch((10, 20, 40), of, ramp=20, hold=30, probe=20, recovery=20)  # type: ignore[arg-type]  # by row
    await cancelled_at(pool, asyncio.create_task(search.run(pool.floor)), 47.7)
    assert pool.unfinished
    pool.check()


async def test_without_a_ramp_the_load_jumps() -> None:
    pool = await searched(above(33, SLOW), ramp=0, graceful_stop=0, levels=(10, 20))
    assert [(name, round(at)) for name, at in pool.announced] == [("hold 10", 0), ("hold 20", 30)]


def test_it_describes_itself() -> None:
    search = BreakingPointSearch((100, 200, 1600))
    assert str(search) == "search for the breaking point at 100, 200, 1,600 virtual users, 3m each"
    assert (search.vus, search.max_vus, search.duration, search.rate_at(0)) == (0, 1600, 960, None)
    assert (search.phases, search.progress(0, 480), search.progress(0, 5000)) == ((), 0.5, 0.99)
    rates = BreakingPointSearch((2.5, 100), "rate")
    assert str(rates) == "search for the breaking point at 2.5, 100 calls per second, 3m each"
    assert (rates.max_vus, rates.rate_at(0), rates.rate_at(1)) == (200, 0.0, None)


def test_settings_that_cannot_be_used_are_named_all_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        BreakingPointSearch((20.5, 10), ramp=-1, hold=0, probe=0, recovery=0, graceful_stop=-1)
    assert raised.value.problems == (
        "levels should rise",
        "levels should be whole numbers of virtual users",
        "ramp should be a duration of zero or more seconds, got -1",
        "hold should be more than 0, got 0",
        "probe should be more than 0, got 0",
        "recovery should be more than 0, got 0",
        "graceful_stop should be 0 or more, got -1",
    )
    with pytest.raises(InvalidInput, match="levels should have at least one level"):
        BreakingPointSearch(())
    with pytest.raises(InvalidInput, match="a level should be more than 0, got 0"):
        BreakingPointSearch((0, 10))
