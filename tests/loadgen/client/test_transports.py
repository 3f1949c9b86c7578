import asyncio
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import loadgen.client.aiohttp
import loadgen.client.raw
from loadgen.client.aiohttp import AiohttpTransport
from loadgen.client.raw import RawTransport
from loadgen.client.transport import Limits, Request, Transport, hold
from loadgen.outcome import Connect, Parse, Reset, Timeout, Tls
from tests.support.certificates import make_certificate, server_context
from tests.support.clock import LeapingClock
from tests.support.http_server import Answer, HttpServer, Received, http_server, reply

POST = Request("POST", {"Content-Type": "application/json"}, b"{}")
WITHIN = 60.0
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


class Hanging:
    """A server that hangs once it has the request, or has written what there is of a reply."""

    def __init__(self, begins: bytes = b"") -> None:
        self.begun = asyncio.Event()
        self._begins = begins

    async def __call__(self, _: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(self._begins)
        self.begun.set()
        await asyncio.Event().wait()


class Begun(Whole):
    """A sink that tells when it gets a first piece."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    def feed(self, chunk: bytes) -> bool:
        self.begun.set()
        return super().feed(chunk)


async def resets(_: Received, writer: asyncio.StreamWriter) -> None:
    handle: socket.socket = writer.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


Kind = Callable[..., Transport]


@pytest.fixture(params=[RawTransport, AiohttpTransport])
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


@asynccontextmanager
async def transport_to(answer: Answer, kind: Kind, **settings: Any) -> AsyncIterator[tuple[Transport, HttpServer]]:
    async with http_server(answer) as server:
        transport = kind(server.url, **settings)
        try:
            yield transport, server
        finally:
            await transport.close()


async def test_the_sink_gets_status_headers_and_body(kind: Kind) -> None:
    async with transport_to(writes(reply(b'{"x":1}', status="201 Created", Mcp_Session_Id="s")), kind) as (
        transport,
        _,
    ):
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert (sink.status, sink.headers[b"mcp-session-id"], sink.body) == (201, b"s", b'{"x":1}')


async def test_the_server_gets_method_headers_and_body(kind: Kind) -> None:
    async with transport_to(writes(reply(b"")), kind) as (transport, server):
        await transport.exchange(Request("DELETE", {"Mcp-Session-Id": "s"}), Whole(), WITHIN)
        await transport.exchange(POST, Whole(), WITHIN)
        ended, posted = server.received
        assert (ended.method, ended.headers["mcp-session-id"], ended.body) == ("DELETE", "s", b"")
        assert (posted.method, posted.headers["content-type"], posted.body) == ("POST", "application/json", b"{}")


async def test_one_connection_serves_one_exchange_after_another(kind: Kind) -> None:
    async with transport_to(writes(reply(b"a")), kind) as (transport, server):
        for _ in range(3):
            assert await transport.exchange(POST, Whole(), WITHIN) is None
        assert {request.connection for request in server.received} == {1}


async def test_a_chunked_reply_that_closes_is_read_to_its_end(kind: Kind) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with transport_to(writes(head, b"2\r\nab\r\n", b"1\r\nc\r\n0\r\n\r\n"), kind) as (transport, _):
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert sink.body == b"abc"


@pytest.mark.parametrize("settles", [True, False])
async def test_an_exchange_ends_when_the_sink_has_enough_and_the_next_one_is_on_a_clean_connection(
    settles: bool, kind: Kind
) -> None:
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"
    async with transport_to(writes(endless), kind) as (transport, server):
        for _ in range(2):
            sink = Whole(enough=b"first")
            assert await transport.exchange(POST, sink, WITHIN) is None
            assert sink.body == b"first"
            if settles:  # else the next exchange does
                await transport.settle()
        assert [request.connection for request in server.received] == [1, 2]


async def test_a_connection_whose_reply_was_read_short_is_kept_when_the_rest_comes(kind: Kind) -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n3\r\nend\r\n0\r\n\r\n"
    async with transport_to(writes(whole), kind) as (transport, server):
        for _ in range(2):
            assert await transport.exchange(POST, Whole(enough=b"first"), WITHIN) is None
            await transport.settle()
        assert [request.connection for request in server.received] == [1, 1]


async def test_a_redirect_is_not_followed(kind: Kind) -> None:
    async with transport_to(writes(reply(b"", status="307 Temporary Redirect", Location="/mcp/")), kind) as (
        transport,
        server,
    ):
        sink = Whole()
        await transport.exchange(POST, sink, WITHIN)
        assert (sink.status, len(server.received)) == (307, 1)


async def test_a_port_where_nobody_listens_refuses_the_connection(free_port: int, kind: Kind) -> None:
    transport = kind(f"http://127.0.0.1:{free_port}/mcp")
    failure = await transport.exchange(POST, Whole(), WITHIN)
    await transport.close()
    assert failure == Connect(f"no connection to 127.0.0.1:{free_port}: Connection refused")


async def test_a_server_without_tls_fails_the_handshake(kind: Kind) -> None:
    def speak_plainly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"this is no TLS", status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(speak_plainly, "127.0.0.1", 0) as server:
        transport = kind(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp")
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
async def test_a_connection_that_ends_too_early_is_a_reset_and_the_request_is_not_repeated(
    answer: Answer, kind: Kind
) -> None:
    async with transport_to(answer, kind) as (transport, server):
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
async def test_what_is_not_http_does_not_parse(garbage: bytes, kind: Kind) -> None:
    async with transport_to(writes(garbage), kind) as (transport, _):
        assert isinstance(await transport.exchange(POST, Whole(), WITHIN), Parse)


async def test_a_reply_that_never_begins_times_out_before_its_first_byte(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = Hanging()
    async with transport_to(hangs, kind) as (transport, _):
        clock = LeapingClock(monkeypatch)
        exchange = asyncio.create_task(transport.exchange(POST, Whole(), WITHIN))
        await hangs.begun.wait()
        clock.leap(WITHIN)
        assert await exchange == Timeout("no first byte of the reply within 60 s", "first_byte")


async def test_a_reply_that_never_ends_times_out_in_total(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transport_to(Hanging(CUT), kind) as (transport, _):
        clock, sink = LeapingClock(monkeypatch), Begun()
        exchange = asyncio.create_task(transport.exchange(POST, sink, WITHIN))
        await sink.begun.wait()
        clock.leap(WITHIN)
        assert await exchange == Timeout("no end of the reply within 60 s", "total")


async def test_a_connection_that_never_comes_about_times_out_while_connecting(kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        transport = kind(f"http://127.0.0.1:{port}/mcp")
        failure = await transport.exchange(POST, Whole(), SOON)
        await transport.close()
        for client in waiting:
            client.close()
    assert failure == Timeout("no connection within 0.05 s", "connect")


async def test_after_a_time_out_the_next_exchange_has_a_connection_of_its_own(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = Hanging()

    async def slow_once(request: Received, writer: asyncio.StreamWriter) -> None:
        await (hangs if request.connection == 1 else writes(reply(b"right")))(request, writer)

    async with transport_to(slow_once, kind) as (transport, _):
        clock = LeapingClock(monkeypatch)
        exchange = asyncio.create_task(transport.exchange(POST, Whole(), WITHIN))
        await hangs.begun.wait()
        clock.leap(WITHIN)
        assert isinstance(await exchange, Timeout)
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert sink.body == b"right"


async def test_a_cancelled_exchange_leaves_no_reply_behind_for_the_next_one(kind: Kind) -> None:
    begun = asyncio.Event()

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.connection == 1:
            writer.write(CUT)
            begun.set()
            await asyncio.Event().wait()
        writer.write(reply(b"right"))

    async with transport_to(answer, kind) as (transport, _):
        exchange = asyncio.create_task(transport.exchange(POST, Whole(), WITHIN))
        await begun.wait()
        exchange.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert sink.body == b"right"


async def test_the_first_byte_may_have_a_limit_of_its_own(kind: Kind) -> None:
    async with transport_to(never_answers, kind, limits=Limits(first_byte=SOON)) as (transport, _):
        failure = await transport.exchange(POST, Whole(), WITHIN)
        assert failure == Timeout("no first byte of the reply within 0.05 s", "first_byte")


async def test_a_limit_for_the_first_byte_is_none_for_the_rest(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transport_to(Hanging(CUT), kind, limits=Limits(first_byte=WITHIN / 2)) as (transport, _):
        clock, sink = LeapingClock(monkeypatch), Begun()
        exchange = asyncio.create_task(transport.exchange(POST, sink, WITHIN))
        await sink.begun.wait()
        clock.leap(WITHIN * 2 / 3)
        await asyncio.sleep(SOON)
        assert not exchange.done()
        clock.leap(WITHIN)
        assert await exchange == Timeout("no end of the reply within 60 s", "total")


async def test_a_shorter_limit_holds_after_a_longer_one(kind: Kind) -> None:
    async def once(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.headers["n"] == "1":
            await writes(reply(b"a"))(request, writer)
        else:
            await never_answers(request, writer)

    async with transport_to(once, kind) as (transport, _):
        assert await transport.exchange(Request("POST", {}, own=(("N", "1"),)), Whole(), WITHIN) is None
        assert isinstance(await transport.exchange(Request("POST", {}, own=(("N", "2"),)), Whole(), SOON), Timeout)


async def test_headers_of_the_transport_replace_those_of_the_request(kind: Kind) -> None:
    async with transport_to(writes(reply(b"")), kind, headers=(("accept", "x/y"), ("X-Own", "1"))) as (
        transport,
        server,
    ):
        await transport.exchange(Request("POST", {"Accept": "a/b"}, own=(("X-Call", "2"),)), Whole(), WITHIN)
        headers = server.received[0].headers
        assert (headers["accept"], headers["x-own"], headers["x-call"]) == ("x/y", "1", "2")


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "\u20ac"])
async def test_a_header_that_would_break_the_request_is_refused_before_it_is_sent(value: str, kind: Kind) -> None:
    async with transport_to(writes(reply(b"")), kind) as (transport, server):
        for request in (Request("POST", {"X": value}), Request("POST", {}, own=(("X", value),))):
            with pytest.raises(ValueError, match="the value of the header X holds"):
                await transport.exchange(request, Whole(), WITHIN)
        assert server.received == []


async def test_informational_replies_are_skipped(kind: Kind) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    async with transport_to(writes(early + early, reply(b"right")), kind) as (transport, _):
        sink = Whole()
        assert await transport.exchange(POST, sink, WITHIN) is None
        assert (sink.status, sink.body) == (200, b"right")


async def test_a_body_without_a_length_ends_with_the_connection(kind: Kind) -> None:
    async with transport_to(then_closes(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nab", b"c"), kind) as (transport, server):
        for _ in range(2):
            sink = Whole()
            assert await transport.exchange(POST, sink, WITHIN) is None
            assert sink.body == b"abc"
        assert [request.connection for request in server.received] == [1, 2]


async def test_a_server_that_closes_after_its_reply_gets_a_new_connection(kind: Kind) -> None:
    async with transport_to(writes(reply(b"a", Connection="close")), kind) as (transport, server):
        for _ in range(2):
            assert await transport.exchange(POST, Whole(), WITHIN) is None
        assert [request.connection for request in server.received] == [1, 2]


async def test_nothing_is_sent_twice_over_a_connection_that_breaks_later(kind: Kind) -> None:
    async def only_first(request: Received, writer: asyncio.StreamWriter) -> None:
        await (writes(reply(b"a")) if len(server.received) == 1 else resets)(request, writer)

    async with transport_to(only_first, kind) as (transport, server):
        assert await transport.exchange(POST, Whole(), WITHIN) is None
        assert isinstance(await transport.exchange(Request("DELETE", {}), Whole(), WITHIN), Reset)
        assert len(server.received) == 2


async def test_timings_tell_where_the_time_went(kind: Kind) -> None:
    async with transport_to(writes(reply(b"abc")), kind) as (transport, _):
        assert await transport.exchange(POST, Whole(), WITHIN) is None
        first = transport.timings
        assert await transport.exchange(POST, Whole(), WITHIN) is None
        second = transport.timings
    assert first.blocked >= first.connecting > 0
    assert (second.connecting, second.tls_handshaking) == (0, 0)
    assert second.blocked == 0 or kind is AiohttpTransport  # which works a while to have the connection it has
    assert all(t.receiving >= 0 < min(t.sending, t.waiting) for t in (first, second))
    assert all(t.sending + t.waiting + t.receiving < WITHIN for t in (first, second))
    assert first.sent_bytes >= len(POST.body)
    assert first.received_bytes == len(reply(b"abc"))


async def test_a_reply_without_a_body_has_its_phases_too(kind: Kind) -> None:
    empty = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    async with transport_to(writes(empty), kind) as (transport, _):
        assert await transport.exchange(POST, Whole(), WITHIN) is None
    assert transport.timings.waiting > 0
    assert transport.timings.received_bytes == len(empty)


async def test_a_reply_without_a_length_ends_with_its_connection(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ends_late(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}")
        await sink.begun.wait()
        clock.leap(WITHIN / 2)
        writer.close()

    sink, clock = Begun(), LeapingClock(monkeypatch)
    async with transport_to(ends_late, kind) as (transport, _):
        assert await transport.exchange(POST, sink, WITHIN) is None
    assert sink.body == b"{}"
    assert transport.timings.receiving >= WITHIN / 2


async def test_an_exchange_that_fails_while_it_waits_has_waited_until_then(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def closes_late(_: Received, writer: asyncio.StreamWriter) -> None:
        clock.leap(WITHIN / 2)
        writer.close()

    clock = LeapingClock(monkeypatch)
    async with transport_to(closes_late, kind) as (transport, _):
        began = clock.now()
        assert isinstance(await transport.exchange(POST, Whole(), WITHIN), Reset)
        t = transport.timings
        assert t.waiting >= WITHIN / 2
        assert began <= t.ended - t.receiving - t.waiting - t.sending < t.ended <= clock.now()


async def test_a_reply_that_comes_at_once_takes_no_time_to_be_received_and_ends_then(kind: Kind) -> None:
    async with transport_to(writes(reply(b"a")), kind) as (transport, _):
        for _ in range(2):
            began = time.perf_counter()
            assert await transport.exchange(POST, Whole(), WITHIN) is None
            t = transport.timings
            assert t.receiving == 0
            assert began + t.blocked + t.sending + t.waiting <= t.ended <= time.perf_counter()


async def test_a_request_is_not_written_before_its_moment_and_waiting_for_it_is_no_time_of_the_exchange(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leap(until: float) -> None:
        clock.leap(max(0.0, until - clock.now()))

    async with transport_to(writes(reply(b"a")), kind) as (transport, _):
        clock = LeapingClock(monkeypatch)
        for module in (loadgen.client.raw, loadgen.client.aiohttp):
            monkeypatch.setattr(module, "hold", leap)
        for _ in range(2):  # the first one has to connect, too
            moment = clock.now() + WITHIN / 2
            assert await transport.exchange(Request("POST", {}, b"{}", not_before=moment), Whole(), WITHIN) is None
            t = transport.timings
            assert t.ended - t.receiving - t.waiting - t.sending >= moment
            assert t.blocked + t.sending + t.waiting + t.receiving < WITHIN / 2


async def test_a_connection_that_was_closed_while_its_request_waited_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with transport_to(writes(reply(b"a")), RawTransport) as (transport, server):
        assert await transport.exchange(POST, Whole(), WITHIN) is None

        async def closed_meanwhile(_: float) -> None:
            assert isinstance(transport, RawTransport)
            assert transport._connection is not None
            transport._connection.abort()

        monkeypatch.setattr(loadgen.client.raw, "hold", closed_meanwhile)
        assert await transport.exchange(Request("POST", {}, not_before=1.0), Whole(), WITHIN) is None
        assert [request.connection for request in server.received] == [1, 2]


async def test_holding_lets_others_run_and_ends_at_the_moment_or_after_some_milliseconds() -> None:
    others = 0

    async def run() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(run())
    for seconds, at_least in ((0.002, 0.002), (1e9, 0.005), (-1.0, 0.0)):
        began = time.perf_counter()
        await hold(began + seconds)
        assert time.perf_counter() - began >= at_least
    running.cancel()
    assert others > 1


async def test_times_end_with_the_last_bytes_also_when_aiohttp_has_yet_to_hand_them_on() -> None:
    class Busy(Whole):
        def feed(self, chunk: bytes) -> bool:
            time.sleep(SOON)
            return super().feed(chunk)

    async with transport_to(writes(reply(b"abc")), AiohttpTransport) as (transport, _):
        for _ in range(2):
            began = time.perf_counter()
            assert await transport.exchange(POST, Busy(), WITHIN) is None
            took, t = time.perf_counter() - began, transport.timings
            assert 0 < t.blocked + t.sending + t.waiting + t.receiving <= took - SOON


def trusting(pem: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pem)


def blind(_: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("trust", [trusting, blind])
async def test_a_trusted_server_is_spoken_to_over_tls(
    trust: Callable[[Path], ssl.SSLContext], kind: Kind, tmp_path: Path
) -> None:
    pem = make_certificate(tmp_path)
    async with http_server(writes(reply(b"secret")), server_context(pem)) as server:
        transport = kind(server.url, tls=trust(pem))
        for _ in range(2):
            sink = Whole()
            assert await transport.exchange(POST, sink, WITHIN) is None
            assert sink.body == b"secret"
        await transport.close()
        assert [request.connection for request in server.received] == [1, 1]


async def test_a_server_that_nobody_vouches_for_fails_the_handshake(kind: Kind, tmp_path: Path) -> None:
    async with http_server(writes(reply(b"secret")), server_context(make_certificate(tmp_path))) as server:
        transport = kind(server.url)
        failure = await transport.exchange(POST, Whole(), WITHIN)
        await transport.close()
        assert isinstance(failure, Tls)
        assert "certificate verify failed" in failure.detail
        assert server.received == []


async def test_a_handshake_that_does_not_go_on_times_out_while_connecting(kind: Kind) -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()
        writer.close()

    stop = asyncio.Event()
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = kind(f"https://127.0.0.1:{port}/mcp", limits=Limits(connect=SOON))
        failure = await transport.exchange(POST, Whole(), WITHIN)
        await transport.close()
        stop.set()
    assert failure == Timeout("no connection within 0.05 s", "connect")


async def test_the_handshake_is_timed_apart_from_the_connection(tmp_path: Path) -> None:
    pem = make_certificate(tmp_path)
    async with http_server(writes(reply(b"secret")), server_context(pem)) as server:
        transport = RawTransport(server.url, tls=trusting(pem))
        assert await transport.exchange(POST, Whole(), WITHIN) is None
        await transport.close()
    timings = transport.timings
    assert timings.connecting > 0 < timings.tls_handshaking
    assert timings.blocked >= timings.connecting + timings.tls_handshaking
