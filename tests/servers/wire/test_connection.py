"""The seam to uvicorn: these tests fail first when a new version moves what it touches."""

import asyncio
import gc
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from servers.wire.connection import CannotWriteRaw, Connection, RawHttpProtocol, connection_of

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Act = Callable[[Connection, Send], Awaitable[None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@contextmanager
def serving(
    app: ASGIApp, loop: str = "uvloop", http: type[asyncio.Protocol] | str = RawHttpProtocol
) -> Iterator[socket.socket]:
    """uvicorn in a thread; gives a client's connection to it."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

    config = uvicorn.Config(app, lifespan="off", loop=loop, http=http, log_config=None, timeout_graceful_shutdown=5)
    server = Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert started.wait(10)
            with socket.create_connection(listener.getsockname(), timeout=10) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def answering(act: Act) -> ASGIApp:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await act(connection_of(scope), send)

    return app


async def answer_raw(connection: Connection, _: Send) -> None:
    await connection.write_raw(OK)
    connection.finish()


def read_to_the_end(client: socket.socket) -> tuple[bytes, bool]:
    """Everything that comes, and whether a reset ended it."""
    came = b""
    try:
        while piece := client.recv(65536):
            came += piece
    except ConnectionResetError:
        return came, True
    return came, False


def ask(client: socket.socket, request: bytes = REQUEST) -> tuple[bytes, bool]:
    client.sendall(request)
    return read_to_the_end(client)


def test_uvicorn_still_has_what_the_seam_touches() -> None:
    assert callable(HttpToolsProtocol._start_asgi_task)
    assert callable(FlowControl.drain)
    names = set(RequestResponseCycle.__init__.__code__.co_names) | set(RequestResponseCycle.send.__code__.co_names)
    touched = {"transport", "flow", "keep_alive", "disconnected", "message_event", "on_response", "scope"}
    assert touched | {"response_started", "response_complete"} <= names


def test_raw_bytes_then_close_are_all_that_the_client_gets(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def act(connection: Connection, _: Send) -> None:
        await connection.write_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort")
        connection.close()

    with serving(answering(act), loop) as client:
        assert ask(client) == (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", False)
    assert not caplog.records


def test_a_reset_before_any_byte_is_a_reset(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def act(connection: Connection, _: Send) -> None:
        assert not connection.started
        await connection.reset()

    with serving(answering(act), loop) as client:
        assert ask(client) == (b"", True)
    assert not caplog.records


def test_a_reset_in_the_middle_of_a_body_comes_after_what_was_sent(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def act(connection: Connection, send: Send) -> None:
        await send(HEAD)
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        assert connection.started
        await connection.reset()

    with serving(answering(act), loop) as client:
        came, was_reset = ask(client)
    assert came.startswith(b"HTTP/1.1 200 OK\r\n")
    assert came.endswith(b"\r\n\r\nhalf")
    assert was_reset
    assert not caplog.records


def test_a_reset_waits_until_a_slow_client_has_what_was_written(loop: str) -> None:
    size = 3_000_000

    async def act(connection: Connection, _: Send) -> None:
        await connection.write_raw(b"x" * size)
        await connection.reset()

    with serving(answering(act), loop) as client:
        client.sendall(REQUEST)
        threading.Event().wait(0.1)
        came, was_reset = read_to_the_end(client)
    assert len(came) == size
    assert was_reset


def test_a_client_that_never_reads_holds_up_a_reset_for_a_second_at_most(loop: str) -> None:
    over = threading.Event()

    async def act(connection: Connection, _: Send) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await connection.write_raw(b"x" * 30_000_000)
        await connection.reset()
        over.set()

    with serving(answering(act), loop) as client:
        client.sendall(REQUEST)
        assert over.wait(5)


def test_a_complete_raw_reply_keeps_the_connection_for_the_next_request(loop: str) -> None:
    with serving(answering(answer_raw), loop) as client:
        for requests in (1, 1, 3):  # three pipelined
            client.sendall(REQUEST * requests)
            came = b""
            while len(came) < len(OK) * requests:
                came += client.recv(65536)
            assert came == OK * requests


def test_a_complete_raw_reply_closes_where_the_client_asked_for_that(loop: str) -> None:
    with serving(answering(answer_raw), loop) as client:
        assert ask(client, REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) == (OK, False)


@pytest.mark.parametrize("end", ["close", "reset"])
def test_whoever_waits_for_the_client_is_told_when_the_connection_is_ended(loop: str, end: str) -> None:
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        await receive()  # the request itself

        async def wait() -> None:
            told.append((await receive())["type"])

        async with asyncio.TaskGroup() as group:
            group.create_task(wait())
            await asyncio.sleep(0)
            connection = connection_of(scope)
            if end == "close":
                connection.close()
            else:
                await connection.reset()

    with serving(app, loop) as client:
        assert ask(client) == (b"", end == "reset")
    assert told == ["http.disconnect"]


def test_a_client_that_left_is_seen_and_nothing_is_written(loop: str) -> None:
    seen: list[bool] = []

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        connection = connection_of(scope)
        seen.append(connection.gone)
        while (await receive())["type"] != "http.disconnect":
            pass
        seen.append(connection.gone)
        await connection.write_raw(b"nobody reads it")
        connection.close()

    with serving(app, loop) as client:
        client.sendall(REQUEST)
        client.close()
    assert seen == [False, True]


def test_a_request_leaves_no_garbage_behind(loop: str) -> None:
    with serving(answering(answer_raw), loop) as client:
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                client.sendall(REQUEST)
                assert client.recv(65536) == OK
            alive = sum(type(thing) is RequestResponseCycle for thing in gc.get_objects())
        finally:
            gc.enable()
    assert alive <= 2


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_another_protocol_is_refused_with_a_sentence(http: str) -> None:
    refused: list[str] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        try:
            connection_of(scope)
        except CannotWriteRaw as error:
            refused.append(str(error))
        await send({"type": "http.response.start", "status": 204, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body"})

    with serving(app, http=http) as client:
        assert ask(client)[0].startswith(b"HTTP/1.1 204")
    assert refused == ["raw bytes need uvicorn with servers.wire.connection.RawHttpProtocol"]
