"""What a run of the real command tells which servers about its calls."""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from loadgen.cli import main
from servers.app import TestbedApp, build_app
from servers.config import CalculatorConfig
from servers.testing import running_app
from tests.support.http_server import Received, http_server, reply
from tests.support.mcp_script import McpScript


class Recorder:
    """ASGI: remembers the call key of each request, or that it had none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.keys: list[str | None] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/mcp":
            self.keys.append(dict(scope["headers"]).get(b"mcp-testbed-call", b"").decode() or None)
        await self.app(scope, receive, send)


@contextmanager
def recorded_calculator() -> Iterator[tuple[str, Recorder]]:
    """A real calculator's URL, and what it is told."""
    config = CalculatorConfig(port=0)
    app = build_app(config)
    recorder = Recorder(app.asgi)
    with running_app(TestbedApp(app.name, recorder, app.streams), config) as server:
        yield server.url, recorder


@pytest.mark.parametrize("protocol", ["2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("transport", ["raw", "aiohttp"])
def test_a_testbed_is_told_a_name_for_each_call_that_counts_its_tool_from_one(
    transport: str, protocol: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    with recorded_calculator() as (url, recorder):
        argv = ["tools", "--url", url, "--tool", "add=3", "--tool", "multiply", "--total", "20", "--vus", "3"]
        argv += ["--transport", transport, "--protocol", protocol, "--seed", "1", "--json", str(report)]  # calls both
        assert main(argv) == 0
    keys = [key for key in recorder.keys if key is not None]
    run_id = json.loads(report.read_text("utf-8"))["run_id"]
    per_tool = Counter(key.split("/")[1] for key in keys)
    assert sorted(keys) == sorted(f"{run_id}/{tool}/{n}" for tool, made in per_tool.items() for n in range(1, made + 1))
    assert (set(per_tool), per_tool.total()) == ({"add", "multiply"}, 20)
    assert None in recorder.keys  # what is no call has no name


HEALTH = {
    "none": reply(b"Not Found", status="404 Not Found", content_type="text/plain"),
    "an error": reply(b'{"testbed": true}', status="500 Internal Server Error"),
    "no JSON": reply(b"<html>testbed: true</html>", content_type="text/html"),
    "no object": reply(b'["testbed"]'),
    "another kind": reply(b'{"status": "ok"}'),
    "a word": reply(b'{"testbed": "true"}'),
    "a testbed": reply(b'{"testbed": true}'),
}


@pytest.mark.parametrize("transport", ["raw", "aiohttp"])
@pytest.mark.parametrize("health", HEALTH)
async def test_only_a_server_that_says_so_is_a_testbed(health: str, transport: str) -> None:
    script = McpScript()

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.method == "GET":
            writer.write(HEALTH[health])
        else:
            await script(request, writer)

    async with http_server(answer) as server:
        argv = ["tool", "add", "--url", server.url, "--args", '{"a": 1, "b": 2}', "--total", "2", "--vus", "1"]
        argv += ["--transport", transport, "--protocol", "2025-11-25"]
        run = await asyncio.create_subprocess_exec(sys.executable, "-m", "loadgen", *argv, stdout=PIPE, stderr=PIPE)
        _, errors = await run.communicate()
    assert run.returncode == 0, errors
    assert sum(request.method == "GET" for request in server.received) == 1
    keys = [request.headers["mcp-testbed-call"] for request in server.received if "mcp-testbed-call" in request.headers]
    told = [re.sub(r"^[0-9a-f]{8}/", "", key) for key in keys]
    assert told == (["add/1", "add/2"] if health == "a testbed" else [])
