"""Starting on a socket and stopping without losing what is in flight."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastmcp.tools.function_tool import FunctionTool
from starlette.types import Receive, Scope, Send

from servers.app import build_app, compose
from servers.config import CalculatorConfig
from servers.errors import CannotListen, CannotStart
from servers.run import bind, endpoint_url, idle
from servers.testing import RunningServer, running_app, running_server
from servers.wire.tool import Tool
from tests.support.raw_mcp import HANDSHAKE, MODERN, RawClient, send

CONFIG = CalculatorConfig(port=0)
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


def test_a_second_sigterm_cuts_the_call_off_without_a_traceback() -> None:
    command = [sys.executable, "-m", "tests.support.slow_server", "json"]
    with (
        ThreadPoolExecutor(1) as pool,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        client = RawClient(process.stdout.readline().strip(), MODERN)
        reply = pool.submit(client.call, "wait", {"seconds": 60})
        assert process.stdout.readline() == "waiting\n"
        process.terminate()
        while _is_listening(client.url):
            pass  # until the stop has begun; bounded by the grace of 20 s
        process.terminate()
        assert reply.result(10).status == 500
        assert (process.wait(10), process.stderr and process.stderr.read()) == (0, "")


def _is_listening(url: str) -> bool:
    try:
        send(url, "OPTIONS", {})
    except OSError:
        return False
    return True


def test_a_stop_does_not_wait_for_longer_than_the_grace() -> None:
    slow = SlowServer()
    with ThreadPoolExecutor(1) as pool:
        with slow.running(grace=0.3) as server:
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
    with pytest.raises(CannotListen, match="^cannot listen on 203.0.113.1:0: cannot assign requested address.$"):
        bind("203.0.113.1", 0)


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


def test_an_address_that_this_machine_does_not_have_is_passed_over_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*addresses: str) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found("203.0.113.1", "127.0.0.1"))
    (bound,) = bind("both", 0)
    with bound:
        assert bound.getsockname()[0] == "127.0.0.1"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found("203.0.113.1", "203.0.113.2"))
    with pytest.raises(CannotListen, match="cannot assign requested address"):
        bind("both", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_address_stands_in_brackets_and_does_not_take_the_ipv4_port() -> None:
    (six,) = bind("::1", 0)
    with six:
        port = six.getsockname()[1]
        assert endpoint_url([six]) == f"http://[::1]:{port}/mcp"
        (four,) = bind("127.0.0.1", port)
        four.close()


def test_an_app_that_fails_at_its_start_is_raised_where_the_caller_is(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no luck"})

    app = compose("broken", [], json_response=True)
    with pytest.raises(CannotStart, match="could not start"), running_app(replace(app, asgi=broken), CONFIG):
        pass
    assert "no luck" in caplog.text


def test_health_says_not_ready_once_the_stop_has_begun() -> None:
    app = compose("stopping", [], json_response=True)
    with running_app(app, CONFIG) as server:
        health = f"{server.base_url}/health"
        assert b'"ready":true' in send(health, "GET", {}).body
        app.streams.close()
        assert b'"ready":false' in send(health, "GET", {}).body


def test_a_get_stream_that_is_opened_after_the_stop_began_ends_at_once() -> None:
    app = compose("stopping", [], json_response=True)
    with running_app(app, CONFIG) as server:
        client = RawClient(server.url, HANDSHAKE)
        app.streams.close()
        reply = send(server.url, "GET", {**client.headers, "Accept": "text/event-stream"})
        assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
def test_a_server_that_listens_everywhere_announces_an_address_that_works(host: str, shown: str) -> None:
    (everywhere,) = bind(host, 0)
    with everywhere:
        assert endpoint_url([everywhere]) == f"http://{shown}:{everywhere.getsockname()[1]}/mcp"


@pytest.mark.parametrize(
    ("hits", "sentences"),
    [
        ({}, []),
        ({"slow": 0}, ["the fault rule slow never took effect: it hit no request."]),
        ({"a": 0, "b": 0}, ["the fault rules a, b never took effect: they hit no request."]),
        (
            {"a": 1, "b": 0, "c": 1_234},
            [
                "the fault rule b never took effect: it hit no request.",
                "the fault rule a never took effect: it hit 1 request, and the journal says why none counts.",
                "the fault rule c never took effect: it hit 1,234 requests, and the journal says why none counts.",
            ],
        ),
    ],
)
def test_rules_that_never_took_effect_are_told_with_what_they_hit(hits: dict[str, int], sentences: list[str]) -> None:
    assert list(idle(hits)) == sentences


def test_a_rule_that_hits_what_it_cannot_act_on_is_idle() -> None:
    hits_and_fails = {"name": "no-session", "match": {"tool": "add"}, "do": [{"session": {"rotate_id": True}}]}
    profile = {
        "version": 1,
        "rules": [hits_and_fails, {"name": "never", "match": {"tool": "divide"}, "do": [{"latency": "1s"}]}],
    }
    app = build_app(CONFIG, profile=json.dumps(profile))
    with running_app(app, CONFIG) as server:
        assert RawClient(server.url, MODERN).call("add", {"a": 1, "b": 2}).status == 200
        assert app.faults is not None
    assert app.faults.idle_rules == {"no-session": 1, "never": 0}
