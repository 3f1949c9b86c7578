"""Virtual users of a modelled server, with accounts: for searches on the fake clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from loadgen.accounting import Accounting
from loadgen.finding import Finding
from loadgen.outcome import Cancelled, Outcome
from loadgen.plan import Floor
from loadgen.sample import Sample
from tests.support.users import OK, SlowPool, SlowUser

FAST = 1.0
Reply = tuple[float, Outcome]
Model = Callable[[int], Reply]
"""How long a call takes that makes so many in flight, and how it ends."""


@dataclass
class ModelUser(SlowUser):
    """A user whose calls the server of the pool answers."""

    pool: "ServedPool" = field(kw_only=True)

    async def iterate(self, n: int, due: float | None = None) -> Outcome:
        pool, sent = self.pool, self.clock.now()
        due = sent if due is None else due
        self.seconds, self.outcome = pool.arrive()
        try:
            outcome = await super().iterate(n, due)
        except asyncio.CancelledError:
            outcome = Cancelled("stopped")
            raise
        finally:
            pool.in_flight -= 1
            if not isinstance(outcome, Cancelled):
                outcome = self.outcome
            pool.accounting.add(Sample("add", due, sent, self.clock.now(), outcome))
        return outcome


@dataclass
class ServedPool(SlowPool):
    """Users of one modelled server, with accounts; what the executor announces and finds is kept."""

    model: Model = lambda _: (FAST, OK)
    in_flight: int = 0
    accounting: Accounting = field(default_factory=Accounting)
    found: list[Finding] = field(default_factory=list)
    announced: list[tuple[str, float]] = field(default_factory=list)

    def arrive(self) -> Reply:
        self.in_flight += 1
        return self.model(self.in_flight)

    @property
    def floor(self) -> Floor:
        return Floor(
            self, self.clock, self.stopping, self.tally, self.accounting.tap, self._announce, self.found.append
        )

    def user(self, index: int) -> SlowUser:
        if index not in self.users:
            self.users[index] = ModelUser(index, self.clock, FAST, OK, self.made, pool=self)
        return self.users[index]

    def add_dropped(self, n: int = 1) -> None:
        super().add_dropped(n)
        self.accounting.add_dropped(n)

    def check(self) -> None:
        super().check()
        assert self.accounting.calls + self.accounting.dropped == self.tally.due
        assert self.in_flight == 0

    @property
    def point(self) -> Finding:
        (point,) = (finding for finding in self.found if finding.name == "breaking point")
        return point

    @property
    def mode(self) -> str:
        (mode,) = (finding for finding in self.found if finding.name == "failure mode")
        return mode.sentence

    def _announce(self, phase: str) -> None:
        self.announced.append((phase, self.clock.now() - self.clock.start))


def above(capacity: int, then: Reply) -> Model:
    return lambda in_flight: then if in_flight > capacity else (FAST, OK)
