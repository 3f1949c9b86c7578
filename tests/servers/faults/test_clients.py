"""Real SDK clients against every preset: each failed call is explained, and the server is as before afterwards."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import fastmcp
import mcp
import pytest
from mcp_types import RequestParamsMeta
from starlette.types import ASGIApp, Receive, Scope, Send

from formats.fixtures import bundled_fixtures
from servers.app import Faults, TestbedApp, build_app
from servers.config import PaymentsConfig
from servers.faults.journal import Record
from servers.testing import running_app
from servers.wire.call import call_of

Mode = Literal["legacy", "2026-07-28"]
MODES: tuple[Mode, ...] = ("legacy", "2026-07-28")
CallTool = Callable[[str, dict[str, Any], dict[str, Any]], Awaitable[Any]]
CUSTOMER = "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"
ORDER = {"amount": 1234, "currency": "EUR", "method": "card", "customer_id": CUSTOMER}
CALLS = 60
USERS = 8
PATIENCE = 1.0


class Watched:
    """ASGI: knows the server's event loop, and in which session each call came."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.loop: asyncio.AbstractEventLoop | None = None
        self.session_of: dict[str, str | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            await self.app(scope, receive, send)
        finally:
            call = call_of(scope)
            if call is not None and call.key is not None:
                self.session_of[call.key] = call.session_id

    async def tasks(self) -> int:
        """How many tasks the server has."""

        async def count() -> int:
            return len(asyncio.all_tasks())

        assert self.loop is not None
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(count(), self.loop))


@dataclass
class Server:
    url: str
    faults: Faults
    watched: Watched
    log: list[str] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        return [record for record in self.faults.journal.page(limit=100_000).records if record.counted]

    async def end_sessions(self) -> None:
        """As their idle time-out would, later."""
        assert self.watched.loop is not None
        for session_id in list(self.watched.session_of.values()):
            ending = self.faults.layer.sessions.end(session_id or "")
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(ending, self.watched.loop))

    @property
    def sessions(self) -> int:
        return self.faults.layer.sessions.count()


@contextmanager
def server_with(preset: str, response: Literal["json", "sse"]) -> Iterator[Server]:
    config = PaymentsConfig(port=0, faults=preset, seed=7, response=response)
    app = build_app(config)
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
            yield Server(running.url, app.faults, watched, log)
    finally:
        logging.getLogger().removeHandler(listener)
        app.close()


@asynccontextmanager
async def fastmcp_client(url: str, mode: Mode) -> AsyncIterator[CallTool]:
    async with fastmcp.Client(url, mode=mode, timeout=PATIENCE) as client:

        async def call(tool: str, arguments: dict[str, Any], meta: dict[str, Any]) -> Any:
            return await client.call_tool(tool, arguments, meta=meta, raise_on_error=False)

        yield call


@asynccontextmanager
async def sdk_client(url: str, mode: Mode) -> AsyncIterator[CallTool]:
    async with mcp.Client(url, mode=mode, read_timeout_seconds=PATIENCE) as client:

        async def call(tool: str, arguments: dict[str, Any], meta: dict[str, Any]) -> Any:
            return await client.call_tool(tool, arguments, meta=cast("RequestParamsMeta", meta))

        yield call


class Run:
    """Calls with one kind of client, a new one whenever a session is lost."""

    def __init__(self, server: Server, connect: Callable[[str, Mode], Any], mode: Mode) -> None:
        self.server = server
        self.connect = connect
        self.mode = mode
        self.failed: list[str] = []
        self.broken_off = 0
        self.left = iter(range(1, CALLS + 1))

    async def make(self) -> None:
        async with asyncio.TaskGroup() as users:
            for _ in range(USERS):
                users.create_task(self.use())

    async def use(self) -> None:
        """One client after another, each until a call of its fails: what came after would be a consequence."""
        while n := next(self.left, 0):
            try:
                async with self.connect(self.server.url, self.mode) as call_tool:
                    while n and not await self.fails(call_tool, n):
                        n = next(self.left, 0)
            except Exception:  # noqa: BLE001 - a client says in many ways that it could not open or close a session
                self.broken_off += 1

    async def fails(self, call_tool: CallTool, n: int) -> bool:
        tool = list(TOOLS)[n % len(TOOLS)]
        key = f"{self.connect.__name__}-{self.mode}/{tool}/{n}"
        if failed := await self.failure(call_tool, key):
            self.failed.append(key)
        return failed

    async def failure(self, call_tool: CallTool, key: str) -> bool:
        tool = key.split("/")[1]
        try:
            async with asyncio.timeout(PATIENCE + 1):
                result = await call_tool(tool, TOOLS[tool], {"mcp-testbed/call": key})
        except Exception:  # noqa: BLE001 - as many ways as there are faults
            return True
        return bool(result.is_error)


TOOLS: dict[str, dict[str, Any]] = {
    "create_payment": ORDER,
    "verify_payment": {"payment_id": "pay_seed_succeeded"},
    "get_wallet_balance": {"customer_id": CUSTOMER},
}


def unexplained(server: Server, failed: list[str]) -> list[str]:
    """The failed calls that no record of the journal is about, nor the end of their session."""
    hit = {record.call_key for record in server.records}
    ended = {record.session for record in server.records if record.effect == "session_expire"}
    return [key for key in failed if key not in hit and server.watched.session_of.get(key, "never sent") not in ended]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Leaving a session, and writing a record, takes the server a moment longer than its client."""
    deadline = time.monotonic() + 15
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("response", ["json", "sse"])
@pytest.mark.parametrize("preset", list(bundled_fixtures("faults")))
async def test_the_journal_explains_every_failed_call_and_nothing_is_left_behind(
    preset: str, response: Literal["json", "sse"]
) -> None:
    with server_with(preset, response) as server:
        for mode in MODES:  # the first stream of a server starts a task that stays
            async with mcp.Client(server.url, mode=mode) as client:
                await client.list_tools()
        await until(lambda: asyncio.sleep(0, not server.sessions))
        baseline = await server.watched.tasks()
        runs = [Run(server, connect, mode) for connect in (fastmcp_client, sdk_client) for mode in MODES]
        for run in runs:
            await run.make()
        failed = [key for run in runs for key in run.failed]
        await until(lambda: asyncio.sleep(0, not unexplained(server, failed)))
        # A client that a broken connection throws out of its session does not end it.
        left = sum(run.broken_off for run in runs if run.mode == "legacy")
        await until(lambda: asyncio.sleep(0, server.sessions <= left))
        await server.end_sessions()

        async def is_as_before() -> bool:
            return server.sessions == 0 and await server.watched.tasks() <= baseline

        await until(is_as_before)
        assert server.log == []
        if preset in ("garbage", "schema-drift", "zombie-sessions", "rate-limited", "flaky-network", "lossy-sse"):
            assert failed
