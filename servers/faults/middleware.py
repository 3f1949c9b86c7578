"""The one ASGI layer where effects act: asks the plane, lets the hits act, delivers the reply, writes the journal.

Everything about one request is in a responder of its own. Nothing that a responder holds refers back to it: each
request would else be left to the garbage collector, whose pauses make all the others late.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..wire.call import MCP_PATH, Call, call_of, parse_call
from .acting import Acting, hide
from .delivery import Delivery, needs_raw
from .draft import Draft
from .exchange import ClientGone, Clock, Exchange, Sessions
from .inbox import Inbox
from .journal import Journal, Reason, Record
from .match import DELETE
from .plane import Hit, Plane
from .server_facts import NOTHING_KNOWN, ServerFacts
from .waits import Wait, Waits

_SESSION = b"mcp-session-id"
_OPEN_ENDED = "subscriptions/listen"


class FaultLayer:
    """ASGI layer above the lane.

    Args:
        app: the server.
        plane: which effects hit which call.
        journal: gets a record for each hit.
        sessions: the server's sessions.
        clock: for delays.
        on_fault: called with the record of each hit that took effect.
        facts: what effects may know of the server.
    """

    def __init__(
        self,
        app: ASGIApp,
        plane: Plane,
        journal: Journal,
        sessions: Sessions,
        clock: Clock,
        on_fault: Callable[[Record], None] = lambda _: None,
        facts: ServerFacts = NOTHING_KNOWN,
    ) -> None:
        self.app = app
        self.plane = plane
        self.journal = journal
        self.sessions = sessions
        self.clock = clock
        self.on_fault = on_fault
        self.facts = facts
        self.waits = Waits(clock, lambda: plane.expires_in)
        plane.on_swap(self.waits.release)

    def close(self) -> None:
        """The server stops: end all delays, and close what hangs, so that nothing holds it up."""
        self.waits.close()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI entry point. No coroutine of its own where nothing is hit: each call would pay for it."""
        call = call_of(scope)
        if call is not None:
            if self.plane.is_idle and call.method != "initialize":
                return self.app(scope, receive, send)
            return self._answer(call, scope, receive, send)
        if scope["type"] == "http" and scope["method"] == "DELETE" and scope["path"] == MCP_PATH:
            return self._end_session(scope, receive, send)
        return self.app(scope, receive, send)

    def _answer(self, call: Call, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if call.method == "initialize":
            send = self._introduce(call, send)
        hits = self.plane.decide(call)
        if not hits:
            return self.app(scope, receive, send)
        return self._respond(call, hits, scope, receive, send)

    async def _end_session(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request without a message: `CallReader`, which reads and counts the others, lets it pass."""
        call = parse_call(scope["headers"], b"")
        call.method = DELETE
        with self.plane.under_way.one_more():
            await self._answer(call, scope, receive, send)

    async def _respond(self, call: Call, hits: Sequence[Hit], scope: Scope, receive: Receive, send: Send) -> None:
        with Wait(self.waits) as wait:
            await _Responder(self, call, hits, wait, Delivery(scope, send, self.clock, wait)).respond(scope, receive)

    def _introduce(self, call: Call, send: Send) -> Send:
        """Tell the plane who opens the session, if one is opened."""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                session_id = dict(message["headers"]).get(_SESSION)
                if session_id is not None:
                    self.plane.introduce(call, session_id.decode("latin-1"))
            await send(message)

        return watch


class _Responder:
    """One request that is hit, from its decision to its records."""

    def __init__(self, layer: FaultLayer, call: Call, hits: Sequence[Hit], wait: Wait, delivery: Delivery) -> None:
        self._layer = layer
        self._call = call
        self._acting = [Acting(call, hit) for hit in hits]
        self._wait = wait
        self._delivery = delivery
        self._exchange = Exchange(
            call, layer.facts, layer.clock, layer.sessions, layer.plane.seed, hits[0].elapsed, wait.until
        )

    async def respond(self, scope: Scope, receive: Receive) -> None:
        """Answer, and put the records into the journal, whatever happens."""
        inbox = Inbox(receive, self._wait)
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(inbox.watch())
                try:
                    await self._answer(scope, inbox)
                except ClientGone:
                    self._left()
                except Exception as error:  # noqa: BLE001 - raised again below, as it is and not in a group
                    failure = error
                finally:
                    watcher.cancel()
        except BaseException:
            self._finish("cut off")
            raise
        self._finish("server error" if failure is not None else "client gone")
        if failure is not None:
            raise failure

    async def _answer(self, scope: Scope, inbox: Inbox) -> None:
        before, after = ([each for each in self._acting if each.record.phase == p] for p in ("before", "after"))
        exchange = self._exchange
        try:
            for acting in before:
                await self._act(acting)
        except ClientGone:
            # In the handshake era leaving is no cancellation: the request has come, so it is carried out.
            if self._call.era == "handshake" and exchange.draft is None:
                await self._capture(scope, inbox)
            raise
        gone = self._layer.plane.aftermath(self._call) if exchange.draft is None else None
        if gone is not None:  # its session died while it was held back, or another hit has not answered it
            self._acting.append(Acting(self._call, gone))
            await self._act(self._acting[-1])
        if exchange.draft is None and (not after or self._call.method == _OPEN_ENDED):
            for acting in after:
                acting.record.reason = "nothing to act on"  # a reply that never ends cannot be held
            exchange.executed = True
            await self._layer.app(scope, inbox.receive, self._delivery.hand_on)
            return
        if exchange.draft is None:
            await self._capture(scope, inbox)
        for acting in after:
            await self._act(acting)
        if exchange.draft is not None:
            await self._delivery.deliver(exchange.draft)

    async def _act(self, acting: Acting) -> None:
        exchange, record = self._exchange, acting.record
        before = exchange.draft
        held, hung = (before.wait, before.ending == "hang") if before is not None else (0.0, False)
        if before is not None and not self._delivery.is_raw:
            before = before.copy()
        exchange.begin(record.rule, record.n, acting.hit.index, record.expected)
        try:
            acted = await acting.hit.effect.act(exchange)
        except ClientGone:
            acting.timed_out()
            raise
        finally:
            record.planned_delay, record.achieved_delay = exchange.planned, exchange.achieved
        draft = exchange.draft
        record.expected = exchange.expected
        if not acted:
            record.reason = "nothing to act on"
        elif draft is not None and not self._delivery.is_raw and needs_raw(draft):
            exchange.draft = before
            record.reason = "cannot write raw bytes"
        else:
            acting.acted = True
            self._layer.plane.remember(acting.hit, exchange.dead_sessions)
            if draft is not None:
                acting.held = max(0.0, draft.wait - held)
                acting.hangs = draft.ending == "hang" and not hung

    async def _capture(self, scope: Scope, inbox: Inbox) -> None:
        """Let the server answer, and keep its reply as the draft."""
        start: Message | None = None
        bodies: list[bytes] = []

        async def send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            else:
                bodies.append(message.get("body", b""))

        self._exchange.executed = True
        await self._layer.app(scope, inbox.receive, send)
        if start is not None:
            self._exchange.draft = Draft.of_reply(start["status"], start["headers"], bodies)

    def _left(self) -> None:
        for acting in self._acting:
            acting.record.client_gone = True
            if self._delivery.left_waiting and acting.held:
                acting.timed_out()

    def _finish(self, why_not: Reason) -> None:
        """Put the records into the journal, now that the reply is over."""
        delivery, planned = self._delivery, sum(acting.held for acting in self._acting)
        for acting in self._acting:
            if acting.hangs and delivery.cut_off:
                acting.cut_off(released=self._wait.released)
            if acting.held:
                acting.record.planned_delay += acting.held
                acting.record.achieved_delay += delivery.held * acting.held / planned
            acting.conclude(why_not, took_effect=delivery.began, executed=self._exchange.executed, sent=delivery.sent)
        records = [acting.record for acting in self._acting]
        hide([record for record in records if record.counted])
        for record in records:
            self._layer.journal.add(record)
            if record.counted:
                self._layer.on_fault(record)
