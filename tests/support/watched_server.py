"""A payments server with faults, watched from inside: its journal, its log, its sessions and its tasks."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import mcp
from starlette.types import ASGIApp, Receive, Scope, Send

from servers.app import Faults, TestbedApp, build_app
from servers.config import PaymentsConfig
from servers.faults.journal import Record
from servers.testing import running_app
from servers.wire.call import call_of

Mode = Literal["legacy", "2026-07-28"]
MODES: tuple[Mode, ...] = ("legacy", "2026-07-28")
CUSTOMER = "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"
ORDER = {"amount": 1234, "currency": "EUR", "method": "card", "customer_id": CUSTOMER}
TOOLS: dict[str, dict[str, Any]] = {
    "create_payment": ORDER,
    "verify_payment": {"payment_id": "pay_seed_succeeded"},
    "get_wallet_balance": {"customer_id": CUSTOMER},
}


class Watched:
    """ASGI: knows the server's event loop, and in which sessions calls came."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.loop: asyncio.AbstractEventLoop | None = None
        self.sessions: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            await self.app(scope, receive, send)
        finally:
            call = call_of(scope)
            if call is not None and call.session_id is not None:
                self.sessions.add(call.session_id)

    async def tasks(self) -> int:
        """How many tasks the server has."""

        async def count() -> int:
            return len(asyncio.all_tasks())

        assert self.loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(count(), self.loop))


@dataclass
class WatchedServer:
    url: str
    faults: Faults
    watched: Watched
    log: list[str] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        return [record for record in self.faults.journal.page(limit=100_000).records if record.counted]

    async def tasks_at_rest(self) -> int:
        """How many tasks it has between clients; the first stream of a server starts one that stays."""
        for mode in MODES:
            async with mcp.Client(self.url, mode=mode) as client:
                await client.list_tools()
        await until(lambda: asyncio.sleep(0, not self.sessions))
        return await self.watched.tasks()

    async def is_as_before(self, tasks: int, left: int) -> None:
        """Nothing remains of the clients but at most `left` sessions, and of those nothing once they are ended."""
        await until(lambda: asyncio.sleep(0, self.sessions <= left))
        await self.end_sessions()

        async def is_at_rest() -> bool:
            return self.sessions == 0 and await self.watched.tasks() <= tasks

        await until(is_at_rest)

    async def end_sessions(self) -> None:
        """As their idle time-out would, later."""
        assert self.watched.loop is not None
        for session_id in list(self.watched.sessions):
            ending = self.faults.layer.sessions.end(session_id)
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(ending, self.watched.loop))

    @property
    def sessions(self) -> int:
        return self.faults.layer.sessions.count()


@contextmanager
def watched_server(preset: str, response: Literal["json", "sse"], at: float | None = None) -> Iterator[WatchedServer]:
    """`at`: so many seconds after the profile was put in place, where time stands still; None: it passes."""
    config = PaymentsConfig(port=0, faults=preset, seed=7, response=response)
    moment = 0.0
    app = build_app(config, time.monotonic if at is None else lambda: moment)
    moment = at or 0.0
    assert app.faults is not None
    watched = Watched(app.asgi)
    log: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.threadName == "mcp-serve-payments" and (record.levelno >= logging.ERROR or record.exc_info):
                log.append(self.format(record))

    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        with running_app(TestbedApp(app.name, watched, app.streams, app.faults), config) as running:
            yield WatchedServer(running.url, app.faults, watched, log)
    finally:
        logging.getLogger().removeHandler(listener)
        app.close()


def unexplained(server: WatchedServer, failed: list[str]) -> list[str]:
    """The failed calls that no record of the journal is about."""
    hit = {record.call_key for record in server.records}
    return [key for key in failed if key not in hit]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Leaving a session, and writing a record, takes the server a moment longer than its client."""
    deadline = time.monotonic() + 15
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
