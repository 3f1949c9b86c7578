import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from loadgen.client.aiohttp import AiohttpTransport
from loadgen.client.transport import Request
from loadgen.outcome import Connect, Parse, Reset, Timeout, Tls
from tests.support.http_server import Answer, HttpServer, Received, http_server, reply

POST = Request("POST", {"Content-Type": "application/json"}, b"{}")
WITHIN = 5.0
SOON = 0.05


class Whole:
    """A sink that takes everything, up to the piece that it wants no more than."""

    def __init__(self, enough: bytes = b"\0never") -> None:
        self.status = 0
        self.headers: Mapping[bytes, bytes] = {}
        self.body = b""
        self._enough = enough

    def head(self, status: int, headers: Mapping[bytes, bytes]) -> None:
        self.status, self.headers = status, headers

    def feed(self, chunk: bytes) -> bool:
        self.body += chunk
        return self._enough in self.body


def writes(*pieces: bytes) -> Answer:
    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return answer


def then_closes(*pieces: bytes) -> Answer:
    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        await writes(*pieces)(request, writer)
        writer.close()

    return answer


async def never_answers(_: Received, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def resets(_: Received, writer: asyncio.StreamWriter) -> None:
    handle: socket.socket = writer.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def transport_to(answer: Answer) -> AsyncIterator[tuple[AiohttpTransport, HttpServer]]:
    async with http_server(answer) as server:
        transport = AiohttpTransport(server.url)
        try:
            yield transport, server
        finally:
            await transport.close()


async def test_the_sink_gets_status_headers_and_body() -> None:
    async with transport_to(writes(reply(b'{"x":1}', status="201 Created", Mcp_Session_Id="s"))) as (transport, _):
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert (sink.status, sink.headers[b"mcp-session-id"], sink.body) == (201, b"s", b'{"x":1}')


async def test_the_server_gets_method_headers_and_body() -> None:
    async with transport_to(writes(reply(b""))) as (transport, server):
        await transport.exchange(Request("DELETE", {"Mcp-Session-Id": "s"}), Whole(), WITHIN)
        await transport.exchange(POST, Whole(), WITHIN)
        ended, posted = server.received
        assert (ended.method, ended.headers["mcp-session-id"], ended.body) == ("DELETE", "s", b"")
        assert (posted.method, posted.headers["content-type"], posted.body) == ("POST", "application/json", b"{}")


async def test_one_connection_serves_one_exchange_after_another() -> None:
    async with transport_to(writes(reply(b"a"))) as (transport, server):
        for _ in range(3):
            assert await transport.exchange(POST, Whole(), WITHIN) is None
        assert {request.connection for request in server.received} == {1}


async def test_a_chunked_reply_that_closes_is_read_to_its_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with transport_to(writes(head, b"2\r\nab\r\n", b"1\r\nc\r\n0\r\n\r\n")) as (transport, _):
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert sink.body == b"abc"


@pytest.mark.parametrize("settles", [True, False])
async def test_an_exchange_ends_when_the_sink_has_enough_and_the_next_one_is_on_a_clean_connection(
    settles: bool,
) -> None:
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"
    async with transport_to(writes(endless)) as (transport, server):
        for _ in range(2):
            sink = Whole(enough=b"first")
            assert await transport.exchange(POST, sink, WITHIN) is None
            assert sink.body == b"first"
            if settles:  # else the next exchange does
                await transport.settle()
        assert [request.connection for request in server.received] == [1, 2]


async def test_a_connection_whose_reply_was_read_short_is_kept_when_the_rest_comes() -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n3\r\nend\r\n0\r\n\r\n"
    async with transport_to(writes(whole)) as (transport, server):
        for _ in range(2):
            assert await transport.exchange(POST, Whole(enough=b"first"), WITHIN) is None
            await transport.settle()
        assert [request.connection for request in server.received] == [1, 1]


async def test_a_redirect_is_not_followed() -> None:
    async with transport_to(writes(reply(b"", status="307 Temporary Redirect", Location="/mcp/"))) as (
        transport,
        server,
    ):
        sink = Whole()
        await transport.exchange(POST, sink, WITHIN)
        assert (sink.status, len(server.received)) == (307, 1)


async def test_a_port_where_nobody_listens_refuses_the_connection(free_port: int) -> None:
    transport = AiohttpTransport(f"http://127.0.0.1:{free_port}/mcp")
    failure = await transport.exchange(POST, Whole(), WITHIN)
    await transport.close()
    assert failure == Connect(f"no connection to 127.0.0.1:{free_port}: Connection refused")


async def test_a_server_without_tls_fails_the_handshake() -> None:
    def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"this is no TLS", status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        transport = AiohttpTransport(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp")
        failure = await transport.exchange(POST, Whole(), WITHIN)
        await transport.close()
    assert isinstance(failure, Tls)


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
CUT_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"


@pytest.mark.parametrize(
    "answer",
    [then_closes(), resets, then_closes(b"HTTP/1.1 200 OK\r\nContent-"), then_closes(CUT), then_closes(CUT_CHUNK)],
    ids=["before the reply", "by a reset", "in the headers", "in the body", "in a chunk"],
)
async def test_a_connection_that_ends_too_early_is_a_reset_and_the_request_is_not_repeated(answer: Answer) -> None:
    async with transport_to(answer) as (transport, server):
        assert isinstance(await transport.exchange(POST, Whole(), WITHIN), Reset)
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"not HTTP at all\r\n\r\n",
        b"HTTP/9.9 abc\r\n\r\n",
        b"\0" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000,
    ],
)
async def test_what_is_not_http_does_not_parse(garbage: bytes) -> None:
    async with transport_to(writes(garbage)) as (transport, _):
        assert isinstance(await transport.exchange(POST, Whole(), WITHIN), Parse)


async def test_a_reply_that_never_begins_times_out_before_its_first_byte() -> None:
    async with transport_to(never_answers) as (transport, _):
        failure = await transport.exchange(POST, Whole(), SOON)
        assert failure == Timeout("no first byte of the reply within 0.05 s", "first_byte")


async def test_a_reply_that_never_ends_times_out_in_total() -> None:
    async def drip(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(CUT)
        await asyncio.Event().wait()

    async with transport_to(drip) as (transport, _):
        failure = await transport.exchange(POST, Whole(), SOON)
        assert failure == Timeout("no end of the reply within 0.05 s", "total")


async def test_a_connection_that_never_comes_about_times_out_while_connecting() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        transport = AiohttpTransport(f"http://127.0.0.1:{port}/mcp")
        failure = await transport.exchange(POST, Whole(), SOON)
        await transport.close()
        for client in waiting:
            client.close()
    assert failure == Timeout("no connection within 0.05 s", "connect")


async def test_after_a_time_out_the_next_exchange_has_a_connection_of_its_own() -> None:
    async def slow_once(request: Received, writer: asyncio.StreamWriter) -> None:
        await (never_answers if request.connection == 1 else writes(reply(b"right")))(request, writer)

    async with transport_to(slow_once) as (transport, _):
        assert isinstance(await transport.exchange(POST, Whole(), SOON), Timeout)
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert sink.body == b"right"


async def test_a_cancelled_exchange_leaves_no_reply_behind_for_the_next_one() -> None:
    begun = asyncio.Event()

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.connection == 1:
            writer.write(CUT)
            begun.set()
            await asyncio.Event().wait()
        writer.write(reply(b"right"))

    async with transport_to(answer) as (transport, _):
        exchange = asyncio.create_task(transport.exchange(POST, Whole(), WITHIN))
        await begun.wait()
        exchange.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert sink.body == b"right"
