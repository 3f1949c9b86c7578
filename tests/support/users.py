"""Virtual users that make no calls, for tests of executors on the fake clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from loadgen.outcome import Ok, Outcome
from loadgen.plan import Floor
from loadgen.tally import Tally
from loadgen.warm_up import WarmUp
from tests.support.clock import FakeClock

OK = Ok({})


@dataclass
class Made:
    """What became of one iteration."""

    n: int
    due: float
    """Offsets from the start of the test."""
    began: float | None = None
    ended: float | None = None
    user: int = 0


@dataclass
class SlowUser:
    """A user whose calls take a fixed time of the clock."""

    index: int
    clock: FakeClock
    seconds: float
    outcome: Outcome
    made: list[Made]
    busy: int = 0

    async def iterate(self, n: int, due: float | None = None) -> Outcome:
        now = self.clock.now() - self.clock.start
        made = Made(n, now if due is None else due - self.clock.start, now, None, self.index)
        self.made.append(made)
        self.busy += 1
        assert self.busy == 1, "a user makes one call at a time"
        try:
            await self.clock.sleep(self.seconds)
        finally:
            self.busy -= 1
        made.ended = self.clock.now() - self.clock.start
        return self.outcome

    def abandon(self, n: int, due: float) -> None:
        self.made.append(Made(n, due - self.clock.start))


@dataclass
class SlowPool:
    """Users of one speed, or of their own; `made` is what they all did, in the order in which it began."""

    clock: FakeClock
    seconds: float = 0.1
    speeds: tuple[float, ...] = ()
    outcome: Outcome = OK
    users: dict[int, SlowUser] = field(default_factory=dict)
    made: list[Made] = field(default_factory=list)
    stopping: Callable[[], bool] = bool
    dropped: int = 0
    lags: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.warm_up = WarmUp()
        self.tally = Tally(self, self.warm_up)

    @property
    def floor(self) -> Floor:
        return Floor(self, self.clock, self.stopping, self.tally)

    @property
    def finished(self) -> list[Made]:
        return [made for made in self.made if made.ended is not None]

    @property
    def unfinished(self) -> list[Made]:
        return [made for made in self.made if made.ended is None]

    def user(self, index: int) -> SlowUser:
        if index not in self.users:
            seconds = self.speeds[index] if self.speeds else self.seconds
            self.users[index] = SlowUser(index, self.clock, seconds, self.outcome, self.made)
        return self.users[index]

    def add_dropped(self, n: int = 1) -> None:
        self.dropped += n

    def add_lag(self, seconds: float) -> None:
        self.lags.append(seconds)

    def check(self) -> None:
        """Nothing that was due is forgotten, and every number is used once."""
        assert self.tally.due == len(self.finished) + len(self.unfinished) + self.dropped
        assert len({made.n for made in self.made}) == len(self.made)


async def cancelled_at(pool: SlowPool, run: "asyncio.Task[None]", seconds: float) -> None:
    """Cancel `run` after so many seconds of the clock, and wait for its end."""
    await pool.clock.sleep(seconds)
    run.cancel()
    await asyncio.wait([run])
