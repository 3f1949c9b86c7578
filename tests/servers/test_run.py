"""Starting on a socket and stopping without losing what is in flight."""

import asyncio
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastmcp.tools.function_tool import FunctionTool

from servers.app import compose
from servers.config import CalculatorConfig
from servers.errors import CannotListen
from servers.run import bind, endpoint_url
from servers.testing import RunningServer, running_app, running_server
from servers.wire.tool import Tool
from tests.support.raw_mcp import HANDSHAKE, MODERN, RawClient

ROOT = Path(__file__).resolve().parents[2]


class SlowServer:
    """A server with one tool that answers when the test says so."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()

    def tool(self) -> FunctionTool:
        async def wait() -> str:
            """Wait for the test."""
            self.entered.set()
            await asyncio.to_thread(self.release.wait, 20)
            return "answered"

        return Tool.from_function(wait)

    @contextmanager
    def running(self, grace: float) -> Iterator[RunningServer]:
        app = compose("slow", [self.tool()], json_response=True)
        with running_app(app, CalculatorConfig(port=0, grace=grace)) as server:
            try:
                yield server
            finally:
                self.release.set()


@pytest.mark.parametrize("response", ["json", "sse"])
@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
def test_sigterm_answers_the_call_in_flight_and_exits_with_0(response: str, era: str) -> None:
    command = [sys.executable, "-m", "tests.support.slow_server", response]
    with (
        ThreadPoolExecutor(1) as pool,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        client = RawClient(process.stdout.readline().strip(), era)
        reply = pool.submit(client.call, "wait", {"seconds": 1.5})  # sse-starlette would cut it after half a second
        assert process.stdout.readline() == "waiting\n"
        process.terminate()
        assert reply.result(10).message["result"]["structuredContent"] == {"result": "answered"}
        assert (process.wait(10), process.stderr and process.stderr.read()) == (0, "")


def test_a_stop_does_not_wait_for_longer_than_the_grace() -> None:
    slow = SlowServer()
    with ThreadPoolExecutor(1) as pool:
        with slow.running(grace=1) as server:
            reply = pool.submit(RawClient(server.url, MODERN).call, "wait", {})
            assert slow.entered.wait(10)
            server.stop()
            assert reply.result(10).status == 500
        slow.release.set()


@pytest.mark.parametrize("response", ["json", "sse"])
def test_a_stop_ends_an_open_stream_with_a_complete_reply(response: str) -> None:
    with running_server("calculator", response=response, grace=20) as server:
        client = RawClient(server.url, HANDSHAKE)
        request = urllib.request.Request(server.url, headers={**client.headers, "Accept": "text/event-stream"})
        with urllib.request.urlopen(request, timeout=10) as stream:
            assert stream.status == 200
            server.stop()
            assert stream.read() == b""


def test_a_port_that_is_taken_is_refused_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"^cannot listen on 127.0.0.1:{port}: address already in use.$"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["999.1.1.1", "no such host", "a" * 300])
def test_a_host_that_does_not_exist_is_refused_in_one_sentence(host: str) -> None:
    with pytest.raises(CannotListen, match=f"^--host {host}: there is no such host.$"):
        bind(host, 0)


def test_an_address_of_another_machine_is_refused_in_one_sentence() -> None:
    with pytest.raises(CannotListen, match="^cannot listen on 192.0.2.1:0: cannot assign requested address.$"):
        bind("192.0.2.1", 0)


def test_every_address_of_a_host_gets_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", 0)) for n in (1, 2)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    sockets = bind("both", 0)
    try:
        assert [s.getsockname()[0] for s in sockets] == ["127.0.0.1", "127.0.0.2"]
        assert len({s.getsockname()[1] for s in sockets}) == 1
        assert endpoint_url(sockets) == f"http://127.0.0.1:{sockets[0].getsockname()[1]}/mcp"
    finally:
        for bound in sockets:
            bound.close()
