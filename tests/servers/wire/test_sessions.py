"""The seam to FastMCP's session manager: these tests fail first when a new version moves what it touches."""

import json
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from fastmcp import FastMCP
from starlette.applications import Starlette
from starlette.types import Message, Scope, Send

from servers.wire.call import CallReader
from servers.wire.sessions import SessionWatch, _SessionTable, is_no_late_notification, session_manager


async def test_the_session_manager_is_found_and_its_table_is_a_plain_dict() -> None:
    app = FastMCP("seam").http_app()
    async with app.router.lifespan_context(app):
        manager = session_manager(app)
        assert type(manager._server_instances) is dict
        assert manager._server_instances == {}


def test_an_app_without_a_session_manager_is_refused() -> None:
    with pytest.raises(LookupError, match="no route whose endpoint holds a session manager"):
        session_manager(Starlette())


def test_an_entry_that_leaves_the_table_in_any_way_is_told_once() -> None:
    removed: list[str] = []
    table = _SessionTable(removed.append)
    table.update(a=1, b=2, c=3, d=4)
    assert table.pop("a") == 1
    del table["b"]
    table.clear()
    assert removed == ["a", "b", "c", "d"]


async def test_only_a_session_that_was_opened_is_reported_when_it_ends() -> None:
    ended: list[tuple[str, str, float]] = []
    times = iter([5.0, 8.0])
    watch = SessionWatch(FastMCP("seam").http_app(), times.__next__, lambda *session: ended.append(session))

    async def send(_: object) -> None: ...

    opening = watch._watch_opening("made-up", send)
    await opening({"type": "http.response.start", "status": 200, "headers": [(b"mcp-session-id", b"s1")]})
    refused = watch._watch_opening("2025-06-18", send)
    await refused({"type": "http.response.start", "status": 400, "headers": [(b"mcp-session-id", b"s2")]})
    assert list(watch.opened) == ["s1"]
    watch._ended("s2")
    watch._ended("s1")
    assert ended == [("s1", "2025-11-25", 3.0)]
    assert watch.opened == {}


class Opened:
    """FastMCP with a session watch around it, and one session that has answered `initialize`."""

    def __init__(self, watch: SessionWatch, session_id: str) -> None:
        self.watch = watch
        self.id = session_id
        self.transport = watch._manager._server_instances[session_id]  # type: ignore[union-attr]  # it runs

    @property
    def left(self) -> float:
        """Seconds until the session has been idle for too long."""
        assert self.transport.idle_scope is not None
        return self.transport.idle_scope.deadline - anyio.current_time()


@asynccontextmanager
async def opened(message: dict[str, Any]) -> AsyncIterator[Opened]:
    app = FastMCP("seam").http_app(json_response=True, session_idle_timeout=1000)
    watch = SessionWatch(app, lambda: 0.0, lambda *_: None)
    async with app.router.lifespan_context(app):
        await watch._watch_startup(nothing)({"type": "lifespan.startup.complete"})
        headers = [(b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream")]
        scope: Scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": headers, "query_string": b""}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": message}).encode()

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        await CallReader(watch)(scope, receive, nothing)
        yield Opened(watch, next(iter(watch.opened)))


async def nothing(_: object) -> None: ...


HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}


async def test_a_session_is_live_once_initialize_has_a_result() -> None:
    async with opened(HELLO) as session:
        assert list(session.watch.live) == [session.id]
        assert session.watch.live[session.id].answers


async def test_a_session_whose_initialize_failed_is_not() -> None:
    async with opened({"protocolVersion": 1}) as session:
        assert session.watch.live == {}


async def test_a_call_sets_the_idle_clock_back_and_one_that_lasts_stops_it() -> None:
    async with opened(HELLO) as session:
        live = session.watch.live[session.id]
        assert session.transport.idle_scope is not None
        session.transport.idle_scope.deadline = anyio.current_time() + 10
        live.touch()
        assert 990 < session.left <= 1000
        with live.hold():
            live.touch()
            assert session.left == math.inf
        assert 990 < session.left <= 1000


async def test_a_session_that_is_deleted_or_idle_for_too_long_answers_no_more() -> None:
    async with opened(HELLO) as session:
        live = session.watch.live[session.id]
        await session.transport.terminate()
        assert not live.answers
    async with opened(HELLO) as session:
        live = session.watch.live[session.id]
        assert session.transport.idle_scope is not None
        session.transport.idle_scope.cancel()
        assert not live.answers
        await anyio.wait_all_tasks_blocked()
        assert session.watch.live == {}


async def test_fastmcp_takes_bodies_as_large_as_it_is_told() -> None:
    app = FastMCP("seam").http_app()
    watch = SessionWatch(app, lambda: 0.0, lambda *_: None, max_body=7)
    async with app.router.lifespan_context(app):
        await watch._watch_startup(nothing)({"type": "lifespan.startup.complete"})
        assert session_manager(app).asgi_app.max_body_size == 7


async def test_a_session_can_be_ended_as_its_idle_time_out_would() -> None:
    async with opened(HELLO) as session:
        live = session.watch.live[session.id]
        assert session.watch.count() == 1
        assert await session.watch.end(session.id)
        assert not live.answers
        assert (session.watch.count(), session.watch.live) == (0, {})
        assert not await session.watch.end(session.id)
    watch = SessionWatch(FastMCP("seam").http_app(), lambda: 0.0, lambda *_: None)
    assert not await watch.end("before the start"), "there are no sessions yet"


@pytest.mark.parametrize("error", [anyio.ClosedResourceError, anyio.BrokenResourceError])
async def test_a_notification_that_its_ended_session_cannot_take_is_answered_once(error: type[Exception]) -> None:
    sent: list[Message] = []

    class App(Starlette):
        async def __call__(self, _scope: Scope, _receive: object, send: Send) -> None:
            for status in (202, 500):
                await send({"type": "http.response.start", "status": status, "headers": []})
                await send({"type": "http.response.body", "body": b""})
            raise error

    watch = SessionWatch(App(), lambda: 0.0, lambda *_: None)
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": [(b"mcp-session-id", b"s1")]}

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(message).encode()}

    async def send(reply: Message) -> None:
        sent.append(reply)

    await CallReader(watch)(scope, receive, send)
    assert [reply.get("status") for reply in sent] == [202, None]
    record = logging.LogRecord("any", logging.ERROR, "", 1, "failed", (), (error, error(), None))
    assert not is_no_late_notification(record)


async def test_a_notification_that_fails_before_its_answer_fails_as_before() -> None:
    class App(Starlette):
        async def __call__(self, _scope: Scope, _receive: object, _send: Send) -> None:
            raise anyio.ClosedResourceError

    async def receive() -> Message:
        return {"type": "http.request", "body": b'{"jsonrpc": "2.0", "method": "notifications/initialized"}'}

    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": [(b"mcp-session-id", b"s1")]}
    with pytest.raises(anyio.ClosedResourceError):
        await CallReader(SessionWatch(App(), lambda: 0.0, lambda *_: None))(scope, receive, nothing)
    assert is_no_late_notification(logging.LogRecord("any", logging.ERROR, "", 1, "failed", (), None))
