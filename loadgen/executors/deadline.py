"""The second of two nested deadlines: after the first, nothing is begun; after this one, what still runs is stopped."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from ..clock import Clock

GRACEFUL_STOP = 30.0
"""Seconds that calls under way get, unless a scenario says otherwise."""
LONGEST_NAP = 0.1
"""Seconds after which anything that waits looks again whether the run is stopping."""


async def together(workers: Iterable[Coroutine[Any, Any, None]], clock: Clock, deadline: float) -> None:
    """Run all workers to their end, or to `deadline`, when they are cancelled."""
    async with asyncio.TaskGroup() as supervision:
        tasks: list[asyncio.Task[None]] = []
        killer = supervision.create_task(kill(tasks, clock, deadline))
        async with asyncio.TaskGroup() as group:
            tasks += [group.create_task(worker) for worker in workers]
        killer.cancel()


async def kill(tasks: Iterable[asyncio.Task[None]], clock: Clock, deadline: float) -> None:
    """Cancel `tasks`, as they are by then, at `deadline`; at infinity, never."""
    if deadline < float("inf"):
        await clock.sleep(max(0.0, deadline - clock.now()))
        for task in tasks:
            task.cancel()
