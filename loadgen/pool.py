"""All virtual users of a run: made when they are needed, ended together."""

import asyncio
from collections.abc import Callable

from .client.session import Session
from .interruption import GOODBYE, Interruption
from .vu import VirtualUser

_OPENING_AT_ONCE = 100


class VuPool:
    """Users by index. Those made while the run goes on open their session before their first call."""

    def __init__(self, make: Callable[[], VirtualUser]) -> None:
        self._make = make
        self._users: list[VirtualUser] = []
        self._silent = False

    def __len__(self) -> int:
        return len(self._users)

    @property
    def left_open(self) -> int:
        """Sessions of one call each that could not be ended so far."""
        return sum(user.left_open for user in self._users)

    def user(self, index: int) -> VirtualUser:
        """The user number `index`, from 0; made now if need be."""
        while len(self._users) <= index:
            self._users.append(self._make())
        return self._users[index]

    async def open(self, count: int) -> None:
        """Make `count` users and open their sessions, many at a time.

        After one that fails, those left over try before their first call: a server that hangs is waited for once.
        """
        limit = asyncio.Semaphore(_OPENING_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for index in range(count):
                group.create_task(self._open(self.user(index), limit))

    async def close(self, interruption: Interruption) -> int:
        """End all sessions and drop all connections; how many of those that were still open could not be ended."""
        ended = [False] * len(self._users)

        async def close(index: int) -> None:
            ended[index] = await self._users[index].close() is None

        async def close_all() -> None:
            async with asyncio.TaskGroup() as group:
                for index in range(len(ended)):
                    group.create_task(close(index))

        await interruption.guard(close_all(), GOODBYE)
        return ended.count(False)

    async def _open(self, user: VirtualUser, limit: asyncio.Semaphore) -> None:
        async with limit:
            if not self._silent and not isinstance(await user.open(), Session):
                self._silent = True
