"""Runs a plan: look at the target, run its scenarios, add up."""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from .accounting import Accounting, joined
from .call_keys import CallKeys
from .client.modern import MODERN
from .client.transport import Transport
from .clock import AlarmClock
from .conclusion import Asked, Seen, View, conclude, measured_seconds
from .criteria import criteria_for
from .errors import Interrupted, NothingMeasured
from .health import HealthMonitor
from .heap import frozen_heap
from .interruption import GRACE, Interruption
from .metrics import Gauge
from .open_files import allow_open_files
from .outputs.collector import Labels, RunCollector
from .outputs.prometheus import PrometheusOutput
from .plan import Plan
from .preflight import Target, inspect
from .progress import Progress
from .readings import RunReadings, WindowReadings
from .result import RunResult
from .scenario_run import Samples, ScenarioRun
from .thresholds import Readings, Threshold, Verdict, describe, is_worse, judge, should_abort
from .timeline import Moment, Timeline

_RECENT = 5.0
"""Seconds that the live rate and percentile are of."""
_SECONDS_BETWEEN_FIGURES = 1.0
_SHARE_BETWEEN_WINDOWS = 0.1
"""A criterion with a window is judged ten times in each window."""


class Output(Protocol):
    """Shows a run while it goes on."""

    async def watch(self, progress: Callable[[], Progress]) -> None:
        """Show `progress()` now and then, until cancelled; never hold the event loop up."""
        ...


class ServerWatch(Protocol):
    """Looks at the server's process from outside while a run goes on."""

    @property
    def moment(self) -> Moment:
        """What it saw last."""
        ...

    async def watch(self) -> None:
        """Look now and then, until cancelled."""
        ...

    async def look(self) -> None:
        """Look now."""
        ...


class Recorder(Protocol):
    """Writes a run down while it goes on, at once and without waiting."""

    def samples(self, scenario: str, accounting: Accounting) -> Samples:
        """What takes in all that happens in the scenario of that name, and passes it on to its accounts."""
        ...

    def begin(self, asked: Asked, began: float) -> None:
        """The run begins, at that moment of the clock."""
        ...

    def look(self, view: View) -> None:
        """An interval is over; when it is the last one, once more when all sessions are ended."""
        ...


class NoRecorder:
    """Writes nothing down."""

    def samples(self, _: str, accounting: Accounting) -> Samples:
        """See `Recorder`."""
        return accounting

    def begin(self, asked: Asked, began: float) -> None:
        """See `Recorder`."""

    def look(self, view: View) -> None:
        """See `Recorder`."""


