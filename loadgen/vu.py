"""A virtual user: one MCP client with its own connection and session, making one call after another."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from .call import ToolCall
from .client.session import Session, call_tool, delete_session, initialize_session
from .client.transport import Transport
from .clock import Clock
from .outcome import Cancelled, CheckFailed, Failure, Ok, Outcome, SchemaViolation, SessionLost
from .sample import Sample, SessionSample
from .schemas import OutputSchemas

_LONGEST_GOODBYE = 5.0


class Workload(Protocol):
    """Chooses calls and judges replies."""

    def next_call(self, n: int) -> ToolCall:
        """The `n`-th call of the run, from 1: a function of the seed, `n`, and what replies have been taken in."""
        ...

    def find_fault(self, call: ToolCall, content: Mapping[str, Any]) -> str | None:
        """What is wrong with the structured result of `call`, as a sentence; None when nothing is."""
        ...

    def take_in(self, call: ToolCall, content: Mapping[str, Any]) -> None:
        """Remember what later calls can use from the result of `call`, which is right."""
        ...


class Accounts(Protocol):
    """Takes every sample, at once and without waiting."""

    def add(self, sample: Sample) -> None:
        """One call is over."""
        ...

    def add_session(self, sample: SessionSample) -> None:
        """One attempt to open a session is over."""
        ...


class VirtualUser:
    """One client. Every call it makes becomes exactly one sample, also when it is cancelled."""

    def __init__(
        self,
        transport: Transport,
        within: float,
        workload: Workload,
        schemas: OutputSchemas,
        accounts: Accounts,
        clock: Clock,
    ) -> None:
        self._transport = transport
        self._within = within
        self._workload = workload
        self._schemas = schemas
        self._accounts = accounts
        self._clock = clock
        self._session: Session | Failure | None = None

    async def open(self) -> Session | Failure:
        """Open a session. A failure to do so is kept for the next call, whose outcome it is."""
        due = self._clock.now()
        self._session = opened = await initialize_session(self._transport, self._within)
        failure = None if isinstance(opened, Session) else opened
        self._accounts.add_session(SessionSample(due, self._clock.now(), failure))
        await self._transport.settle()
        return opened

    async def iterate(self, n: int) -> Outcome:
        """Make the `n`-th call of the run, now."""
        return await self.make(self._workload.next_call(n))

    async def make(self, call: ToolCall) -> Outcome:
        """Make `call`, now; when there is no session, open one first."""
        due, sent = self._clock.now(), None
        try:
            session = self._session
            if session is None:
                session = await self.open()
                due = self._clock.now() if isinstance(session, Session) else due  # opening has its own metric
            outcome: Outcome
            if isinstance(session, Session):
                sent = self._clock.now()
                outcome = await call_tool(session, call.tool, call.arguments)
            else:
                outcome, self._session = session, None
        except asyncio.CancelledError:
            self._accounts.add(Sample(call.tool, due, sent, self._clock.now(), Cancelled("the run was stopped")))
            raise
        end = self._clock.now()
        outcome = self._judge(call, outcome)
        self._accounts.add(Sample(call.tool, due, sent, end, outcome))
        if isinstance(outcome, SessionLost):
            self._session = None
        await self._transport.settle()
        return outcome

    async def close(self) -> Failure | None:
        """End the session and drop the connection; how ending the session failed, if it did."""
        try:
            if not isinstance(self._session, Session):
                return None
            session, self._session = self._session, None
            session.within = min(self._within, _LONGEST_GOODBYE)
            return await delete_session(session)
        finally:
            await self._transport.close()

    def _judge(self, call: ToolCall, outcome: Outcome) -> Outcome:
        """An Ok reply, looked at: the schema first, then the values."""
        if not isinstance(outcome, Ok):
            return outcome
        violation = self._schemas.violation(call.tool, outcome.result)
        if violation is not None:
            return SchemaViolation(violation)
        content = outcome.result.get("structuredContent")
        if not isinstance(content, dict):
            return SchemaViolation("the result has no structuredContent object")
        fault = self._workload.find_fault(call, content)
        if fault is not None:
            return CheckFailed(fault)
        self._workload.take_in(call, content)
        return outcome
