"""The one ASGI layer where effects act: asks the plane, lets the hits act, delivers the reply, writes the journal.

Everything about one request is in a responder of its own. Only the client's leaving, the server's stop and the end of
its time end a wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..wire.call import MCP_PATH, Call, call_of, parse_call
from ..wire.connection import CannotWriteRaw, Connection, connection_of
from .draft import Draft, Headers, Piece
from .exchange import ClientGone, Clock, Exchange, Sessions
from .journal import Journal, Kind, Reason, Record, clip
from .plane import Hit, Plane

DELETE = "DELETE"
"""What `Call.method` is for a request that ends a session: it has no JSON-RPC message."""

_SESSION = b"mcp-session-id"
_OPEN_ENDED = "subscriptions/listen"
_WITHOUT_BODY = (204, 304)
_OUTERMOST = (
    "reset", "timeout", "http_status", "session_lost", "content_type", "parse", "sse_protocol", "rpc_error",
    "tool_error", "schema_violation", "check_failed",
)  # fmt: skip
"""Outcomes in the order in which a client comes upon them: of two on one reply, it sees the one that is first here."""


class FaultLayer:
    """ASGI layer above the lane.

    Args:
        app: the server.
        plane: which effects hit which call.
        journal: gets a record for each hit.
        sessions: the server's sessions.
        clock: for delays.
        on_fault: called with the record of each hit that took effect.
    """

    def __init__(
        self,
        app: ASGIApp,
        plane: Plane,
        journal: Journal,
        sessions: Sessions,
        clock: Clock,
        on_fault: Callable[[Record], None] = lambda _: None,
    ) -> None:
        self.app = app
        self.plane = plane
        self.journal = journal
        self.sessions = sessions
        self.clock = clock
        self.on_fault = on_fault
        self.stopping = False
        self.alarms: set[asyncio.Timeout] = set()
        """One for each wait under way; see `_Responder.wait`."""

    def close(self) -> None:
        """The server stops: end all delays, and close what hangs, so that nothing holds it up."""
        self.stopping = True
        for alarm in self.alarms:
            _ring(alarm)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        call = call_of(scope) or _delete_in(scope)
        if call is None:
            await self.app(scope, receive, send)
            return
        plane = self.plane
        if call.method == "initialize":
            send = self._introduce(call, send)
        plane.begin(call)
        try:
            hits = plane.decide(call)
            if not hits:
                await self.app(scope, receive, send)
            else:
                await _Responder(self, scope, call, hits, receive, send).respond()
        finally:
            plane.finish(call)

    def _introduce(self, call: Call, send: Send) -> Send:
        """Tell the plane who opens the session, if one is opened."""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                session_id = dict(message["headers"]).get(_SESSION)
                if session_id is not None:
                    self.plane.introduce(call, session_id.decode("latin-1"))
            await send(message)

        return watch


def _delete_in(scope: Scope) -> Call | None:
    if scope["type"] != "http" or scope["method"] != "DELETE" or scope["path"] != MCP_PATH:
        return None
    call = parse_call(scope["headers"], b"")
    call.method = DELETE
    return call


def _ring(alarm: asyncio.Timeout) -> None:
    if not alarm.expired():
        alarm.reschedule(0)


class _Inbox:
    """What the client sends after its request, read ahead so that its leaving is noticed at once."""

    def __init__(self, receive: Receive, on_gone: Callable[[], None]) -> None:
        self.gone = False
        self._on_gone = on_gone
        self._receive = receive
        self._read: deque[Message] = deque()
        self._arrived = asyncio.Event()

    async def watch(self) -> None:
        """Read until the client leaves."""
        while not self.gone:
            message = await self._receive()
            self._read.append(message)
            self._arrived.set()
            if message["type"] == "http.disconnect":
                self.gone = True
                self._on_gone()

    async def receive(self) -> Message:
        """For the server below: as if nobody had read ahead."""
        while not self._read:
            if self.gone:
                return {"type": "http.disconnect"}
            self._arrived.clear()
            await self._arrived.wait()
        return self._read.popleft()


class _Acting:
    """One hit, its record, and what it did to the draft."""

    __slots__ = ("acted", "hangs", "held", "hit", "record")

    def __init__(self, hit: Hit, record: Record) -> None:
        self.hit = hit
        self.record = record
        self.acted = False
        self.hangs = False
        """Whether the reply hangs because of it."""
        self.held = 0.0
        """Seconds that the pieces of the reply are held back because of it."""

    def timed_out(self) -> None:
        """The client left while this hit held its reply back: that is what it did."""
        self.acted = self.record.counted = True
        self.record.expected = "timeout"


class _Responder:
    """One request that is hit, from its decision to its records."""

    def __init__(
        self, layer: FaultLayer, scope: Scope, call: Call, hits: Sequence[Hit], receive: Receive, send: Send
    ) -> None:
        self._layer = layer
        self._scope = scope
        self._call = call
        self._send = send
        self._inbox = _Inbox(receive, self._stop_waiting)
        self._alarm: asyncio.Timeout | None = None
        self._acting = [_Acting(hit, _record(call, hit)) for hit in hits]
        self._connection = _connection(scope)
        seed = layer.plane.profile.seed
        self._exchange = Exchange(call, scope, layer.clock, layer.sessions, seed, hits[0].elapsed, self.wait)
        self._bytes = 0
        self._held = 0.0  # seconds for which pieces were really held back
        self._began = False  # something of the reply is on the wire, or its absence is what was asked for

    async def respond(self) -> None:
        """Answer, and put the records into the journal, whatever happens."""
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                watcher = group.create_task(self._inbox.watch())
                try:
                    await self._answer()
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

    async def wait(self, seconds: float) -> None:
        """Let `seconds` pass; the server's stop ends them early.

        Raises:
            ClientGone: nobody waits for the reply any more.
        """
        if not self._layer.stopping and not self._inbox.gone:
            try:
                async with asyncio.timeout(None) as alarm:
                    self._alarm = alarm
                    self._layer.alarms.add(alarm)
                    try:
                        await self._layer.clock.sleep(seconds)
                    finally:
                        self._alarm = None
                        self._layer.alarms.discard(alarm)
            except TimeoutError:
                pass  # rung by the client's leaving or the server's stop
        if self._inbox.gone:
            raise ClientGone

    def _stop_waiting(self) -> None:
        if self._alarm is not None:
            _ring(self._alarm)

    @property
    def _gone(self) -> bool:
        """Whether the client left before its reply was complete."""
        return self._connection.gone if self._connection is not None else self._inbox.gone

    async def _answer(self) -> None:
        by_phase: dict[str, list[_Acting]] = {"before": [], "after": []}
        for acting in self._acting:
            by_phase[acting.record.phase].append(acting)
        try:
            for acting in by_phase["before"]:
                await self._act(acting)
        except ClientGone:
            # In the handshake era leaving is no cancellation: the request has come, so it is carried out.
            if self._call.era == "handshake" and self._exchange.draft is None:
                await self._capture()
            raise
        if self._exchange.draft is None:
            if not by_phase["after"] or self._call.method == _OPEN_ENDED:
                for acting in by_phase["after"]:
                    acting.record.reason = "nothing to act on"  # a reply that never ends cannot be held
                await self._pass()
                return
            await self._capture()
        for acting in by_phase["after"]:
            await self._act(acting)
        if self._exchange.draft is not None:
            await self._deliver(self._exchange.draft)

    async def _act(self, acting: _Acting) -> None:
        exchange, record = self._exchange, acting.record
        before = exchange.draft
        held, hung = (before.wait, before.ending == "hang") if before is not None else (0.0, False)
        if before is not None and self._connection is None:
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
        elif draft is not None and self._connection is None and _needs_raw(draft):
            exchange.draft = before
            record.reason = "cannot write raw bytes"
        else:
            acting.acted = True
            if draft is not None:
                acting.held = max(0.0, draft.wait - held)
                acting.hangs = draft.ending == "hang" and not hung

    async def _pass(self) -> None:
        """Let the server answer; its reply goes out as it comes."""

        async def send(message: Message) -> None:
            if not self._gone:
                self._began = True
            self._bytes += len(message.get("body", b""))
            await self._send(message)

        self._exchange.executed = True
        await self._layer.app(self._scope, self._inbox.receive, send)

    async def _capture(self) -> None:
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
        await self._layer.app(self._scope, self._inbox.receive, send)
        if start is not None:
            self._exchange.draft = Draft.of_reply(start["status"], start["headers"], bodies)

    async def _deliver(self, draft: Draft) -> None:
        if self._gone:
            raise ClientGone
        self._began = True
        if draft.status:
            await self._send({"type": "http.response.start", "status": draft.status, "headers": _headers(draft)})
            if draft.ending == "complete" and not _lies(draft):
                await self._write_whole(draft)
                return
            await self._write_pieces(draft)
        await self._end(draft)

    async def _write_whole(self, draft: Draft) -> None:
        *pieces, last = draft.pieces or [Piece(b"")]
        for piece in pieces:
            await self._hold(piece.wait, draft)
            await self._write(piece.data, more=True)
        await self._hold(last.wait, draft)
        await self._write(last.data, more=draft.is_stream)
        if draft.is_stream:
            await self._write(b"")

    async def _write_pieces(self, draft: Draft) -> None:
        """Write them so that uvicorn takes the reply for unfinished, however long it was said to be."""
        left = _length(draft)
        for piece in draft.pieces:
            await self._hold(piece.wait, draft)
            await self._write(piece.data[:left], more=True)
            if left is not None:
                beyond, left = piece.data[left:], max(0, left - len(piece.data))
                if beyond and self._connection is not None:
                    await self._connection.write_raw(beyond)
                    self._bytes += len(beyond)

    async def _write(self, body: bytes, *, more: bool = False) -> None:
        if self._gone:
            raise ClientGone
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
        self._bytes += len(body)

    async def _hold(self, seconds: float, draft: Draft) -> None:
        if not seconds:
            return
        clock = self._layer.clock
        began = clock.now()
        try:
            await self.wait(seconds)
        except ClientGone:
            # Who has read the whole response may leave before the stream ends.
            if self._bytes < len(draft.body.rstrip(b"\r\n")):
                for acting in self._acting:
                    if acting.held:
                        acting.timed_out()
            raise
        finally:
            self._held += clock.now() - began

    async def _end(self, draft: Draft) -> None:
        connection = self._connection
        if connection is None:  # `_act` let no such draft pass
            raise CannotWriteRaw("this reply needs raw bytes")
        match draft.ending:
            case "reset":
                await connection.reset()
            case "hang":
                await self.wait(draft.hang_seconds)
                connection.close()
                for acting in self._acting:
                    if acting.hangs and acting.record.expected == "timeout":
                        acting.record.expected = "reset"
            case "complete" if draft.declared_length is not None and draft.declared_length <= draft.length:
                connection.finish()
            case _:
                connection.close()

    def _left(self) -> None:
        for acting in self._acting:
            acting.record.client_gone = True

    def _finish(self, why_not: Reason) -> None:
        """Put the records into the journal, now that the reply is over."""
        planned = sum(acting.held for acting in self._acting)
        for acting in self._acting:
            record = acting.record
            record.counted = record.counted or (acting.acted and self._began)
            if acting.acted and not record.counted:
                record.reason = why_not
                record.client_gone = record.client_gone or why_not == "client gone"
            elif not acting.acted and not record.reason:
                record.reason = why_not
            record.executed = self._exchange.executed
            record.bytes_sent = self._bytes
            if acting.held:
                record.planned_delay += acting.held
                record.achieved_delay += self._held * acting.held / planned
        _hide([acting.record for acting in self._acting if acting.record.counted])
        for acting in self._acting:
            self._layer.journal.add(acting.record)
            if acting.record.counted:
                self._layer.on_fault(acting.record)


def _connection(scope: Scope) -> Connection | None:
    try:
        return connection_of(scope)
    except CannotWriteRaw:
        return None


def _length(draft: Draft) -> int | None:
    """The Content-Length that the reply will have; None: it comes in chunks, or has no body by its status."""
    if draft.declared_length is not None:
        return draft.declared_length
    if draft.ending != "complete" or draft.is_stream or draft.status in _WITHOUT_BODY:
        return None  # without a length, what is broken off would be a whole reply
    return draft.length


def _headers(draft: Draft) -> Headers:
    length = _length(draft)
    return draft.headers if length is None else [*draft.headers, (b"content-length", b"%d" % length)]


def _lies(draft: Draft) -> bool:
    return draft.declared_length is not None and draft.declared_length != draft.length


def _needs_raw(draft: Draft) -> bool:
    return draft.ending != "complete" or _lies(draft)


def _hide(counted: Sequence[Record]) -> None:
    """A client sees one outcome: the others of the same reply are hidden behind it."""
    ranks = {outcome: rank for rank, outcome in enumerate(_OUTERMOST)}
    for record in counted:
        record.hidden = record.expected is not None
    seen = [record for record in counted if record.hidden]
    if seen:
        min(seen, key=lambda r: ranks.get((r.expected or "").partition("(")[0], len(ranks))).hidden = False


def _record(call: Call, hit: Hit) -> Record:
    return Record(
        generation=hit.generation,
        rule=hit.rule.name,
        n=hit.n,
        draw=hit.draw,
        effect=hit.effect.fault_type(),
        phase=hit.effect.phase(),
        expected=hit.effect.expects(call),
        session=clip(call.session_id),
        request_id=clip(call.id),
        call_key=clip(call.key),
        method=clip(call.method),
        tool=clip(call.tool),
        kind=_kind(call),
    )


def _kind(call: Call) -> Kind:
    method = call.method or ""
    if method == DELETE:
        return "delete"
    if not call.has_id:
        return "notification"
    if method == "tools/call":
        return "call"
    return "initialize" if method == "initialize" else "list" if method.endswith("/list") else "other"
