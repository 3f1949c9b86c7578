"""The closed model: each virtual user makes its next call when it has the reply to the last one."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from formats.durations import format_duration

from ..outcome import Connect, Tls
from ..plan import Floor, User
from ..tally import Tally
from .deadline import GRACEFUL_STOP, LONGEST_NAP, together
from .refusal import above, at_least, refuse, seconds

_PAUSE_WITHOUT_CONNECTION = 0.1
"""Seconds that a user of a timed executor waits after a call that got no connection: a dead server answers such calls
at once, and the rest of the duration would be a busy loop."""
_NO_CONNECTION = (Connect, Tls)


class ClosedModel:
    """What the executors of the closed model have in common."""

    __slots__ = ()

    def rate_at(self, seconds: float) -> float | None:  # noqa: ARG002 - there is no rate
        """See `Executor`."""
        return None

    @property
    def phases(self) -> Sequence[tuple[str, float, float]]:
        """See `Executor`."""
        return ()


@dataclass(frozen=True, slots=True)
class _Iterations(ClosedModel, ABC):
    """A number of calls. Those not begun in `max_duration` seconds are dropped; those under way get `graceful_stop`."""

    vus: int
    iterations: int
    max_duration: float = math.inf
    graceful_stop: float = GRACEFUL_STOP
    think_time: float = 0.0

    def __post_init__(self) -> None:
        """Complain about all settings that cannot be used."""
        longest = None if self.max_duration > 0 else f"max_duration should be more than 0, got {self.max_duration:g}"
        refuse(
            at_least("vus", self.vus, 1),
            at_least("iterations", self.iterations, 1),
            longest,
            seconds("graceful_stop", self.graceful_stop),
            seconds("think_time", self.think_time),
        )

    @property
    def max_vus(self) -> int:
        """See `Executor`."""
        return self.vus

    @property
    @abstractmethod
    def total(self) -> int:
        """How many calls there are in all."""

    @abstractmethod
    def quota(self, tally: Tally, in_time: Callable[[], bool]) -> Callable[[], bool]:
        """For one user: whether it makes one more call, which it does then."""

    def progress(self, calls: int, seconds: float) -> float:
        """See `Executor`."""
        return min(1.0, max(calls / self.total, seconds / self.max_duration))

    async def run(self, floor: Floor) -> None:
        """See `Executor`."""
        tally, now = floor.tally, floor.clock.now
        tally.vus = self.vus
        deadline = now() + self.max_duration

        def in_time() -> bool:
            return deadline == math.inf or now() < deadline

        work = (
            iterate(floor.pool.user(index), floor, self.quota(tally, in_time), self.think_time)
            for index in range(self.vus)
        )
        await together(work, floor.clock, deadline + self.graceful_stop)
        if not floor.stopping():
            for _ in range(self.total - tally.issued):
                tally.drop(tally.issue(), deadline)


@dataclass(frozen=True, slots=True)
class SharedIterations(_Iterations):
    """`iterations` calls, shared among the users: whoever is free makes the next one."""

    def __str__(self) -> str:
        return f"{self.iterations:,} calls by {users(self.vus)}"

    @property
    def total(self) -> int:
        """See `_Iterations`."""
        return self.iterations

    def quota(self, tally: Tally, in_time: Callable[[], bool]) -> Callable[[], bool]:
        """See `_Iterations`."""
        return lambda: tally.issued < self.iterations and in_time()


@dataclass(frozen=True, slots=True)
class PerVuIterations(_Iterations):
    """`iterations` calls by each of the users."""

    def __str__(self) -> str:
        return f"{self.iterations:,} calls by each of {users(self.vus)}"

    @property
    def total(self) -> int:
        """See `_Iterations`."""
        return self.vus * self.iterations

    def quota(self, tally: Tally, in_time: Callable[[], bool]) -> Callable[[], bool]:  # noqa: ARG002 - each has its own
        """See `_Iterations`."""
        numbers = iter(range(self.iterations))
        return lambda: in_time() and next(numbers, None) is not None


@dataclass(frozen=True, slots=True)
class ConstantVus(ClosedModel):
    """As many calls as the users make in `duration` seconds; calls under way then get `graceful_stop` seconds."""

    vus: int
    duration: float
    graceful_stop: float = GRACEFUL_STOP
    think_time: float = 0.0

    def __post_init__(self) -> None:
        """Complain about all settings that cannot be used."""
        refuse(
            at_least("vus", self.vus, 1),
            above("duration", self.duration, 0),
            seconds("graceful_stop", self.graceful_stop),
            seconds("think_time", self.think_time),
        )

    def __str__(self) -> str:
        return f"{users(self.vus)} for {format_duration(self.duration)}"

    @property
    def max_vus(self) -> int:
        """See `Executor`."""
        return self.vus

    def progress(self, calls: int, seconds: float) -> float:  # noqa: ARG002 - the executor decides which one counts
        """See `Executor`."""
        return min(1.0, seconds / self.duration)

    async def run(self, floor: Floor) -> None:
        """See `Executor`."""
        now = floor.clock.now
        floor.tally.vus = self.vus
        deadline = now() + self.duration

        def more() -> bool:
            return now() < deadline

        work = (timed(floor.pool.user(index), floor, more, self.think_time) for index in range(self.vus))
        await together(work, floor.clock, deadline + self.graceful_stop)


async def iterate(user: User, floor: Floor, more: Callable[[], bool], think_time: float) -> None:
    """Make one call after another while there are `more`."""
    stopping, issue, make = floor.stopping, floor.tally.issue, user.iterate
    while not stopping() and more():
        await make(issue())
        if think_time:
            await _think(think_time, floor)


async def timed(user: User, floor: Floor, more: Callable[[], bool], think_time: float) -> None:
    """As `iterate`, but with a pause after a call that got no connection."""
    stopping, issue, make = floor.stopping, floor.tally.issue, user.iterate
    while not stopping() and more():
        outcome = await make(issue())
        if isinstance(outcome, _NO_CONNECTION):
            await floor.clock.sleep(_PAUSE_WITHOUT_CONNECTION)
        elif think_time:
            await _think(think_time, floor, more)


async def _think(think_time: float, floor: Floor, more: Callable[[], bool] | None = None) -> None:
    until = floor.clock.now() + think_time
    while (left := until - floor.clock.now()) > 0 and not floor.stopping() and (more is None or more()):
        await floor.clock.sleep(min(left, LONGEST_NAP))


def users(count: int) -> str:
    """The number of users, for people."""
    return f"{count:,} virtual user" + ("s" if count != 1 else "")
