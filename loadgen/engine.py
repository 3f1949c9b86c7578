"""Runs a plan: look at the target, open the sessions, make the calls, end the sessions, add up."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from .accounting import Accounting
from .client.transport import Transport
from .clock import Clock
from .errors import Interrupted, NothingMeasured
from .interruption import GOODBYE, GRACE, Interruption
from .plan import Plan
from .preflight import Target, inspect
from .progress import Progress
from .result import Measurements, RunResult
from .targets import TargetVerdict, judge_target
from .vu import VirtualUser


class Output(Protocol):
    """Shows a run while it goes on."""

    async def watch(self, progress: Callable[[], Progress]) -> None:
        """Show `progress()` now and then, until cancelled; never hold the event loop up."""
        ...


class Engine:
    """One run of `plan`; `connect` makes a transport to a URL, one for each virtual user."""

    def __init__(self, plan: Plan, connect: Callable[[str], Transport], clock: Clock, output: Output) -> None:
        self._plan = plan
        self._connect = connect
        self._clock = clock
        self._output = output
        self._accounting = Accounting()
        self._target: Target | None = None
        self._started = 0.0

    async def run(self, interruption: Interruption) -> RunResult:
        """Make the run and add it up.

        Raises:
            TargetUnreachable: the target does not answer as an MCP server.
            NothingMeasured: it has not the tools, or the preparation failed.
            Interrupted: stopped before any call was measured.
        """
        await interruption.guard(self._inspect(), grace=0)
        if self._target is None or interruption.requested():
            raise Interrupted("stopped before any call was measured")
        began = datetime.now(UTC)
        users = self._users(self._target)
        unfinished = 0
        try:
            await interruption.guard(self._load(users, interruption), GRACE)
        finally:
            seconds = self._clock.now() - self._started
            interrupted = interruption.requested()
            unfinished = await _close(users, interruption)
        if not self._accounting.calls:
            raise (Interrupted if interrupted else NothingMeasured)("no call was made, so nothing was measured")
        return self._result(self._target, began, seconds, interrupted, unfinished)

    async def _inspect(self) -> None:
        self._target = await inspect(self._plan, self._connect, self._clock)

    def _users(self, target: Target) -> list[VirtualUser]:
        plan = self._plan
        return [
            VirtualUser(
                self._connect(plan.url), plan.timeout, plan.workload, target.schemas, self._accounting, self._clock
            )
            for _ in range(plan.executor.vus)
        ]

    async def _load(self, users: Sequence[VirtualUser], interruption: Interruption) -> None:
        self._started = self._clock.now()
        async with asyncio.TaskGroup() as group:
            for user in users:
                group.create_task(user.open())
        self._started = self._clock.now()  # the clock of the run starts when the sessions are there
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(self._output.watch(self._progress))
            try:
                await self._plan.executor.run(users, self._clock, interruption.requested)
            finally:
                watcher.cancel()

    def _progress(self) -> Progress:
        calls, seconds = self._accounting.calls, self._clock.now() - self._started
        return Progress(calls, self._accounting.failed, seconds, self._plan.executor.progress(calls, seconds))

    def _result(self, target: Target, began: datetime, seconds: float, interrupted: bool, unfinished: int) -> RunResult:
        plan, measured = self._plan, self._accounting.measurements(unfinished)
        return RunResult(
            workload=plan.name,
            mix=plan.mix,
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
            notes=target.notes,
        )


async def _close(users: Sequence[VirtualUser], interruption: Interruption) -> int:
    """End all sessions and drop all connections; how many sessions could not be ended."""
    ended = [False] * len(users)

    async def close(index: int) -> None:
        ended[index] = await users[index].close() is None

    async def close_all() -> None:
        async with asyncio.TaskGroup() as group:
            for index in range(len(users)):
                group.create_task(close(index))

    await interruption.guard(close_all(), GOODBYE)
    return ended.count(False)


def _verdicts(plan: Plan, measured: Measurements, seconds: float) -> tuple[TargetVerdict, ...]:
    found = {tool.tool: tool for tool in measured.tools}
    verdicts = []
    for target in plan.targets:
        tool = found.get(target.tool)
        calls, ok, p95 = (tool.calls, tool.ok, tool.response.p95) if tool else (0, 0, None)
        verdicts += judge_target(target, calls, calls - ok, p95, seconds)
    return tuple(verdicts)
