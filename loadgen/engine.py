"""Runs a plan: look at the target, open the sessions, make the calls, end the sessions, add up."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from .accounting import Accounting
from .call_keys import CallKeys
from .client.transport import Transport
from .clock import AlarmClock
from .errors import Interrupted, NothingMeasured
from .health import HealthMonitor
from .heap import frozen_heap
from .interruption import GRACE, Interruption
from .open_files import allow_open_files
from .outputs.collector import Labels, Live
from .outputs.prometheus import PrometheusOutput
from .plan import Floor, Plan
from .pool import VuPool
from .preflight import InformedUser, Target, inspect
from .progress import Progress
from .result import Measurements, RunResult
from .tally import Tally
from .targets import TargetVerdict, judge_target
from .vu import VirtualUser
from .warm_up import WarmUp


class Output(Protocol):
    """Shows a run while it goes on."""

    async def watch(self, progress: Callable[[], Progress]) -> None:
        """Show `progress()` now and then, until cancelled; never hold the event loop up."""
        ...


class Engine:
    """One run of `plan`; `connect` makes a transport to a URL, one for each virtual user.

    With a `metrics_port` the run is exported to Prometheus while it goes on, and `metrics_linger` seconds longer.
    """

    def __init__(
        self,
        plan: Plan,
        connect: Callable[[str], Transport],
        clock: AlarmClock,
        output: Output,
        *,
        metrics_port: int | None = None,
        metrics_linger: float = 0.0,
    ) -> None:
        self._metrics_port = metrics_port
        self._metrics_linger = metrics_linger
        self._health = HealthMonitor(clock)
        self._prometheus: PrometheusOutput | None = None
        self._plan = plan
        self._connect = connect
        self._clock = clock
        self._output = output
        self._accounting = Accounting(closed=plan.executor.rate_at(0.0) is None)
        self._warm_up = WarmUp(plan.warm_up_seconds, plan.warm_up_iterations)
        self._tally = Tally(self._accounting, self._warm_up)
        self._keys = CallKeys(plan.run_id) if plan.send_keys else None
        self._target: Target | None = None
        self._started = 0.0

    async def run(self, interruption: Interruption) -> RunResult:
        """Make the run and add it up.

        Raises:
            InvalidInput: the system does not allow as many open files as there are virtual users.
            TargetUnreachable: the target does not answer as an MCP server.
            NothingMeasured: it has not the tools, or the preparation failed.
            Interrupted: stopped before any call was measured.
        """
        allow_open_files(self._plan.executor.max_vus)
        await interruption.guard(self._inspect(), grace=0)
        if self._target is None or interruption.requested():
            raise Interrupted("stopped before any call was measured")
        began = datetime.now(UTC)
        pool = VuPool(self._user_of(self._target))
        unfinished = 0
        await self._export(self._target)
        try:
            await interruption.guard(self._load(pool, interruption), GRACE)
        finally:
            seconds = self._clock.now() - self._measured_from()
            interrupted = interruption.requested()
            unfinished = await pool.close(interruption)
            if self._prometheus is not None:
                await interruption.guard(self._prometheus.stop(self._metrics_linger), 0)
        if not self._accounting.calls:
            raise (Interrupted if interrupted else NothingMeasured)(
                "no call was made that counts, so nothing was measured"
            )
        return self._result(self._target, began, seconds, interrupted, unfinished)

    async def _export(self, target: Target) -> None:
        """Serve Prometheus metrics from now on, when that was asked for.

        Raises:
            InvalidInput: the port cannot be used.
        """
        if self._metrics_port is None:
            return
        labels = Labels(self._plan.name, self._plan.run_id, target.tools)
        self._prometheus = PrometheusOutput(labels, self._accounting, self._live, self._health.loop_lag, self._clock)
        await self._prometheus.start(self._metrics_port)

    def _live(self) -> Live:
        rate = self._plan.executor.rate_at(self._clock.now() - self._started) if self._started else None
        return Live(self._tally.vus, rate)

    async def _inspect(self) -> None:
        self._target = await inspect(self._plan, self._connect, self._clock)

    def _user_of(self, target: Target) -> Callable[[], VirtualUser]:
        plan = self._plan

        def make() -> VirtualUser:
            transport = self._connect(plan.url)
            accounts, clock, warm_up = self._accounting, self._clock, self._warm_up if self._warms_up() else None
            user = InformedUser(
                transport,
                plan.timeout,
                plan.workload,
                target.schemas,
                accounts,
                clock,
                warm_up,
                self._keys,
                protocol=target.protocol,
                retry_lost=plan.retry_lost,
            )
            user.tools = target.listed
            return user

        return make

    def _warms_up(self) -> bool:
        return self._plan.warm_up_seconds > 0 or self._plan.warm_up_iterations > 0

    def _measured_from(self) -> float:
        return self._warm_up.began if self._warms_up() else self._started

    async def _load(self, pool: VuPool, interruption: Interruption) -> None:
        self._started = self._clock.now()
        await pool.open(self._plan.executor.vus)
        self._started = self._clock.now()  # the clock of the run starts when the sessions are there
        self._warm_up.start(self._started)
        floor = Floor(pool, self._clock, interruption.requested, self._tally)
        outputs = [self._output] if self._prometheus is None else [self._output, self._prometheus]
        async with self._health, asyncio.TaskGroup() as group:
            watchers = [group.create_task(output.watch(lambda: self._progress(pool))) for output in outputs]
            try:
                with frozen_heap():
                    await self._plan.executor.run(floor)
            finally:
                self._progress(pool)  # takes in how many users there were at the end
                for watcher in watchers:
                    watcher.cancel()

    def _progress(self, pool: VuPool) -> Progress:
        tally, calls, seconds = self._tally, self._accounting.calls, self._clock.now() - self._started
        self._accounting.set_vus(tally.vus, len(pool))
        share = self._plan.executor.progress(tally.issued, seconds)
        return Progress(calls, self._accounting.failed, seconds, share, tally.vus, tally.dropped)

    def _result(self, target: Target, began: datetime, seconds: float, interrupted: bool, unfinished: int) -> RunResult:
        plan, measured = self._plan, self._accounting.measurements(unfinished)
        open_model = plan.executor.rate_at(0.0) is not None
        return RunResult(
            workload=plan.name,
            mix=plan.workload.mix,
            url=plan.url,
            server=target.server,
            protocol=target.protocol,
            seed=plan.seed,
            run_id=plan.run_id,
            load=str(plan.executor),
            timeout=plan.timeout,
            command=plan.command,
            started_at=began.isoformat(timespec="seconds"),
            seconds=seconds,
            interrupted=interrupted,
            min_success=plan.min_success,
            measured=measured,
            targets=_verdicts(plan, measured, seconds),
            open_model=open_model,
            generator=self._health.summary(measured.schedule_lag, open_model=open_model),
            notes=(*target.notes, *_about_dropped(plan, self._tally)),
        )


def _about_dropped(plan: Plan, tally: Tally) -> tuple[str, ...]:
    if not tally.dropped:
        return ()
    what = f"{tally.dropped:,} of {tally.due:,} iterations were dropped"
    return (f"{what}: they were due, but none of {plan.executor.max_vus:,} virtual users was free.",)


def _verdicts(plan: Plan, measured: Measurements, seconds: float) -> tuple[TargetVerdict, ...]:
    found = {tool.tool: tool for tool in measured.tools}
    verdicts = []
    for target in plan.targets:
        tool = found.get(target.tool)
        calls, ok, p95 = (tool.calls, tool.ok, tool.response.p95) if tool else (0, 0, None)
        verdicts += judge_target(target, calls, calls - ok, p95, seconds)
    return tuple(verdicts)
