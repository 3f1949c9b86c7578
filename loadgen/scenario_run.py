"""One scenario while it runs: its users, its accounts, its clock."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from .accounting import Accounting, Slice, measure
from .call_keys import CallKeys
from .client.modern import MODERN
from .client.transport import Transport
from .clock import AlarmClock
from .conclusion import AskedScenario
from .finding import Finding, told_of
from .interruption import Interruption
from .plan import Floor, Plan, Scenario
from .pool import VuPool
from .preflight import Target
from .result import Phase, ScenarioResult
from .tally import Arrivals, Tally
from .timeline import Moment, Timeline
from .vu import Accounts, VirtualUser
from .warm_up import WarmUp

_LONGEST_NAP = 0.1


class Samples(Accounts, Arrivals, Protocol):
    """Takes in everything that happens in a scenario, and passes it on to its accounts."""


class ScenarioRun:
    """Runs `scenario` of `plan` once; `stopping` says when no more is to be begun.

    What happens goes to what `record` makes of the name of the scenario and its accounts: the accounts, by default.
    """

    def __init__(
        self,
        plan: Plan,
        scenario: Scenario,
        target: Target,
        connect: Callable[[str], Transport],
        clock: AlarmClock,
        stopping: Callable[[], bool],
        keys: CallKeys | None,
        record: Callable[[str, Accounting], Samples] = lambda _, accounting: accounting,
    ) -> None:
        self.scenario = scenario
        self.open_model = scenario.executor.rate_at(0.0) is not None
        self.accounting = Accounting(has_sessions=target.protocol != MODERN)
        self.timeline = Timeline([self.accounting])
        self.warm_up = WarmUp(plan.warm_up_seconds, plan.warm_up_iterations)
        samples = record(scenario.name, self.accounting)
        self.tally = Tally(samples, self.warm_up)
        self.findings: list[Finding] = []
        self._unfinished_sessions = 0
        self._target = target
        self._warms_up = plan.warm_up_seconds > 0 or plan.warm_up_iterations > 0
        self._clock = clock
        self._stopping = stopping
        self._phases: list[tuple[str, float]] = []
        self._started = self._ended = math.nan
        self._is_alone = len(plan.scenarios) == 1
        self._pool = VuPool(
            lambda: VirtualUser(
                connect(plan.url),
                plan.timeout,
                scenario.workload,
                target.schemas,
                samples,
                clock,
                self.warm_up if self._warms_up else None,
                keys,
                protocol=target.protocol,
                retry_lost=plan.retry_lost,
                tools=target.listed,
                new_sessions=scenario.new_sessions,
            )
        )

    @property
    def started(self) -> bool:
        """Whether its clock runs, or has run."""
        return not math.isnan(self._started)

    @property
    def measured_from(self) -> float:
        """The moment of the clock from which on samples count."""
        return self.warm_up.began if self._warms_up else self._started

    @property
    def measured_until(self) -> float:
        """The moment of the clock up to which there are samples: now, while it runs."""
        return self._clock.now() if math.isnan(self._ended) else self._ended

    @property
    def tags(self) -> dict[str, str]:
        """What criteria select it by."""
        return {**self.scenario.tags, "scenario": self.scenario.name}

    @property
    def name(self) -> str:
        """Its name in the plan."""
        return self.scenario.name

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of those that it calls."""
        return self._target.called.get(self.name, ())

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return not math.isnan(self._ended)

    @property
    def asked(self) -> AskedScenario:
        """As it was asked for."""
        scenario = self.scenario
        return AskedScenario(
            scenario.name, scenario.workload.mix, str(scenario.executor), scenario.tags, self.open_model
        )

    @property
    def unfinished_sessions(self) -> int:
        """Sessions that could not be ended."""
        return self._unfinished_sessions + self._pool.left_open

    @property
    def due(self) -> int:
        """Iterations that count and were due so far."""
        return self.tally.due

    @property
    def active_requests(self) -> int:
        """Calls under way."""
        return self.tally.vus

    def recent(self, seconds: float) -> tuple[Slice, ...]:
        """What came in the last `seconds`, tick by tick."""
        return self.timeline.last(seconds)

    @property
    def seconds(self) -> float:
        """How long it has been measured."""
        return max(0.0, self.measured_until - self.measured_from) if self.started else 0.0

    @property
    def progress(self) -> float:
        """The share of it that is over, from 0 to 1."""
        if not self.started:
            return 0.0
        if not math.isnan(self._ended):
            return 1.0
        return self.scenario.executor.progress(self.tally.issued, self._clock.now() - self._started)

    @property
    def target_rate(self) -> float | None:
        """Calls per second that are due now; None in a closed model."""
        if not self.started or not math.isnan(self._ended):
            return 0.0 if self.open_model else None
        return self.scenario.executor.rate_at(self._clock.now() - self._started)

    @property
    def allocated_vus(self) -> int:
        """Users there are."""
        return len(self._pool)

    async def run(self) -> None:
        """Wait for its moment, open the sessions, make the calls."""
        if not await self._wait(self.scenario.delay):
            return
        await self._pool.open(self.scenario.executor.vus)
        self._started = self._clock.now()  # its clock starts when the sessions are there
        self.warm_up.start(self._started)
        floor = Floor(
            self._pool,
            self._clock,
            self._stopping,
            self.tally,
            self.accounting.tap,
            self._announce,
            self._find,
        )
        try:
            await self.scenario.executor.run(floor)
        finally:
            self._ended = self._clock.now()
            self.note_vus()
            self.tally.vus = 0

    async def close(self, interruption: Interruption) -> None:
        """End all sessions and drop all connections."""
        self._unfinished_sessions += await self._pool.close(interruption)

    def note_vus(self) -> None:
        """Take in how many users there are now."""
        self.accounting.set_vus(self.tally.vus, len(self._pool))

    def tick(self, began: float) -> None:
        """An interval of the run that began at `began` is over."""
        self.timeline.tick(self._clock.now() - began, Moment(self.tally.vus, self.target_rate))

    @property
    def phases_now(self) -> Mapping[str, bool]:
        """Its phases, as far as they are known, and whether each goes on; a steady load is one phase, hold."""
        since = self._clock.now() - self._started if self.started and math.isnan(self._ended) else math.nan
        planned = self.scenario.executor.phases
        if not planned and not self._phases:
            return {"hold": not math.isnan(since)}
        known: dict[str, bool] = {}
        for phase, start, end in planned:  # of two phases with one name, either will do
            known[phase] = known.get(phase, False) or start <= since < end
        for phase, _ in self._phases:
            known[phase] = False
        if self._phases:
            known[self._phases[-1][0]] = not math.isnan(since)
        return known

    def phases(self, began: float) -> tuple[Phase, ...]:
        """The phases that were reached, in seconds from `began`."""
        if not self.started:
            return ()
        name, start, end = self.scenario.name, self._started - began, self.measured_until - began
        known = [(phase, start + a, start + b) for phase, a, b in self.scenario.executor.phases]
        until = [at - began for _, at in self._phases[1:]] + [end]
        known += [(phase, at - began, to) for (phase, at), to in zip(self._phases, until, strict=False)]
        return tuple(Phase(phase, name, a, min(b, end)) for phase, a, b in known if a < end)

    def result(self, began: float) -> ScenarioResult:
        """What it measured."""
        start = self.measured_from if self.started and math.isfinite(self.measured_from) else self.measured_until
        scenario = self.scenario
        return ScenarioResult(
            name=scenario.name,
            mix=scenario.workload.mix,
            load=str(scenario.executor),
            start=start - began,
            seconds=self.seconds,
            measured=measure([self.accounting], self.tally.due, unfinished_sessions=self.unfinished_sessions),
        )

    def _announce(self, phase: str) -> None:
        self._phases.append((phase, self._clock.now()))

    def _find(self, finding: Finding) -> None:
        name = finding.name if self._is_alone else told_of(finding.name, self.name)
        self.findings.append(replace(finding, name=name))

    async def _wait(self, seconds: float) -> bool:
        """Let `seconds` pass; False when the run stops meanwhile."""
        until = self._clock.now() + seconds
        while (left := until - self._clock.now()) > 0 and not self._stopping():
            await self._clock.sleep(min(left, _LONGEST_NAP))
        return not self._stopping()
