"""The virtual users of an open model: parked when they are free, woken when an iteration is due."""

import asyncio
from collections import deque

from ..plan import Floor, User


class _Worker:
    """One user, and the iteration that it was given: its number and when it was due."""

    __slots__ = ("job", "user", "wake")

    def __init__(self, user: User, job: tuple[int, float] | None) -> None:
        self.user = user
        self.job = job
        self.wake: asyncio.Future[None] | None = None


class Crew:
    """`vus` users to begin with, and up to `most` when those are busy; each has one task for all its iterations."""

    def __init__(self, group: asyncio.TaskGroup, floor: Floor, vus: int, most: int) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self._group = group
        self._floor = floor
        self._most = most
        self._workers: list[_Worker] = []
        self._idle: deque[_Worker] = deque()  # first in, first out: all connections are kept in use
        self._dismissed = False
        for _ in range(vus):
            self._idle.append(self._hire(None))

    @property
    def idle(self) -> bool:
        """Whether somebody is free."""
        return bool(self._idle)

    def hand(self, n: int, due: float) -> bool:
        """Give iteration `n` to a user that is free, or to a new one; False when there is none."""
        if self._idle:
            worker = self._idle.popleft()
            worker.job = (n, due)
            if worker.wake is not None:
                worker.wake.set_result(None)
            return True
        if len(self._workers) >= self._most:
            return False
        self._hire((n, due))
        return True

    def dismiss(self) -> None:
        """Let everybody go who is free, and the others when they are."""
        self._dismissed = True
        while self._idle:
            worker = self._idle.popleft()
            if worker.wake is not None:
                worker.wake.set_result(None)

    def abandon(self) -> None:
        """Account for iterations that were given to a user who was stopped before beginning them."""
        for worker in self._workers:
            if worker.job is not None:
                worker.user.abandon(*worker.job)
                worker.job = None

    def _hire(self, job: tuple[int, float] | None) -> _Worker:
        worker = _Worker(self._floor.pool.user(len(self._workers)), job)
        self._workers.append(worker)
        self.tasks.append(self._group.create_task(self._work(worker)))
        return worker

    async def _work(self, worker: _Worker) -> None:
        create_future = asyncio.get_running_loop().create_future
        iterate, now, tally, idle = worker.user.iterate, self._floor.clock.now, self._floor.tally, self._idle
        parked = worker.job is None  # from the start on, by whoever hired it
        while True:
            if worker.job is None:
                if self._dismissed:
                    return
                worker.wake = create_future()
                if not parked:
                    idle.append(worker)
                await worker.wake
            parked = False
            if worker.job is not None:
                (n, due), worker.job = worker.job, None
                tally.vus += 1
                tally.begin(n, due, now())
                try:
                    await iterate(n, due)
                finally:
                    tally.vus -= 1
