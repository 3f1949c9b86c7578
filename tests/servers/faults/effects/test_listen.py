import json
import socket
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from anyio import create_memory_object_stream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.streamable_http import GET_STREAM_KEY
from starlette.applications import Starlette

from servers.faults.effects import listen as listen_module
from servers.faults.effects.listen import ToolsChanged
from servers.faults.effects.result import Result
from tests.support.acting import Acting, SocketClient, acting_server, seen
from tests.support.raw_mcp import HANDSHAKE, JSON_HEADERS, MODERN, PREFIX

CHANGED = Result.model_validate({"list_changed": True})
NOTIFICATION = b"notifications/tools/list_changed"


@pytest.fixture
def acting(response: str) -> Iterator[Acting]:
    with acting_server(response) as server:
        yield server


@contextmanager
def stream(url: str, method: str, headers: dict[str, str], body: bytes = b"") -> Iterator[socket.socket]:
    """A reply that goes on."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        fields = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        connection.sendall(f"{method} {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        yield connection


def read_until(connection: socket.socket, wanted: bytes) -> bytes:
    """What comes, up to `wanted` and the end of its line at least."""
    received = b""
    while wanted not in received or not received.endswith(b"\n"):
        more = connection.recv(65536)
        assert more, received
        received += more
    return received


def listen(url: str, *, tools: bool = True) -> AbstractContextManager[socket.socket]:
    meta = {f"{PREFIX}protocolVersion": MODERN, f"{PREFIX}clientCapabilities": {}}
    wanted = {"toolsListChanged": True} if tools else {"promptsListChanged": True}
    params = {"notifications": wanted, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 4, "method": "subscriptions/listen", "params": params}
    headers = {**JSON_HEADERS, "MCP-Protocol-Version": MODERN, "Mcp-Method": "subscriptions/listen"}
    return stream(url, "POST", headers, json.dumps(message).encode())


def test_who_listens_in_the_modern_era_is_told(acting: Acting) -> None:
    with listen(acting.url) as connection:
        read_until(connection, b"notifications/subscriptions/acknowledged")
        acting.listening = 1
        with acting.on("tools/call", CHANGED):
            SocketClient(acting.url, MODERN).add()
        told = read_until(connection, NOTIFICATION)
    (line,) = (line for line in told.splitlines() if line.startswith(b"data: "))
    message = json.loads(line[6:])
    assert message["method"] == NOTIFICATION.decode()
    assert message["params"]["_meta"][f"{PREFIX}subscriptionId"] == 4
    assert acting.acted == [True]


def test_a_get_stream_of_the_handshake_era_is_told(acting: Acting) -> None:
    client = SocketClient(acting.url, HANDSHAKE)
    with stream(acting.url, "GET", {**client.headers, "Accept": "text/event-stream"}) as connection:
        read_until(connection, b"\r\n\r\n")
        with acting.on("tools/call", CHANGED):
            client.add()
        told = read_until(connection, NOTIFICATION)
    assert b'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\r\n' in told
    assert acting.acted == [True]


def test_both_eras_are_told_by_a_call_of_either(acting: Acting, era: str) -> None:
    client = SocketClient(acting.url, HANDSHAKE)
    get = stream(acting.url, "GET", {**client.headers, "Accept": "text/event-stream"})
    with get as handshake, listen(acting.url) as modern:
        read_until(handshake, b"\r\n\r\n")
        read_until(modern, b"notifications/subscriptions/acknowledged")
        acting.listening = 1
        with acting.on("tools/call", CHANGED):
            assert SocketClient(acting.url, era).add().message["result"]["structuredContent"] == {"result": 3}
        read_until(handshake, NOTIFICATION)
        read_until(modern, NOTIFICATION)


def test_when_nobody_listens_nothing_was_done(acting: Acting, era: str) -> None:
    with acting.on("tools/call", CHANGED):
        assert seen(acting, era) is None
    assert (acting.acted, acting.expected) == ([False], [None])


def test_who_listens_for_something_else_is_not_told(acting: Acting) -> None:
    with listen(acting.url, tools=False) as connection:
        read_until(connection, b"notifications/subscriptions/acknowledged")
        acting.listening = 1
        with acting.on("tools/call", CHANGED):
            SocketClient(acting.url, MODERN).add()
    assert acting.acted == [False]


def test_who_has_left_is_not_told(acting: Acting) -> None:
    with listen(acting.url) as connection:
        read_until(connection, b"notifications/subscriptions/acknowledged")
    with acting.on("tools/call", CHANGED):  # once nothing is open
        SocketClient(acting.url, MODERN).add()
    assert acting.acted == [False]


def test_a_modern_server_says_that_it_can_tell(acting: Acting) -> None:
    capabilities = SocketClient(acting.url, MODERN).ask("server/discover").message["result"]["capabilities"]
    assert capabilities["tools"]["listChanged"] is True


async def test_sessions_that_cannot_take_it_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def session(open_streams: Collection[str], stream: object) -> SimpleNamespace:
        return SimpleNamespace(_write_stream=stream, _request_streams=dict.fromkeys(open_streams))

    def write_stream(room: int) -> MemoryObjectSendStream[Any]:
        sending, receiving = create_memory_object_stream[Any](room)
        streams.append(receiving)
        return sending

    streams: list[MemoryObjectReceiveStream[Any]] = []
    sessions = [
        session((), write_stream(1)),
        session((GET_STREAM_KEY,), None),
        session((GET_STREAM_KEY,), write_stream(0)),  # nobody reads
        session((GET_STREAM_KEY,), write_stream(1)),  # is over
        session((GET_STREAM_KEY,), write_stream(1)),
    ]
    streams[2].close()
    manager = SimpleNamespace(_server_instances=dict(enumerate(sessions)))
    monkeypatch.setattr(listen_module, "session_manager", lambda _: manager)
    monkeypatch.setattr(listen_module, "_SECONDS_TO_TAKE_IT", 0.01)
    assert await ToolsChanged(Starlette()).tools_changed() == 1
    assert streams[3].receive_nowait().message.method == NOTIFICATION.decode()
    for closing in (*streams, *(s._write_stream for s in sessions if s._write_stream is not None)):
        closing.close()
