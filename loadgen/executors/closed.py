"""The closed model: each virtual user makes its next call when it has the reply to the last one."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from formats.durations import format_duration

from ..clock import Clock
from ..outcome import Connect, Tls
from ..plan import User

_PAUSE_WITHOUT_CONNECTION = 0.1
"""Seconds that a user of `ConstantVus` waits after a call that got no connection: a dead server answers such calls at
once, and the rest of the duration would be a busy loop."""
_NO_CONNECTION = (Connect, Tls)


@dataclass(frozen=True, slots=True)
class SharedIterations:
    """`total` calls, shared among the users: whoever is free makes the next one."""

    vus: int
    total: int

    def __str__(self) -> str:
        return f"{self.total:,} calls by {_users(self.vus)}"

    def progress(self, calls: int, seconds: float) -> float:  # noqa: ARG002 - the executor decides which one counts
        """The share of the run that is over, from 0 to 1, after `calls` and `seconds`."""
        return calls / self.total

    async def run(self, users: Sequence[User], clock: Clock, stopping: Callable[[], bool]) -> None:  # noqa: ARG002
        """Make the calls; once `stopping()`, begin no more."""
        numbers = iter(range(1, self.total + 1))

        async def work(user: User) -> None:
            while not stopping() and (n := next(numbers, None)) is not None:
                await user.iterate(n)

        await _together(work, users)


@dataclass(frozen=True, slots=True)
class ConstantVus:
    """As many calls as the users make in `duration` seconds; calls under way at the end are waited for."""

    vus: int
    duration: float

    def __str__(self) -> str:
        return f"{_users(self.vus)} for {format_duration(self.duration)}"

    def progress(self, calls: int, seconds: float) -> float:  # noqa: ARG002 - the executor decides which one counts
        """The share of the run that is over, from 0 to 1, after `calls` and `seconds`."""
        return min(1.0, seconds / self.duration)

    async def run(self, users: Sequence[User], clock: Clock, stopping: Callable[[], bool]) -> None:
        """Make calls for the duration; once `stopping()`, begin no more."""
        numbers = itertools.count(1)
        deadline = clock.now() + self.duration

        async def work(user: User) -> None:
            while not stopping() and clock.now() < deadline:
                outcome = await user.iterate(next(numbers))
                if isinstance(outcome, _NO_CONNECTION):
                    await clock.sleep(_PAUSE_WITHOUT_CONNECTION)

        await _together(work, users)


async def _together(work: Callable[[User], Coroutine[Any, Any, None]], users: Sequence[User]) -> None:
    async with asyncio.TaskGroup() as group:
        for user in users:
            group.create_task(work(user))


def _users(count: int) -> str:
    return f"{count:,} virtual user" + ("s" if count != 1 else "")
