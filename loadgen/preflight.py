"""The look at a target before the load: does it answer, has it the tools, and what do they promise?"""

from collections.abc import Callable
from dataclasses import dataclass

from .accounting import Accounting
from .client.session import Session, Tool, delete_session, initialize_session, list_tools, remember_tools
from .client.transport import Transport
from .clock import Clock
from .errors import NothingMeasured, TargetUnreachable
from .outcome import Connect, Failure, Timeout, Tls
from .plan import Plan
from .schemas import OutputSchemas
from .vu import VirtualUser


@dataclass(frozen=True, slots=True)
class Target:
    """What the look found: `listed` are the tools that the run calls, `notes` sentences for the report."""

    server: str
    protocol: str
    listed: tuple[Tool, ...]
    schemas: OutputSchemas
    notes: tuple[str, ...]

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that the run calls."""
        return tuple(tool.name for tool in self.listed)


class InformedUser(VirtualUser):
    """A virtual user whose sessions know `tools`: a modern server may want some of their arguments in headers, too."""

    tools: tuple[Tool, ...] = ()

    async def open(self) -> Session | Failure:
        """See `VirtualUser`."""
        opened = await super().open()
        if isinstance(opened, Session):
            remember_tools(opened, self.tools)
        return opened


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
        if not isinstance(tools, tuple):
            raise NothingMeasured(f"{plan.url} does not list its tools: {tools.detail}")
        await delete_session(session)
    finally:
        await transport.close()
    names = plan.workload.choose(tools)
    known = {tool.name: tool for tool in tools}
    wanted = tuple(known[name] for name in names)
    schemas = OutputSchemas((tool.name, tool.output_schema) for tool in wanted)
    notes = [*_without_schema(wanted), *await _set_up(plan, connect, session.protocol, wanted, schemas, clock)]
    return Target(session.server_name, session.protocol, wanted, schemas, tuple(notes))


async def _set_up(
    plan: Plan,
    connect: Callable[[str], Transport],
    protocol: str,
    tools: tuple[Tool, ...],
    schemas: OutputSchemas,
    clock: Clock,
) -> tuple[str, ...]:
    """Make the setup calls, one after another, outside the accounts of the run."""
    if not plan.setup:
        return ()
    accounts = Accounting()
    user = InformedUser(connect(plan.url), plan.timeout, plan.workload, schemas, accounts, clock, protocol=protocol)
    user.tools = tools
    try:
        for call in plan.setup:
            await user.make(call)
    finally:
        await user.close()
    failures = accounts.measurements(0).errors
    if not accounts.ok:
        raise NothingMeasured(
            f"none of the {accounts.calls} calls that prepare the run succeeded: {failures[0].example}"
        )
    short = f"; {accounts.failed} of these calls failed, e.g. {failures[0].example}" if failures else ""
    return (f"Before the clock started, {accounts.calls} calls prepared the run and were not counted{short}.",)


def _without_schema(tools: tuple[Tool, ...]) -> list[str]:
    names = [tool.name for tool in tools if tool.output_schema is None]
    return [f"No outputSchema, so values alone were checked: {', '.join(names)}."] if names else []


def _unreachable(plan: Plan, failure: Failure) -> str:
    silent = isinstance(failure, (Connect, Tls, Timeout))
    what = "cannot be reached" if silent else "does not answer as an MCP server"
    return (
        f"{plan.url} {what}: {failure.detail}. Is the server running (start one with: mcp-serve {plan.name}), "
        "and is the URL right?"
    )
