"""Real SDK clients against every preset: each failed call is explained, and the server is as before afterwards."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, cast, get_args

import fastmcp
import mcp
import pytest
from mcp_types import RequestParamsMeta

from formats.fixtures import bundled_fixtures
from tests.support.watched_server import MODES, TOOLS, Mode, WatchedServer, unexplained, until, watched_server

Response = Literal["json", "sse"]
CallTool = Callable[[str, dict[str, Any], dict[str, Any]], Awaitable[Any]]
CALLS = 60
USERS = 8
PATIENCE = 2.5
FORMS: tuple[Response, ...] = get_args(Response)
REFUSALS, SLOW_ANSWERS, PEACE = 12.0, 16.0, 30.0
"""Moments of deploy-rollover, in seconds: a run is over before its first window begins."""
CALLS_THEN = 20
"""Many of them fail, each of which takes a client."""
QUOTA_USED_UP = 0.0
"""A moment in which no quota of rate-limited grows again, so that a slow machine meets it, too."""
STANDING: dict[str, tuple[float, ...]] = {
    "deploy-rollover": (REFUSALS, SLOW_ANSWERS, PEACE),
    "rate-limited": (QUOTA_USED_UP,),
}
"""Presets that are about time, and when it stands still; how the server replies makes no difference there."""
CASES: list[tuple[str, Response, float | None]] = [
    *((preset, form, None) for preset in bundled_fixtures("faults") if preset not in STANDING for form in FORMS),
    *((preset, "json", at) for preset, moments in STANDING.items() for at in moments),
]
HARMFUL = ("garbage", "schema-drift", "zombie-sessions", "rate-limited", "flaky-network", "lossy-sse")


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

    def __init__(self, server: WatchedServer, connect: Callable[[str, Mode], Any], mode: Mode, calls: int) -> None:
        self.server = server
        self.connect = connect
        self.mode = mode
        self.failed: list[str] = []
        self.broken_off = 0
        self.left = iter(range(1, calls + 1))

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


@pytest.mark.parametrize(("preset", "response", "at"), CASES)
async def test_the_journal_explains_every_failed_call_and_nothing_is_left_behind(
    preset: str, response: Response, at: float | None
) -> None:
    with watched_server(preset, response, at) as server:
        baseline = await server.tasks_at_rest()
        calls = CALLS_THEN if at in (REFUSALS, SLOW_ANSWERS, PEACE) else CALLS
        runs = [Run(server, connect, mode, calls) for connect in (fastmcp_client, sdk_client) for mode in MODES]
        for run in runs:
            await run.make()
        failed = [key for run in runs for key in run.failed]
        await until(lambda: asyncio.sleep(0, not unexplained(server, failed)))
        # A client that a broken connection throws out of its session does not end it.
        left = sum(run.broken_off for run in runs if run.mode == "legacy")
        await server.is_as_before(baseline, left)
        assert server.log == []
        if preset in HARMFUL or at == REFUSALS:
            assert failed
        if at == SLOW_ANSWERS:
            assert {record.rule for record in server.records} == {"cold-sessions", "cold-start"}
        if at == PEACE:
            assert not failed
