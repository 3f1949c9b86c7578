"""A virtual user: one MCP client with its own connection and session, making one call after another."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol

from .call import ToolCall
from .call_keys import CallKeys
from .client.session import PROTOCOL, Session, Tool, call_tool, delete_session, initialize_session, remember_tools
from .client.transport import Transport
from .clock import Clock, sleep_until
from .outcome import Cancelled, CheckFailed, Connect, Failure, Ok, Outcome, SchemaViolation, SessionLost, Timeout, Tls
from .sample import Sample, SessionSample
from .schemas import OutputSchemas
from .warm_up import WarmUp

_LONGEST_GOODBYE = 5.0
_STOPPED = Cancelled("the run was stopped")
_NOTHING: dict[str, Any] = {}


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

    def add_reissued(self, n: int) -> None:
        """A session is over in which `n` requests were sent once more, because their reply was lost."""
        ...


class VirtualUser:
    """One client. Every iteration it is given becomes exactly one sample, also when it is cancelled.

    Samples that `warm_up` covers are thrown away. With `keys`, each call is sent with a name of its own. Its sessions
    know `tools`: a modern server may want some of their arguments in headers, too. With `new_sessions` every call has a
    session of its own.
    """

    def __init__(
        self,
        transport: Transport,
        within: float,
        workload: Workload,
        schemas: OutputSchemas,
        accounts: Accounts,
        clock: Clock,
        warm_up: WarmUp | None = None,
        keys: CallKeys | None = None,
        *,
        protocol: str = PROTOCOL,
        retry_lost: bool = False,
        tools: Sequence[Tool] = (),
        new_sessions: bool = False,
    ) -> None:
        self._tools = tools
        self._new_sessions = new_sessions
        self._protocol = protocol
        self._retry_lost = retry_lost
        self._transport = transport
        self._within = within
        self._workload = workload
        self._schemas = schemas
        self._accounts = accounts
        self._clock = clock
        self._warm_up = warm_up
        self._keys = keys
        self._session: Session | Failure | None = None
        self.left_open = 0
        """Sessions of one call each that could not be ended."""

    async def open(self) -> Session | Failure:
        """Open a session. A failure to do so is kept for the next call, whose outcome it is."""
        due = self._clock.now()
        self._session = opened = await initialize_session(
            self._transport, self._within, protocol=self._protocol, retry_lost=self._retry_lost
        )
        if isinstance(opened, Session):
            remember_tools(opened, self._tools)
            named = opened.session_id is not None
            sample = SessionSample(due, self._clock.now(), None, named=named, timings=opened.opened)
        else:
            sample = SessionSample(due, self._clock.now(), opened, timings=self._transport.timings)
        self._accounts.add_session(sample)
        await self._transport.settle()
        return opened

    def iterate(self, n: int, due: float | None = None) -> Coroutine[Any, Any, Outcome]:
        """Make the `n`-th call of the run; see `make`."""
        return self.make(self._workload.next_call(n), n, due)

    def abandon(self, n: int, due: float) -> None:
        """Account for the `n`-th call of the run, which was due at `due` and will not be made."""
        self._account(n, Sample(self._workload.next_call(n).tool, due, None, self._clock.now(), _STOPPED))

    async def make(self, call: ToolCall, n: int = 1, due: float | None = None) -> Outcome:
        """Make `call`, now; when there is no session, open one first.

        In an open model it is or was `due` at its scheduled moment, whatever came between, and is not sent before it.
        Without that, in a closed model, it is due now, or when its session is there: opening one has a metric of its
        own.
        """
        began = self._clock.now()
        closed, not_before = due is None, due or 0.0
        due, sent = began if due is None else due, None
        session = self._session
        outcome: Outcome
        timings, resent = None, False
        try:
            if began < not_before and not isinstance(session, Session):
                await sleep_until(self._clock, not_before)
            if session is None:
                session = await self.open()
                began = self._clock.now()
                due = began if closed and isinstance(session, Session) else due
            if isinstance(session, Session):
                sent, reissued = max(began, not_before), session.reissued
                key = None if self._keys is None else self._keys.next(call.tool)
                outcome = await call_tool(session, call.tool, call.arguments, call_key=key, not_before=not_before)
                timings, resent = self._transport.timings, session.reissued > reissued
            else:
                outcome, self._session = session, None
        except asyncio.CancelledError:
            now = self._clock.now()
            sent = None if sent is None or now < sent else sent
            self._account(n, Sample(call.tool, due, sent, now, _STOPPED))
            raise
        if timings is None or not timings.ended:
            end = self._clock.now()
        else:  # what the client does before and after is no time of the server's
            end = timings.ended
            sent = sent if resent else end - timings.receiving - timings.waiting - timings.sending
        if isinstance(outcome, Ok):
            outcome = self._judge(call, outcome)
        if isinstance(outcome, (Connect, Tls)) or (isinstance(outcome, Timeout) and outcome.phase == "connect"):
            sent = None  # it never left
        self._account(n, Sample(call.tool, due, sent, end, outcome, timings))
        if isinstance(outcome, SessionLost):
            self._leave()
        await self._transport.settle()
        if self._new_sessions:
            self.left_open += 1  # until it is ended, which may be cut short
            self.left_open -= await self._end() is None
        return outcome

    async def close(self) -> Failure | None:
        """End the session and drop the connection; how ending the session failed, if it did."""
        try:
            return await self._end()
        finally:
            await self._transport.close()

    async def _end(self) -> Failure | None:
        session = self._leave()
        if session is None:
            return None
        session.within = min(self._within, _LONGEST_GOODBYE)
        return await delete_session(session)

    def _leave(self) -> Session | None:
        """The session, which is given up."""
        session, self._session = self._session, None
        if not isinstance(session, Session):
            return None
        self._accounts.add_reissued(session.reissued)
        return session

    def _account(self, n: int, sample: Sample) -> None:
        if self._warm_up is None or not self._warm_up.covers(n, sample.due):
            self._accounts.add(sample)

    def _judge(self, call: ToolCall, outcome: Ok) -> Outcome:
        """An Ok reply, looked at: the schema first, then the values."""
        violation = self._schemas.violation(call.tool, outcome.result)
        if violation is not None:
            return SchemaViolation(violation)
        content = outcome.result.get("structuredContent")
        if not isinstance(content, dict):
            content = _NOTHING  # the schema, if there is one, allows that; the workload may not
        fault = self._workload.find_fault(call, content)
        if fault is not None:
            return CheckFailed(fault)
        self._workload.take_in(call, content)
        return outcome
