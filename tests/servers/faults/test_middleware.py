"""The layer where effects act: what it lets through, what it delivers, and what it writes down."""

import asyncio
import gc
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from servers.faults.draft import Draft, Piece
from servers.faults.exchange import Effect, Exchange, Phase
from servers.faults.journal import Journal, Record
from servers.faults.middleware import FaultLayer
from servers.faults.model import NO_FAULTS, Profile, Rule
from servers.faults.plane import Plane
from servers.wire.call import MCP_PATH, Call, CallReader
from tests.support.clock import FakeClock
from tests.support.control import eventually
from tests.support.faulty import (
    NoSessions,
    PlainClient,
    ask,
    ask_handshake,
    call_body,
    call_headers,
    effect,
    faulty,
    rule,
)
from tests.support.raw_mcp import HANDSHAKE, MODERN

Act = Callable[[Exchange], Awaitable[bool]]


class Doing:
    """An effect made of one function."""

    def __init__(self, act: Act, phase: Phase = "after", expects: str | None = None) -> None:
        self._act = act
        self._phase = phase
        self._expects = expects

    def fault_type(self) -> str:
        return "test_doing"

    def phase(self) -> Phase:
        return self._phase

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        return self._expects

    async def act(self, exchange: Exchange) -> bool:
        return await self._act(exchange)


def delivering(draft: Draft, phase: Phase = "before", expects: str | None = None) -> Effect:
    async def act(exchange: Exchange) -> bool:
        exchange.draft = draft.copy()
        return True

    return Doing(act, phase, expects)


def json_draft(*pieces: Piece, **settings: Any) -> Draft:
    return Draft(200, [(b"content-type", b"application/json")], list(pieces), **settings)


def stream_draft(*pieces: Piece, **settings: Any) -> Draft:
    return Draft(200, [(b"content-type", b"text/event-stream")], list(pieces), **settings)


# Delivery, byte for byte


def test_a_json_draft_has_its_length_and_a_stream_comes_in_one_chunk_for_each_piece() -> None:
    pieces = Piece(b"abc"), Piece(b"de")
    with faulty(rule(delivering(json_draft(*pieces)))) as server:
        seen = ask(server)
        assert (seen.headers["content-length"], seen.after_head, seen.ended) == ("5", b"abcde", "kept")
    with faulty(rule(delivering(stream_draft(*pieces)))) as server:
        seen = ask(server)
        assert seen.headers["transfer-encoding"] == "chunked"
        assert (seen.after_head, seen.ended) == (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "kept")
        assert server.record().bytes_sent == 5


@pytest.mark.parametrize("draft", [json_draft(), Draft(204), Draft(404)])
def test_a_draft_without_a_body_is_complete(draft: Draft) -> None:
    with faulty(rule(delivering(draft))) as server, PlainClient(server.port) as client:
        for _ in range(2):
            seen = client.ask(call_body(), call_headers())
            assert (seen.status, seen.after_head, seen.ended) == (draft.status, b"", "kept")


@pytest.mark.parametrize(
    ("draft", "after_head", "ended"),
    [
        (json_draft(Piece(b"abc"), ending="close", declared_length=9), b"abc", "closed"),
        (json_draft(Piece(b"abc"), declared_length=9), b"abc", "closed"),
        (json_draft(Piece(b"abc"), ending="reset", declared_length=9), b"abc", "reset"),
        (json_draft(Piece(b"abc"), ending="hang", declared_length=9, hang_seconds=0.1), b"abc", "closed"),
        (stream_draft(Piece(b"abc"), ending="close"), b"3\r\nabc\r\n", "closed"),
        (stream_draft(Piece(b"abc"), ending="reset"), b"3\r\nabc\r\n", "reset"),
        (stream_draft(ending="reset"), b"", "reset"),
        (stream_draft(Piece(b"abc"), declared_length=5), b"abc", "closed"),
    ],
    ids=repr,
)
def test_a_draft_ends_as_it_says(draft: Draft, after_head: bytes, ended: str) -> None:
    with faulty(rule(delivering(draft))) as server:
        seen = ask(server)
        assert (seen.status, seen.after_head, seen.ended) == (200, after_head, ended)
        record = server.record()
        assert (record.counted, record.bytes_sent) == (True, 3 if draft.pieces else 0)


