"""What the lane does by itself; that it answers as FastMCP does is the differential test's matter."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servers.testing import running_server
from servers.wire.call import CallReader
from servers.wire.compiled import compile_tools
from servers.wire.in_flight import InFlight, Ticket
from servers.wire.lane import FELL_THROUGH, REASONS, TAKEN, Lane
from servers.wire.tool import Tool
from tests.servers.test_telemetry import scrape
from tests.support.raw_mcp import HANDSHAKE, MODERN, RawClient

HEADERS = [
    (b"content-type", b"application/json"),
    (b"accept", b"application/json, text/event-stream"),
    (b"mcp-protocol-version", MODERN.encode()),
    (b"mcp-method", b"tools/call"),
    (b"mcp-name", b"wait"),
]
BODY = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "wait",
            "arguments": {},
            "_meta": {PROTOCOL_VERSION_META_KEY: MODERN, CLIENT_CAPABILITIES_META_KEY: {}},
        },
    }
).encode()


@dataclass
class Stage:
    """A lane with one tool, that answers when it may."""

    app: CallReader
    begun: asyncio.Event
    may_end: asyncio.Event
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[Message] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    cancelled: list[str] = field(default_factory=list)

    def call(self) -> "asyncio.Task[None]":
        scope: Scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": HEADERS}
        body: list[Message] = [{"type": "http.request", "body": BODY}]

        async def receive() -> Message:
            if body:
                return body.pop()
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self.sent.append(message)
            async with self.arrived:
                self.arrived.notify_all()

        return asyncio.create_task(self._run(scope, receive, send))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    async def messages(self, count: int) -> list[Message]:
        async with asyncio.timeout(5), self.arrived:
            await self.arrived.wait_for(lambda: len(self.sent) >= count)
        return self.sent


@asynccontextmanager
async def stage(
    *, json_response: bool, ping_seconds: float = 60.0, error: Exception | None = None
) -> AsyncIterator[Stage]:
    begun, may_end, cancelled = asyncio.Event(), asyncio.Event(), list[str]()

    async def wait() -> int:
        begun.set()
        try:
            await may_end.wait()
        except asyncio.CancelledError:
            cancelled.append("wait")
            raise
        if error is not None:
            raise error
        return 1

    async def below(*_: object) -> None:
        raise AssertionError("the call belongs to the lane")

    lane = Lane(
        below,
        compile_tools([Tool.from_function(wait)]),
        {},
        InFlight(),
        server={"name": "stage", "version": "1"},
        json_response=json_response,
        on_path=lambda *_: None,
        ping_seconds=ping_seconds,
    )
    yield Stage(CallReader(lane), begun, may_end, cancelled=cancelled)


async def test_a_modern_reply_that_is_slow_becomes_a_stream_that_is_kept_alive() -> None:
    async with stage(json_response=False, ping_seconds=0.001) as scene:
        task = scene.call()
        start, ping, *_ = await scene.messages(2)
        assert (b"content-type", b"text/event-stream") in start["headers"]
        assert ping == {"type": "http.response.body", "body": b": ping\r\n\r\n", "more_body": True}
        scene.may_end.set()
        await task
        last = scene.sent[-1]
        assert not last.get("more_body")
        assert last["body"].startswith(b"event: message\r\ndata: {")
        assert last["body"].endswith(b"\r\n\r\n")


async def test_a_modern_reply_that_is_quicker_than_that_is_json() -> None:
    async with stage(json_response=False) as scene:
        task = scene.call()
        await scene.begun.wait()
        scene.may_end.set()
        await task
        assert (b"content-type", b"application/json") in scene.sent[0]["headers"]
        assert json.loads(scene.sent[1]["body"])["result"]["structuredContent"] == {"result": 1}


async def test_a_modern_client_that_goes_away_cancels_its_call_when_replies_may_be_streams() -> None:
    async with stage(json_response=False) as scene:
        task = scene.call()
        await scene.begun.wait()
        scene.gone.set()
        await task
        assert (scene.cancelled, scene.sent) == (["wait"], [])


async def test_a_stop_of_the_server_goes_through_the_lane() -> None:
    async with stage(json_response=True) as scene:
        task = scene.call()
        await scene.begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert scene.cancelled == ["wait"]


async def test_an_error_that_comes_late_has_the_status_of_its_code_also_where_a_stream_could_have_begun() -> None:
    async with stage(json_response=False, error=MCPError(-32021, "capability")) as scene:
        task = scene.call()
        await scene.begun.wait()
        scene.may_end.set()
        await task
        assert scene.sent[0]["status"] == 400
        assert json.loads(scene.sent[1]["body"])["error"] == {"code": -32021, "message": "capability"}


def lane_over(below: ASGIApp, calls: InFlight | None = None) -> Lane:
    """A lane without tools."""
    known = compile_tools([Tool.from_function(nothing)])
    info = {"name": "stage", "version": "1"}
    flight = InFlight() if calls is None else calls
    return Lane(below, known, {}, flight, server=info, json_response=True, on_path=lambda *_: None)


async def nothing() -> int:
    return 0


@pytest.mark.parametrize(
    ("status", "era", "message", "ended"),
    [
        (202, HANDSHAKE, {}, True),
        (406, HANDSHAKE, {}, False),
        (400, HANDSHAKE, {"jsonrpc": "1.0"}, False),
        (202, HANDSHAKE, {"id": 5}, False),
        (202, MODERN, {}, False),
    ],
)
async def test_a_cancellation_counts_once_fastmcp_has_taken_it(
    status: int, era: str, message: dict[str, Any], ended: bool
) -> None:
    calls = InFlight()
    ticket = Ticket()

    async def below(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})

    async def receive() -> Message:
        notification = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 9}}
        return {"type": "http.request", "body": json.dumps(notification | message).encode()}

    async def send(_: Message) -> None: ...

    headers = [(b"mcp-session-id", b"s"), (b"mcp-protocol-version", era.encode())]
    with calls.of("s", 9, ticket):
        scope: Scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": headers}
        await CallReader(lane_over(below, calls))(scope, receive, send)
    assert (ticket.end is not None) == ended
    if ended:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        ticket.forgive()


async def test_what_the_lane_remembers_of_its_clients_is_bounded() -> None:
    async def below(_scope: Scope, _receive: Receive, _send: Send) -> None: ...

    async def send(_: Message) -> None: ...

    lane = lane_over(below)
    for n in range(200):
        info = {"name": "x" * (n * 20), "version": str(n)}
        meta = {PROTOCOL_VERSION_META_KEY: MODERN, CLIENT_CAPABILITIES_META_KEY: {}, CLIENT_INFO_META_KEY: info}
        params = {"name": "nothing", "_meta": meta}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()

        async def receive(body: bytes = body) -> Message:
            return {"type": "http.request", "body": body}

        accept = [(b"accept", b"application/json, x/%d" % n), (b"mcp-name", b"nothing")]
        headers = [header for header in HEADERS if header[0] not in {b"accept", b"mcp-name"}] + accept
        await CallReader(lane)({"type": "http", "method": "POST", "path": "/mcp", "headers": headers}, receive, send)
    assert len(lane._known_headers) == 64
    assert 0 < len(lane._known_envelopes) <= 64
    assert max(map(len, lane._known_envelopes)) <= 1024


def paths(url: str, count: Callable[[], object]) -> dict[tuple[str, str], float]:
    """What `count` adds to the counter of paths."""
    before = _paths(url)
    count()
    return {key: value - before[key] for key, value in _paths(url).items() if value != before[key]}


def _paths(url: str) -> dict[tuple[str, str], float]:
    class Server:
        base_url = url.removesuffix("/mcp")

    found: dict[tuple[str, str], float] = {}
    for (name, labels), value in scrape(Server()).items():  # type: ignore[arg-type]  # all that it needs
        if name == "mcp_server_lane_total":
            found[dict(labels)["path"], dict(labels)["reason"]] = value
    return found


@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
def test_both_ways_are_counted_with_the_reason(era: str) -> None:
    with running_server("calculator") as server:
        client = RawClient(server.url, era)
        wrong: dict[str, Any] = {"a": 1}
        assert _paths(server.url).keys() == {(TAKEN, ""), *((FELL_THROUGH, reason) for reason in REASONS)}
        assert paths(server.url, lambda: client.call("add", {"a": 1, "b": 2})) == {(TAKEN, ""): 1}
        assert paths(server.url, lambda: client.call("add", wrong)) == {(TAKEN, ""): 1}
        assert paths(server.url, lambda: client.call("nothing", {})) == {(FELL_THROUGH, "tool"): 1}
        assert paths(server.url, lambda: client.post("tools/list")) == {(FELL_THROUGH, "method"): 1}
        assert paths(server.url, lambda: client.call("add", wrong, Accept="text/html")) == {
            (FELL_THROUGH, "headers"): 1
        }
        assert paths(server.url, lambda: client.post("tools/call", {"name": "add"}, id=None)) in (
            {(FELL_THROUGH, "message"): 1},
            {(FELL_THROUGH, "headers"): 1},  # the modern era's name header is missing too
        )
        if era == HANDSHAKE:
            client.headers["Mcp-Session-Id"] = "gone"
            assert paths(server.url, lambda: client.call("add", wrong)) == {(FELL_THROUGH, "session"): 1}


def test_without_the_lane_nothing_is_counted_as_taken() -> None:
    with running_server("calculator", lane=False) as server:
        client = RawClient(server.url, MODERN)
        assert client.call("add", {"a": 1, "b": 2}).message["result"]["structuredContent"] == {"result": 3.0}
        assert _paths(server.url)[TAKEN, ""] == 0
