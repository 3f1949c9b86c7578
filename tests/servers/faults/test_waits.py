import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from servers.faults.exchange import ClientGone
from servers.faults.model import NO_FAULTS, Profile
from servers.faults.plane import Plane
from servers.faults.waits import Wait, Waits
from tests.support.clock import FakeClock

PROFILE = Profile(document={"version": 1, "rules": []})


async def meanwhile(waiting: Coroutine[Any, Any, None], clock: FakeClock, at: float, do: Callable[[], None]) -> float:
    """Let `do` happen after `at` seconds of `waiting`; how many seconds that took, all together."""

    async def later() -> None:
        await clock.sleep(at)
        do()

    async with asyncio.TaskGroup() as group:
        waiter = group.create_task(waiting)
        group.create_task(later())
        await waiter
        return clock.now() - clock.start


async def test_a_wait_takes_as_long_as_it_says_and_is_under_way_meanwhile() -> None:
    clock = FakeClock()
    waits = Waits(clock)
    with Wait(waits) as wait:
        await wait.sleep(2)
        await wait.hang(3)
        assert waits.under_way == {wait}
    assert waits.under_way == set()
    assert clock.now() - clock.start == 5


async def test_whoever_leaves_ends_each_wait_of_the_request() -> None:
    clock = FakeClock()
    with Wait(Waits(clock)) as wait:
        with pytest.raises(ExceptionGroup) as raised:
            await meanwhile(wait.sleep(60), clock, 1, wait.leave)
        assert raised.group_contains(ClientGone)
        for waiting in (wait.sleep(60), wait.hang(60), wait.until(asyncio.Event().wait)):
            with pytest.raises(ClientGone):
                await waiting
    assert clock.now() - clock.start == 1


@pytest.mark.parametrize("kind", ["sleep", "hang"])
async def test_a_stop_ends_every_wait_and_lets_none_begin(kind: str) -> None:
    clock = FakeClock()
    waits = Waits(clock)
    with Wait(waits) as wait:
        assert await meanwhile(getattr(wait, kind)(60), clock, 1, waits.close) == 1
        await wait.sleep(60)
        await wait.hang(60)
        await wait.until(asyncio.Event().wait)
    assert clock.now() - clock.start == 1


async def test_a_release_ends_what_hangs_and_no_delay() -> None:
    clock = FakeClock()
    waits = Waits(clock)
    with Wait(waits) as wait:
        assert await meanwhile(wait.sleep(5), clock, 1, waits.release) == 5
        assert wait.released
        await wait.hang(60)
        assert clock.now() - clock.start == 5
    with Wait(waits) as wait:
        assert await meanwhile(wait.hang(60), clock, 1, waits.release) == 6


def watched_plane(clock: FakeClock) -> tuple[Plane, Waits]:
    plane = Plane(NO_FAULTS, clock.now)
    waits = Waits(clock, lambda: plane.expires_in)
    plane.on_swap(waits.release)
    return plane, waits


async def test_what_hangs_is_let_go_when_its_profile_ends_by_itself() -> None:
    clock = FakeClock()
    plane, waits = watched_plane(clock)
    plane.swap(PROFILE, ttl=7)
    with Wait(waits) as wait:
        await wait.hang(60)
        assert wait.released
    assert (clock.now() - clock.start, plane.profile) == (7, NO_FAULTS)


async def test_what_hangs_goes_on_for_as_long_as_its_profile_is_put_in_place_again() -> None:
    clock = FakeClock()
    plane, waits = watched_plane(clock)
    plane.swap(PROFILE, ttl=7)
    with Wait(waits) as wait:
        assert await meanwhile(wait.hang(60), clock, 5, lambda: plane.swap(PROFILE, ttl=7)) == 12
        assert wait.released
    plane.swap(PROFILE, ttl=100)
    with Wait(waits) as wait:
        await wait.hang(60)
        assert not wait.released