@pytest.mark.parametrize(("ending", "ended"), [("reset", "reset"), ("close", "closed")])
def test_a_draft_without_status_sends_nothing_but_its_end(ending: Any, ended: str) -> None:
    with faulty(rule(delivering(Draft(0, ending=ending)))) as server:
        seen = ask(server)
        assert (seen.raw, seen.ended) == (b"", ended)
        assert server.record().counted


def test_a_content_length_that_promises_too_little_leaves_bytes_behind_the_reply() -> None:
    draft = json_draft(Piece(b"abc"), Piece(b"def"), Piece(b"ghi"), declared_length=4)
    with faulty(rule(delivering(draft))) as server, PlainClient(server.port) as client:
        seen = client.ask(call_body(), call_headers())
        raw = seen.raw
        while len(raw.partition(b"\r\n\r\n")[2]) < 9:
            raw += client._socket.recv(100)
        assert b"content-length: 4\r\n" in raw
        assert raw.endswith(b"\r\n\r\nabcdefghi")
        assert server.record().bytes_sent == 9


def test_the_journal_knows_how_long_pieces_waited_for_their_moment() -> None:
    draft = json_draft(Piece(b"ab"), Piece(b"cd", 0.1), Piece(b"ef", 0.1))
    with faulty(rule(delivering(draft))) as server:
        seen = ask(server)
        assert seen.after_head == b"abcdef"
        record = server.record()
        assert record.planned_delay == pytest.approx(0.2)
        assert record.achieved_delay is not None
        assert record.achieved_delay > 0.199


def test_the_connection_serves_the_next_request_after_a_complete_reply() -> None:
    every_second = rule(effect(http={"status": 503}), when={"every": 2})
    with faulty(every_second) as server, PlainClient(server.port) as client:
        statuses = [client.ask(call_body(request_id=n), call_headers()).status for n in range(1, 7)]
    assert statuses == [200, 503] * 3


# What passes


@pytest.mark.parametrize("json_response", [True, False])
def test_without_a_hit_the_reply_is_the_servers_byte_for_byte(json_response: bool) -> None:
    with faulty(json_response=json_response) as server:
        plain = ask_handshake(server)
    nothing_to_act_on = rule(effect(http={"reset": {"after": "1MB"}}))
    with faulty(nothing_to_act_on, json_response=json_response) as server:
        held = ask_handshake(server)
    volatile = ("date", "mcp-session-id")
    assert plain.after_head == held.after_head
    assert {**plain.headers, **dict.fromkeys(volatile)} == {**held.headers, **dict.fromkeys(volatile)} or (
        plain.headers.keys() - {"connection"} == held.headers.keys()
    )
    assert (plain.status, plain.ended) == (held.status, held.ended)


def test_a_rule_for_another_tool_writes_nothing_down() -> None:
    with faulty(rule(effect(http={"status": 503}), match={"tool": "other"})) as server:
        assert ask(server).status == 200
        assert server.journal.page().records == ()


def test_get_and_other_paths_are_never_touched() -> None:
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        seen.append(f"{scope['method']} {scope['path']}")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    crowd = rule(effect(http={"status": 503}), match={"in_flight_above": 0})
    with faulty(crowd, app=app) as server, PlainClient(server.port) as client:
        assert client.ask(b"", {}, method="GET").status == 200
        assert client.ask(b"", {}, method="DELETE").status == 503
        assert client.ask(b"{}", {}, method="POST").status == 503
        kinds = [record.kind for record in server.records(2)]
        eventually(lambda: server.plane.in_flight, 0)
    assert seen == ["GET /mcp"]
    assert kinds == ["delete", "notification"]


# On a fake wire