NO_RECORDER = NoRecorder()


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
        server: ServerWatch | None = None,
        recorder: Recorder = NO_RECORDER,
    ) -> None:
        self._plan = plan
        self._connect = connect
        self._clock = clock
        self._output = output
        self._server = server
        self._recorder = recorder
        self._metrics_port = metrics_port
        self._metrics_linger = metrics_linger
        self._health = HealthMonitor(clock)
        self._runs: list[ScenarioRun] = []
        self._timeline = Timeline([])
        self._thresholds: tuple[Threshold, ...] = ()
        self._vus, self._vus_max = Gauge(), Gauge()
        self._aborted: Verdict | None = None
        self._windows: dict[Threshold, Verdict] = {}
        self._target: Target | None = None
        self._began = self._ticked = 0.0
        self._shown: tuple[float, float | None, float | None] = (-math.inf, None, None)  # when, rate, p95

    async def run(self, interruption: Interruption) -> RunResult:
        """Make the run and add it up.

        Raises:
            InvalidInput: the system does not allow as many open files as there are virtual users, or the port of the
                metrics cannot be used.
            TargetUnreachable: the target does not answer as an MCP server.
            NothingMeasured: it has not the tools, or the preparation failed.
            Interrupted: stopped before any call was measured.
        """
        plan = self._plan
        allow_open_files(sum(scenario.executor.max_vus for scenario in plan.scenarios))
        prometheus = None if self._metrics_port is None else PrometheusOutput(self._clock)
        if prometheus is not None and self._metrics_port is not None:
            await prometheus.start(self._metrics_port)
        try:
            await interruption.guard(self._inspect(), grace=0)
            if self._target is None or interruption.requested():
                raise Interrupted("stopped before any call was measured")
            asked = self._set_up(self._target, interruption)
            self._thresholds = asked.thresholds
            if prometheus is not None:
                opening = "server/discover" if self._target.protocol == MODERN else "initialize"
                labels = Labels(plan.run_id, self._target.tools, opening)
                prometheus.show(RunCollector(labels, self._runs, self._health.loop_lag, self._verdicts))
            try:
                await interruption.guard(self._load(asked, interruption), GRACE)
            finally:
                interrupted = interruption.requested()
                for run in self._runs:
                    await run.close(interruption)
            if self._server is not None:
                await interruption.guard(self._server.look(), 0)
        finally:
            if prometheus is not None:
                await interruption.guard(prometheus.stop(self._metrics_linger), 0)
        if not any(run.accounting.calls for run in self._runs):
            raise (Interrupted if interrupted else NothingMeasured)(
                "no call was made that counts, so nothing was measured"
            )
        return self._result(asked, interrupted)

    async def _inspect(self) -> None:
        self._target = await inspect(self._plan, self._connect, self._clock)

    def _set_up(self, target: Target, interruption: Interruption) -> Asked:
        plan = self._plan
        keys = CallKeys(plan.run_id) if plan.send_keys else None

        def stopping() -> bool:
            return interruption.requested() or self._aborted is not None

        arguments = (target, self._connect, self._clock, stopping, keys, self._recorder.samples)
        self._runs = [ScenarioRun(plan, scenario, *arguments) for scenario in plan.scenarios]
        alone = len(self._runs) == 1  # its timeline is the run's then; to look twice costs each call
        self._timeline = self._runs[0].timeline if alone else Timeline([run.accounting for run in self._runs])
        return _asked(plan, target, datetime.now(UTC), self._runs)

    async def _load(self, asked: Asked, interruption: Interruption) -> None:
        self._began = self._clock.now()
        self._recorder.begin(asked, self._began)
        watching = [self._output.watch(self._progress), self._keep_time()]
        if self._server is not None:
            watching.append(self._server.watch())
        over = {run.scenario.name: asyncio.Event() for run in self._runs}

        async def run_in_turn(run: ScenarioRun) -> None:
            if run.scenario.after is not None:
                await over[run.scenario.after].wait()
            try:
                await run.run()
                if not interruption.requested():
                    await run.close(interruption)
            finally:
                over[run.scenario.name].set()

        async with self._health, asyncio.TaskGroup() as group:
            watchers = [group.create_task(each) for each in watching]
            try:
                with frozen_heap():
                    async with asyncio.TaskGroup() as running:
                        for run in self._runs:
                            running.create_task(run_in_turn(run))
            finally:
                self._tick(self._timeline.finish, last=True)
                for watcher in watchers:
                    watcher.cancel()

    async def _keep_time(self) -> None:
        """Tick, and judge the criteria that cannot wait for the end."""
        watched = {each: 0.0 for each in self._thresholds if each.abort_on_fail or each.window is not None}
        while True:
            await self._clock.sleep(self._plan.tick)
            self._tick(self._timeline.tick)
            for threshold in [each for each, due in watched.items() if due <= self._ticked]:
                # To add a window up takes as long as it is: calls would wait for that.
                watched[threshold] = self._ticked + (threshold.window or 0.0) * _SHARE_BETWEEN_WINDOWS
                verdict = judge(threshold, self._readings(threshold), generator_limited=False)
                if threshold.window is not None:
                    self._note(verdict)
                if self._aborted is None and should_abort(threshold, verdict, self._clock.now() - self._began):
                    self._aborted = verdict

    def _verdicts(self) -> Iterator[Verdict]:
        """Each criterion as it stands now; one with a window, by the worst window so far."""
        for threshold in self._thresholds:
            if threshold.window is None:
                yield judge(threshold, self._readings(threshold), generator_limited=False)
            else:
                yield self._windows.get(threshold, Verdict(threshold, None, "no data"))

    def _note(self, verdict: Verdict) -> None:
        """Keep the worst window that had data: by that one the criterion is met or missed."""
        known = self._windows.get(verdict.threshold)
        if verdict.status != "no data" and (known is None or is_worse(verdict, known)):
            self._windows[verdict.threshold] = verdict

    def _tick(self, tick: Callable[[float, Moment], None], *, last: bool = False) -> None:
        self._ticked = self._clock.now()
        at = self._ticked - self._began
        for run in self._runs:
            if run.started:
                if not last:  # nobody is left then, which says nothing of the run
                    run.note_vus()
                if run.timeline is not self._timeline:
                    run.tick(self._began)
        rates = [rate for run in self._runs if (rate := run.target_rate) is not None]
        vus = sum(run.tally.vus for run in self._runs)
        if not last:
            self._vus.set(vus)
        self._vus_max.set(sum(run.allocated_vus for run in self._runs))
        moment = Moment() if self._server is None else self._server.moment
        moment = replace(moment, vus=vus, target_rate=sum(rates) if rates else None)
        tick(at, moment)
        self._recorder.look(self._view(at, moment, last=last))

    def _view(self, at: float | None, moment: Moment, *, last: bool = False) -> View:
        aborted = None if self._aborted is None else describe(self._aborted)
        windows = [(self._thresholds.index(each), verdict.measured) for each, verdict in self._windows.items()]
        return View(at, moment, self._runs, windows, aborted, last)

    def _progress(self) -> Progress:
        runs, now = self._runs, self._clock.now()
        if now - self._shown[0] >= _SECONDS_BETWEEN_FIGURES:
            recent = self._timeline.last(_RECENT)
            whole = joined(recent)
            seconds = min(len(recent) * self._plan.tick, now - self._began)
            self._shown = now, whole.calls / seconds if seconds > 0 else None, whole.response.percentile(95)
        _, rate, p95 = self._shown
        return Progress(
            calls=sum(run.accounting.calls for run in runs),
            failed=sum(run.accounting.failed for run in runs),
            seconds=now - self._began,
            share=sum(run.progress for run in runs) / len(runs),
            vus=sum(run.tally.vus for run in runs),
            dropped=sum(run.tally.dropped for run in runs),
            rate=rate,
            p95_ms=None if p95 is None else p95 * 1000,
        )

    def _readings(self, threshold: Threshold) -> Readings:
        if threshold.window is None:
            return RunReadings(self._runs, measured_seconds(self._runs))
        return WindowReadings(self._runs, max(threshold.window, self._plan.tick), self._ticked)

    def _result(self, asked: Asked, interrupted: bool) -> RunResult:
        for threshold in asked.thresholds:
            if threshold.window is not None:
                self._note(judge(threshold, self._readings(threshold), generator_limited=False))
        self._recorder.look(self._view(None, Moment()))
        seen = Seen(
            self._health.summary,
            interrupted=interrupted,
            phases=tuple(phase for run in self._runs for phase in run.phases(self._began)),
            points=self._timeline.points,
            windows={threshold: verdict.measured for threshold, verdict in self._windows.items()},
            findings=tuple(finding for run in self._runs for finding in run.findings),
            aborted=None if self._aborted is None else describe(self._aborted),
            server_sessions=None if self._server is None else self._server.moment.server_sessions,
            vus=self._vus.summary(),
            vus_max=self._vus_max.summary(),
        )
        result = conclude(asked, self._runs, self._began, seen)
        found = tuple(finding for analysis in self._plan.analyses for finding in analysis.find(result))
        return replace(result, findings=(*result.findings, *found))


def _asked(plan: Plan, target: Target, began: datetime, runs: Sequence[ScenarioRun]) -> Asked:
    thresholds, notes = criteria_for(plan.thresholds, target.tools, target.protocol)
    return Asked(
        workload=plan.name,
        mix="; ".join(dict.fromkeys(scenario.workload.mix for scenario in plan.scenarios)),
        url=plan.url,
        server=target.server,
        protocol=target.protocol,
        seed=plan.seed,
        run_id=plan.run_id,
        load="; ".join(_load_of(plan)),
        timeout=plan.timeout,
        command=plan.command,
        started_at=began.isoformat(timespec="seconds"),
        min_success=plan.min_success,
        scenarios=tuple(run.asked for run in runs),
        thresholds=thresholds,
        targets=plan.targets,
        notes=(*target.notes, *notes),
        max_vus=sum(scenario.executor.max_vus for scenario in plan.scenarios),
        description=plan.description,
        scale=plan.scale,
        round_trip=target.round_trip,
    )


def _load_of(plan: Plan) -> Iterable[str]:
    if len(plan.scenarios) == 1:
        return [str(plan.scenarios[0].executor)]
    return [f"{scenario.name}: {scenario.executor}" for scenario in plan.scenarios]
