"""The look at a target before the load: does it answer, has it the tools, and what do they promise?"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from .accounting import Accounting
from .cells import errors
from .client.modern import MODERN
from .client.session import Session, Tool, delete_session, discover, initialize_session, list_tools, ping
from .client.transport import Transport
from .clock import Clock
from .errors import NothingMeasured, TargetUnreachable
from .metrics import Trend, TrendSummary
from .outcome import Connect, Failure, Timeout, Tls
from .plan import Plan, Scenario
from .schemas import OutputSchemas
from .vu import VirtualUser

_BUNDLED = ("calculator", "payments")
"""Plans that are named like the server of this package that they are for."""
_AT_ONCE, _CALLS_EACH = 32, 50
"""Most users that prepare a run, and the calls that are worth one more."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the look found: `tools` are the names of those that the run calls, `notes` sentences for the report.

    `listed` are these tools, and those that prepare the run; `called` has the names by scenario.
    """

    server: str
    protocol: str
    tools: tuple[str, ...]
    listed: tuple[Tool, ...]
    schemas: OutputSchemas
    notes: tuple[str, ...]
    called: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    round_trip: tuple[str, TrendSummary] | None = None


async def inspect(plan: Plan, connect: Callable[[str], Transport], clock: Clock) -> Target:
    """Look at the target of `plan` in a session of its own, and make the plan's setup calls.

    Raises:
        TargetUnreachable: the target does not answer as an MCP server.
        NothingMeasured: it has not the tools that the workload needs, or not one setup call succeeded.
    """
    transport = connect(plan.url)
    try:
        session = await initialize_session(transport, plan.timeout, protocol=plan.protocol)
        if not isinstance(session, Session):
            raise TargetUnreachable(_unreachable(plan, session))
        tools = await list_tools(session)
        await delete_session(session)
        if not isinstance(tools, tuple):
            raise NothingMeasured(f"{plan.url} does not list its tools: {tools.detail}")
    finally:
        await transport.close()
    called = {scenario.name: scenario.workload.choose(tools) for scenario in plan.scenarios}
    names = tuple(dict.fromkeys(chain.from_iterable(called.values())))
    wanted = {*names, *(call.tool for scenario in plan.scenarios for call in scenario.setup)}
    listed = tuple(tool for tool in tools if tool.name in wanted)
    schemas = OutputSchemas((tool.name, tool.output_schema) for tool in listed)
    notes_on_schemas = _without_schema(names, listed)
    target = Target(session.server_name, session.protocol, names, listed, schemas, notes_on_schemas, called)
    notes = [await _set_up(plan, scenario, target, connect, clock) for scenario in plan.scenarios if scenario.setup]
    round_trip = await _time_round_trips(plan, target, connect, clock) if plan.round_trips else None
    return replace(target, notes=(*target.notes, *notes), round_trip=round_trip)


async def _set_up(
    plan: Plan, scenario: Scenario, target: Target, connect: Callable[[str], Transport], clock: Clock
) -> str:
    """Make the setup calls of `scenario`, some at a time, outside the accounts of the run; a note about them."""
    accounts, calls = Accounting(), iter(scenario.setup)

    async def work() -> None:
        user = VirtualUser(
            connect(plan.url),
            plan.timeout,
            scenario.workload,
            target.schemas,
            accounts,
            clock,
            protocol=target.protocol,
            tools=target.listed,
        )
        try:
            for call in calls:
                await user.make(call)
        finally:
            await user.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(max(1, min(_AT_ONCE, len(scenario.setup) // _CALLS_EACH))):
            group.create_task(work())
    failures = errors(accounts.cells)
    if not accounts.ok:
        raise NothingMeasured(
            f"none of the {accounts.calls} calls that prepare the run succeeded: {failures[0].example}"
        )
    short = f"; {accounts.failed:,} of these calls failed, e.g. {failures[0].example}" if failures else ""
    return f"Before the clock started, {accounts.calls:,} calls prepared the run and were not counted{short}."


async def _time_round_trips(
    plan: Plan, target: Target, connect: Callable[[str], Transport], clock: Clock
) -> tuple[str, TrendSummary]:
    """The cheapest request of the era, and how long it took; one that failed counts for nothing."""
    trend, transport = Trend(), connect(plan.url)
    modern = target.protocol == MODERN
    try:
        session = await initialize_session(transport, plan.timeout, protocol=target.protocol)
        if isinstance(session, Session):
            for _ in range(plan.round_trips):
                began = clock.now()
                answer = await (discover(session) if modern else ping(session))
                if answer is None or isinstance(answer, Mapping):
                    trend.add(clock.now() - began)
            await delete_session(session)
    finally:
        await transport.close()
    return ("server/discover" if modern else "ping", trend.summary())


def _without_schema(called: Sequence[str], tools: Iterable[Tool]) -> tuple[str, ...]:
    without = {tool.name for tool in tools if tool.output_schema is None}
    names = [name for name in called if name in without]
    return (f"No outputSchema, so only what the workload knows was checked: {', '.join(names)}.",) if names else ()


def _unreachable(plan: Plan, failure: Failure) -> str:
    silent = isinstance(failure, (Connect, Tls, Timeout))
    what = "cannot be reached" if silent else "does not answer as an MCP server"
    start = f" (start one with: mcp-serve {plan.name})" if plan.name in _BUNDLED else ""
    return f"{plan.url} {what}: {failure.detail}. Is the server running{start}, and is the URL right?"