BODY = {"type": "http.request", "body": call_body(), "more_body": False}


class StandingClock(FakeClock):
    """Whoever sleeps never wakes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.sleepers: asyncio.Queue[float] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        self.sleepers.put_nowait(seconds)
        await asyncio.Event().wait()


class FakeWire:
    """One request, without a socket; time is fake."""

    def __init__(self, *rules: Rule, app: Any = None, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self.asked: list[Message] = []
        self.journal = Journal()
        self.plane = Plane(Profile(rules=rules, seed=7), self.clock.now)
        self.faults: list[Record] = []
        self.layer = FaultLayer(
            app or self.answer, self.plane, self.journal, NoSessions(), self.clock, self.faults.append
        )
        self._requests = [BODY]

    async def answer(self, _: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"jsonrpc":"2.0",', "more_body": True})
        await send({"type": "http.response.body", "body": b'"id":1,"result":{}}'})

    async def receive(self) -> Message:
        if self._requests:
            return self._requests.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def ask(self, *, era: str = MODERN, **more: str) -> None:
        headers = {**call_headers(), "MCP-Protocol-Version": era, **more}
        fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": MCP_PATH, "headers": fields}
        await CallReader(self.layer, under_way=self.plane.under_way)(scope, self.receive, self.send)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    def records(self) -> list[Record]:
        return list(self.journal.page().records)


def on_fake(*effects: Effect, app: Any = None, clock: FakeClock | None = None) -> FakeWire:
    return FakeWire(rule(*effects), app=app, clock=clock)


class Killing(Doing):
    """An effect after which the session of its request is dead."""

    def __init__(self) -> None:
        async def act(exchange: Exchange) -> bool:
            exchange.dead_sessions.append(exchange.call.session_id or "")
            return True

        super().__init__(act)
        self.aftermath = Doing(self.bury, "before", "session_lost")

    async def bury(self, exchange: Exchange) -> bool:
        return exchange.replace(Draft(404))


async def test_a_call_whose_session_died_has_a_record_also_when_it_is_held_back_by_then() -> None:
    dead = {"Mcp-Session-Id": "dead"}
    kills = rule(Killing(), name="kills", match={"tool": "*"}, when={"first": 1})
    wire = FakeWire(kills, rule(effect(latency="2s"), name="slow", match={"tool": "*"}, when={"skip": 1, "first": 1}))
    held = on_fake(clock=wire.clock)
    held.layer, held.plane = wire.layer, wire.plane
    async with asyncio.TaskGroup() as group:
        await wire.ask(era=HANDSHAKE, **dead)
        group.create_task(held.ask(era=HANDSHAKE, **dead))
    wire._requests.append(BODY)
    wire.plane.swap(NO_FAULTS)
    await wire.ask(era=HANDSHAKE, **dead)
    assert [message["status"] for message in (*wire.sent, *held.sent) if "status" in message] == [200, 404, 404]
    seen = [(record.rule, record.expected, record.executed) for record in wire.records()]
    assert seen == [
        ("kills", None, True),
        ("slow", None, False),
        ("kills", "session_lost", False),
        ("kills", "session_lost", False),
    ]


async def test_the_server_below_gets_the_body_and_then_the_clients_leaving() -> None:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        wire.asked.append(await receive())
        wire.left.set()
        wire.asked += [await receive(), await receive()]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"too late"})

    wire = on_fake(effect(latency={"distribution": "fixed", "delay": 1, "phase": "after"}), app=app)
    await wire.ask()
    assert wire.asked == [BODY, {"type": "http.disconnect"}, {"type": "http.disconnect"}]
    (record,) = wire.records()
    assert (record.executed, record.client_gone, record.bytes_sent) == (True, True, 0)
    assert wire.sent == []


async def test_effects_act_in_the_order_of_the_profile_before_and_then_after_execution() -> None:
    order: list[str] = []

    def noting(name: str, phase: Phase) -> Effect:
        async def act(exchange: Exchange) -> bool:
            order.append(f"{name} {exchange.rule} {exchange.executed}")
            return True

        return Doing(act, phase)

    wire = FakeWire(
        rule(noting("a", "after"), noting("b", "before"), name="one"),
        rule(noting("c", "before"), noting("d", "after"), name="two"),
    )
    await wire.ask()
    assert order == ["b one False", "c two False", "a one True", "d two True"]
    assert [record.rule for record in wire.records()] == ["one", "one", "two", "two"]
    assert wire.body == b'{"jsonrpc":"2.0","id":1,"result":{}}'


async def test_a_before_effect_that_only_waits_leaves_the_reply_to_the_server() -> None:
    wire = on_fake(effect(latency="2s"))
    await wire.ask()
    assert wire.clock.now() - wire.clock.start == pytest.approx(2)
    assert [message.get("body") for message in wire.sent[1:]] == [b'{"jsonrpc":"2.0",', b'"id":1,"result":{}}']
    (record,) = wire.records()
    assert (record.executed, record.counted, record.bytes_sent) == (True, True, 36)
    assert wire.faults == [record]


async def test_requests_that_are_hit_leave_nothing_to_the_garbage_collector() -> None:
    wire = on_fake(effect(latency="2s"), effect(http={"drip": {"bytes": 5, "every": "1s"}}))
    await wire.ask()  # the first one leaves what is made once
    calls = 20
    gc.collect()
    gc.disable()
    try:
        for _ in range(calls):
            wire._requests.append(BODY)
            await wire.ask()
        left = gc.collect()
    finally:
        gc.enable()
    assert left < calls


@pytest.mark.parametrize(("era", "executed"), [(HANDSHAKE, True), (MODERN, False)])
async def test_a_client_that_leaves_before_execution_has_cancelled_its_call_in_the_modern_era_only(
    era: str, executed: bool
) -> None:
    clock = StandingClock()
    wire = on_fake(effect(latency=60), effect(http={"status": 503}), clock=clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(wire.ask(era=era))
        await clock.sleepers.get()
        wire.left.set()
    assert bool(wire.asked) is executed
    assert wire.sent == []
    delay, status = wire.records()
    assert (delay.counted, delay.expected, delay.client_gone, delay.executed) == (True, "timeout", True, executed)
    assert (status.counted, status.reason, status.client_gone) == (False, "client gone", True)
    assert wire.faults == [delay]


async def test_a_stop_ends_every_wait_of_every_request_and_later_ones_do_not_begin() -> None:
    clock = StandingClock()
    wires = on_fake(effect(latency=60), clock=clock), on_fake(effect(latency=60))
    layer = wires[1].layer = wires[0].layer
    async with asyncio.TaskGroup() as group:
        for wire in wires:
            group.create_task(wire.ask())
            await clock.sleepers.get()
        layer.close()
    late = on_fake(effect(latency=60))
    late.layer = layer
    await late.ask()
    assert all(wire.body.endswith(b'"result":{}}') for wire in (*wires, late))
    assert layer.waits.under_way == set()


@pytest.mark.parametrize(
    "draft",
    [Draft(0, ending="reset"), Draft(0, ending="hang"), json_draft(Piece(b"x"), declared_length=7)],
    ids=["reset", "hang", "lie"],
)
async def test_what_needs_raw_bytes_does_not_act_on_a_server_that_has_none(draft: Draft) -> None:
    wire = on_fake(delivering(draft), delivering(draft, "after"))
    await wire.ask()
    assert wire.body == b'{"jsonrpc":"2.0","id":1,"result":{}}'
    assert [(record.counted, record.reason) for record in wire.records()] == [(False, "cannot write raw bytes")] * 2
    assert wire.faults == []


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_a_reset_on_another_protocol_is_no_traceback_but_a_fault_that_did_not_act(
    http: str, caplog: pytest.LogCaptureFixture
) -> None:
    with faulty(rule(effect(http={"reset": "before_headers"})), http=http) as server:
        assert ask(server).message["result"]["structuredContent"] == {"twice": 42}
        assert server.record().reason == "cannot write raw bytes"
    assert not [record for record in caplog.records if record.exc_info]


async def test_an_error_of_the_server_stays_its_own_and_no_fault_counts() -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise LookupError("a bug")

    wire = on_fake(effect(http={"status": 503, "phase": "after"}), app=app)
    with pytest.raises(LookupError, match="a bug"):
        await wire.ask()
    (record,) = wire.records()
    assert (record.counted, record.reason, record.executed) == (False, "server error", True)


async def test_a_request_that_is_cancelled_leaves_its_record() -> None:
    clock = StandingClock()
    wire = on_fake(effect(latency=60), clock=clock)
    task = asyncio.create_task(wire.ask())
    await clock.sleepers.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (record,) = wire.records()
    assert (record.counted, record.reason) == (False, "cut off")
    assert wire.plane.in_flight == 0


async def test_of_two_outcomes_the_client_sees_the_outer_one() -> None:
    async def act(_: Exchange) -> bool:
        return True

    outcomes = ["tool_error", "rpc_error(-32603)", "parse", "reset", None, "schema_violation", "content_type"]
    wire = on_fake(*(Doing(act, "after", expects) for expects in outcomes))
    await wire.ask()
    assert [record.expected for record in wire.records() if not record.hidden] == ["reset", None]
    assert wire.journal.by_outcome == {("call", "reset"): 1}


async def test_an_effect_can_say_what_is_expected_while_it_acts() -> None:
    async def act(exchange: Exchange) -> bool:
        exchange.expected = "http_status"
        return True

    wire = on_fake(Doing(act))
    await wire.ask()
    assert wire.records()[0].expected == "http_status"


async def test_an_open_ended_stream_is_not_held_for_effects_after_it() -> None:
    listen = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {}}).encode()
    wire = FakeWire(rule(effect(http={"truncate": True}), match={}))
    wire._requests = [{"type": "http.request", "body": listen, "more_body": False}]
    await wire.ask()
    assert wire.body == b'{"jsonrpc":"2.0","id":1,"result":{}}'
    (record,) = wire.records()
    assert (record.counted, record.reason) == (False, "nothing to act on")


async def test_who_opened_a_session_is_told_to_the_plane() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"mcp-session-id", b"s1")]})
        await send({"type": "http.response.body", "body": b"{}"})

    wire = FakeWire(app=app)
    params = {"protocolVersion": HANDSHAKE, "clientInfo": {"name": "curious", "version": "1"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).encode()
    wire._requests = [{"type": "http.request", "body": body, "more_body": False}]
    await wire.ask(era=HANDSHAKE)
    assert wire.plane.client(Call("tools/call", session_id="s1")) == "curious"
    assert wire.plane.in_flight == 0


def test_the_record_names_the_call() -> None:
    with faulty(rule(effect(http={"status": 503}), name="busy")) as server:
        ask_handshake(server, Mcp_Testbed_Call="run/twice/12")
        record = server.record()
    assert (record.rule, record.n, record.effect, record.phase) == ("busy", 12, "http_status", "before")
    assert (record.method, record.tool, record.kind) == ("tools/call", "twice", "call")
    assert (record.request_id, record.call_key) == (1, "run/twice/12")
    assert record.session
    assert len(record.session) == 32
    assert 0 <= record.draw < 1
    assert abs(record.time - time.time()) < 60


def test_faults_on_the_rest_of_the_protocol_are_told_apart() -> None:
    with faulty(rule(effect(http={"status": 503}), match={})) as server, PlainClient(server.port) as client:
        for method in ("initialize", "tools/list", "ping", "tools/call"):
            message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}
            client.ask(json.dumps(message).encode(), call_headers(Mcp_Method=method))
        client.ask(b"", {"Mcp-Session-Id": "s"}, method="DELETE")
        kinds = [record.kind for record in server.records(5)]
    assert kinds == ["initialize", "list", "other", "call", "delete"]
