import asyncio
import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from formats.errors import InvalidInput
from loadgen.call import ToolCall
from loadgen.client.aiohttp import AiohttpTransport
from loadgen.clock import SystemClock
from loadgen.engine import Engine
from loadgen.errors import NothingMeasured
from loadgen.executors.closed import ConstantVus, SharedIterations
from loadgen.executors.open import ConstantArrivalRate
from loadgen.executors.ramping import RampingVus
from loadgen.interruption import Interruption
from loadgen.options.calculator import CalculatorOptions
from loadgen.pacing import Stage
from loadgen.plan import Executor, Floor, Plan, PlannedWorkload
from loadgen.progress import Progress
from loadgen.result import RunResult
from loadgen.workloads.calculator import CalculatorWorkload
from tests.support.http_server import HttpServer, Received, http_server, reply, result
from tests.support.mcp_script import McpScript, tool_result

TOOLS = [{"name": name} for name in CalculatorWorkload.tools]


class Disturbed(CalculatorWorkload):
    """A calculator's load during which something happens once: when the `n`-th call is chosen, or the next that is.

    On a busy machine any one call may be dropped, and is never chosen.
    """

    def __init__(self, at: int, what: Callable[[], None]) -> None:
        super().__init__(seed=1)
        self._at: float = at
        self._what = what

    def next_call(self, n: int) -> ToolCall:
        if n >= self._at:
            self._at = math.inf
            self._what()
        return super().next_call(n)


class Watching:
    """An output that keeps the last progress it saw."""

    def __init__(self) -> None:
        self.seen: list[Progress] = []

    async def watch(self, progress: Callable[[], Progress]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.seen.append(progress())


def plan_for(url: str, executor: Executor, workload: PlannedWorkload | None = None, **changes: object) -> Plan:
    plan = CalculatorOptions.model_validate({"url": url, "seed": 1, "timeout": 1.5}).plan()
    (scenario,) = plan.scenarios
    scenario = replace(scenario, executor=executor, workload=workload or scenario.workload)
    return replace(plan, scenarios=(scenario,), **changes)  # type: ignore[arg-type]  # fields by name


async def run(plan: Plan, interruption: Interruption | None = None, output: Watching | None = None) -> RunResult:
    engine = Engine(plan, AiohttpTransport, SystemClock(), output or Watching())
    return await engine.run(interruption or Interruption())


@contextmanager
def calculator() -> Iterator[tuple[int, str]]:
    """A calculator server in a process of its own: its id, and its URL."""
    command = [sys.executable, "-m", "servers", "calculator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+/mcp", process.stdout.readline())
            assert found
            yield process.pid, found.group()
        finally:
            process.kill()


def check_exactness(outcome: RunResult, due: int) -> None:
    measured = outcome.measured
    failed = sum(error.count for error in measured.errors if error.label != "cancelled")
    assert measured.due == due == measured.ok + failed + measured.dropped + measured.unfinished


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_server_killed_or_stopped_in_mid_run_loses_no_account(number: signal.Signals) -> None:
    with calculator() as (pid, url):

        class ThenKilled(ConstantArrivalRate):
            async def run(self, floor: Floor) -> None:
                await super().run(floor)
                os.kill(pid, signal.SIGKILL)  # else each session would wait for its end

        executor, output = ThenKilled(300, 1.0, 4, 8, graceful_stop=0.2), Watching()
        workload = Disturbed(100, lambda: os.kill(pid, number))
        plan = plan_for(url, executor, workload=workload, timeout=60.0)  # however slow this machine is, none times out
        outcome = await run(plan, output=output)
    check_exactness(outcome, 300)
    assert outcome.measured.ok > 0
    labels = {error.label for error in outcome.measured.errors}
    if number == signal.SIGKILL:
        assert {"connect"} <= labels
    else:
        assert (outcome.measured.unfinished, labels) == (8, {"cancelled"})
        assert outcome.measured.dropped > 0
        (note,) = (note for note in outcome.notes if "dropped" in note)
        assert f"{outcome.measured.dropped} of 300 iterations were dropped" in note
        assert output.seen[-1].dropped == outcome.measured.dropped


@pytest.mark.parametrize("presses", [1, 2])
async def test_an_interrupted_open_model_accounts_for_everything_that_was_due(presses: int) -> None:
    interruption, clock = Interruption(), SystemClock()
    pressed_at = 0.0

    def press() -> None:
        nonlocal pressed_at
        pressed_at = clock.now()
        for _ in range(presses):
            interruption.press()

    with calculator() as (_, url):
        executor = ConstantArrivalRate(200, 60, 4, 8)
        began = clock.now()
        outcome = await run(plan_for(url, executor, workload=Disturbed(100, press)), interruption)
    assert outcome.interrupted
    assert 100 <= outcome.measured.due <= 200 * (pressed_at - began) + 1  # none that was due after the press
    check_exactness(outcome, outcome.measured.due)


async def calculate(request: Received, writer: asyncio.StreamWriter) -> None:
    params = request.message["params"]
    a, b = params["arguments"]["a"], params["arguments"]["b"]
    value = {"add": a + b, "subtract": a - b, "multiply": a * b, "divide": a / b}[params["name"]]
    writer.write(reply(result(request.message["id"], tool_result({"result": value}))))


async def test_users_that_come_later_open_their_own_session_and_all_are_ended() -> None:
    script = McpScript(calculate, TOOLS)
    async with http_server(script) as server:
        executor = RampingVus((Stage(0.2, 4), Stage(0.1, 4)), 1)
        outcome = await run(plan_for(server.url, executor))
    assert outcome.measured.sessions is not None
    assert outcome.measured.sessions.opened == 4
    assert (script.opened, script.ended, script.sessions) == (5, 5, set())  # and the look before
    assert outcome.measured.errors == ()


async def test_in_an_open_model_opening_a_session_is_part_of_the_wait_of_a_call() -> None:
    script = McpScript(calculate, TOOLS)
    async with http_server(script) as server:
        outcome = await run(plan_for(server.url, ConstantArrivalRate(20, 0.2, 0, 1)))
    measured = outcome.measured
    assert measured.sessions is not None
    assert measured.sessions.opened == 1
    assert measured.response.maximum is not None
    assert measured.sessions.creation.maximum is not None
    assert measured.response.maximum > measured.sessions.creation.maximum
    check_exactness(outcome, 4)


@pytest.mark.parametrize(
    ("executor", "changes", "calls"),
    [
        (SharedIterations(3, 30), {"warm_up_iterations": 12}, 18),
        (ConstantArrivalRate(100, 0.3, 5, 50), {"warm_up_seconds": 0.1}, 20),
    ],
)
async def test_a_warm_up_runs_but_is_not_counted(executor: Executor, changes: dict[str, float], calls: int) -> None:
    chosen: list[int] = []

    class Counting(CalculatorWorkload):
        def next_call(self, n: int) -> ToolCall:
            chosen.append(n)
            return super().next_call(n)

    async with http_server(McpScript(calculate, TOOLS)) as server:
        outcome = await run(plan_for(server.url, executor, workload=Counting(1), **changes))
    assert len(chosen) == 30
    check_exactness(outcome, calls)
    assert outcome.seconds < 0.3 + 1


async def test_a_warm_up_that_is_the_whole_run_measures_nothing() -> None:
    async with http_server(McpScript(calculate, TOOLS)) as server:
        plan = plan_for(server.url, ConstantVus(1, 0.05), warm_up_seconds=60.0)
        with pytest.raises(NothingMeasured, match="no call was made that counts"):
            await run(plan)


@pytest.mark.parametrize("executor", [SharedIterations(3, 30), ConstantArrivalRate(100, 0.3, 2, 50)])
async def test_calls_carry_keys_that_count_each_tool_from_one(executor: Executor) -> None:
    async with http_server(McpScript(calculate, TOOLS)) as server:
        await run(plan_for(server.url, executor, send_keys=True, run_id="r1"))
        sent = [
            (request.message["params"]["name"], request.headers["mcp-testbed-call"]) for request in calls_of(server)
        ]
    for tool in CalculatorWorkload.tools:
        keys = [key for name, key in sent if name == tool]
        assert sorted(keys) == sorted(f"r1/{tool}/{n}" for n in range(1, len(keys) + 1))
    assert len(sent) == 30


async def test_calls_carry_no_keys_unless_asked() -> None:
    async with http_server(McpScript(calculate, TOOLS)) as server:
        await run(plan_for(server.url, SharedIterations(1, 2)))
        assert not any("mcp-testbed-call" in request.headers for request in calls_of(server))


def calls_of(server: HttpServer) -> list[Received]:
    return [request for request in server.received if request.body and request.message["method"] == "tools/call"]


async def test_more_users_than_files_are_refused_before_a_socket_opens(free_port: int) -> None:
    plan = plan_for(f"http://127.0.0.1:{free_port}/mcp", ConstantArrivalRate(1, 1, 1, 10**12))
    with pytest.raises(InvalidInput, match="1,000,000,000,000 virtual users need"):
        await run(plan)
