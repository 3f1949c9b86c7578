import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loadgen.client import connection as connection_module
from loadgen.client import raw as raw_module
from loadgen.client.connection import Connection
from loadgen.client.raw import RawTransport
from loadgen.client.reply import RpcReply
from loadgen.client.transport import MAX_REPLY_BYTES, Request
from loadgen.outcome import Connect, Failure, Parse, Reset, SseProtocol, Timeout
from tests.support.http_server import Answer, HttpServer, Received, http_server, reply
from tests.support.wire import Wire

POST = Request("POST", {"Content-Type": "application/json"}, b"{}")
WITHIN = 60.0
RESULT = b'{"jsonrpc":"2.0","id":1,"result":{}}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def transport_to(answer: Answer) -> AsyncIterator[tuple[RawTransport, HttpServer]]:
    async with http_server(answer) as server:
        transport = RawTransport(server.url)
        try:
            yield transport, server
        finally:
            await transport.close()


def without_end(start: bytes, more: bytes) -> Answer:
    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(more)
            await writer.drain()

    return answer


@pytest.mark.parametrize(
    ("start", "more", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"y" * 10_000, Parse),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1_000, Parse),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000, Parse),
        (CHUNKED + b"0\r\n", b"X: y\r\n" * 1_000, Parse),
        (CHUNKED + b"1;", b"x" * 100_000, Parse),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b"[" * 100_000, Parse),
        (STREAM, b"186a0\r\n" + b"x" * 100_000 + b"\r\n", SseProtocol),
    ],
    ids=["a header", "headers", "informational replies", "trailers", "a chunk's extension", "a body", "a line"],
)
async def test_a_reply_without_end_is_given_up(start: bytes, more: bytes, outcome: type[Failure]) -> None:
    async with transport_to(without_end(start, more)) as (transport, _):
        sink = RpcReply(1)
        failure = await transport.exchange(POST, sink, 30.0)
        assert isinstance(failure or sink.answer(), outcome)
        assert transport.timings.received_bytes <= 2 * MAX_REPLY_BYTES


async def test_what_comes_without_being_asked_for_is_no_reply_to_the_next_request() -> None:
    async with transport_to(speaks_twice) as (transport, server):
        for _ in range(3):
            sink = RpcReply(1)
            assert await transport.exchange(POST, sink, WITHIN) is None
            assert not isinstance(sink.answer(), Parse)
        assert [request.connection for request in server.received] == [1, 2, 3]


async def speaks_twice(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(RESULT) + reply(b"unasked")[:20])


async def test_a_server_that_goes_on_after_what_was_wanted_is_left() -> None:
    event = b"data: " + RESULT + b"\n\n"
    endless = without_end(STREAM + b"%x\r\n%b\r\n" % (len(event), event), b"2710\r\n" + b":" * 10_000 + b"\r\n")
    async with transport_to(endless) as (transport, server):
        for _ in range(2):
            sink = RpcReply(1)
            assert await transport.exchange(POST, sink, WITHIN) is None
            await transport.settle()
        assert [request.connection for request in server.received] == [1, 2]


async def test_a_protocol_switch_that_nobody_asked_for_does_not_parse() -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    async with transport_to(saying(switch)) as (transport, _):
        assert isinstance(await transport.exchange(POST, RpcReply(1), 0.2), Parse)


async def test_a_sink_that_raises_is_heard() -> None:
    class Broken(RpcReply):
        def feed(self, chunk: bytes) -> bool:
            raise KeyError(chunk)

    async with transport_to(saying(reply(b"x"))) as (transport, _):
        with pytest.raises(KeyError):
            await transport.exchange(POST, Broken(1), WITHIN)


async def test_a_head_is_encoded_once_per_mapping() -> None:
    async with transport_to(saying(reply(RESULT))) as (transport, server):
        for n in range(600):  # more mappings than are remembered
            await transport.exchange(Request("POST", {"N": str(n)}), RpcReply(1), WITHIN)
        assert [request.headers["n"] for request in server.received] == [str(n) for n in range(600)]
        assert len(transport._heads) <= 256


def saying(
    data: bytes, cuts: tuple[int, ...] = (), then: Callable[[asyncio.StreamWriter], None] | None = None
) -> Answer:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        for a, b in pairwise(edges):
            writer.write(data[a:b])
            await asyncio.sleep(0)
        if then is not None:
            then(writer)

    return answer


def close(writer: asyncio.StreamWriter) -> None:
    writer.close()


BYTES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"HTTP/1.1 200 OK\r\n",
                b"HTTP/1.0 200 OK\r\n",
                b"HTTP/1.1 101 Switching\r\n",
                b"HTTP/1.1 100 Continue\r\n\r\n",
                b"HTTP/1.1 204 No Content\r\n",
                b"Content-Type: application/json\r\n",
                b"Content-Type: text/event-stream\r\n",
                b"Content-Length: 36\r\n",
                b"Content-Length: 5\r\n",
                b"Content-Length: -1\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"Transfer-Encoding: gzip\r\n",
                b"Connection: close\r\n",
                b"Upgrade: x\r\nConnection: upgrade\r\n",
                b"\r\n",
                RESULT,
                b"24\r\n",
                b"0\r\n\r\n",
                b"data: " + RESULT + b"\n\n",
            ]
        ),
        st.binary(max_size=20),
    ),
    max_size=12,
).map(b"".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BYTES, st.tuples(*[st.integers(min_value=0)] * 3))
def test_any_bytes_cut_anywhere_are_an_outcome(data: bytes, cuts: tuple[int, ...]) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), transport_to(saying(data, cuts, close)) as (transport, server):
            sink = RpcReply(1)
            failure = await transport.exchange(POST, sink, WITHIN)
            assert failure is None or isinstance(failure, (Parse, Reset))
            assert failure or sink.answer()
            await transport.settle()
            assert len(server.received) == 1

    asyncio.run(main())


async def test_a_length_that_is_too_great_times_out() -> None:
    async with transport_to(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort")) as (transport, _):
        assert isinstance(await transport.exchange(POST, RpcReply(1), 0.05), Timeout)


async def test_closing_ends_the_exchange_that_is_under_way() -> None:
    asked = asyncio.Event()

    async def silent(_: Received, __: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with transport_to(silent) as (transport, _):
        exchange = asyncio.create_task(transport.exchange(POST, RpcReply(1), WITHIN))
        await asked.wait()
        await transport.close()
        assert isinstance(await exchange, Reset)


async def test_the_time_that_a_refused_connection_took_is_told(free_port: int) -> None:
    transport = RawTransport(f"http://127.0.0.1:{free_port}/mcp")
    assert isinstance(await transport.exchange(POST, RpcReply(1), WITHIN), Connect)
    assert 0 < transport.timings.blocked < WITHIN
    assert transport.timings.waiting == 0


@pytest.mark.parametrize("host", ["a" * 70 + ".com", "a..b", ".a"])
async def test_a_host_whose_name_cannot_be_one_is_not_connected_to(host: str) -> None:
    transport = RawTransport(f"http://{host}/mcp")
    outcome = await transport.exchange(POST, RpcReply(1), WITHIN)
    assert outcome == Connect(f"no connection to {host}:80: Name or service not known")


def connected(wire: Wire) -> tuple[RawTransport, Connection]:
    """A transport whose connection is there already, over `wire`."""
    transport, connection = RawTransport("http://127.0.0.1:9/mcp"), Connection(asyncio.get_running_loop())
    connection.open_with(wire)
    transport._connection = connection
    return transport, connection


async def test_each_phase_of_an_exchange_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.perf_counter()

    def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds

    for module in (raw_module, connection_module):
        monkeypatch.setattr(module, "_now", lambda: now)
    wire = Wire(on_write=lambda: pass_time(1))
    transport, connection = connected(wire)
    exchange = asyncio.create_task(transport.exchange(POST, RpcReply(1), 1e6))
    await wire.was_written.wait()
    pass_time(2)
    connection.data_received(reply(RESULT)[:-1])
    pass_time(4)
    connection.data_received(reply(RESULT)[-1:])
    assert await exchange is None
    timings = transport.timings
    assert (timings.sending, timings.waiting, timings.receiving) == pytest.approx((1, 2, 4))
    assert (timings.blocked, timings.sent_bytes, timings.received_bytes) == (0, len(wire.written), len(reply(RESULT)))
    await transport.close()


async def test_a_cancelled_exchange_drops_its_connection_at_once() -> None:
    wire = Wire()
    transport, _ = connected(wire)
    exchange = asyncio.create_task(transport.exchange(POST, RpcReply(1), WITHIN))
    await wire.was_written.wait()
    exchange.cancel()
    await asyncio.wait([exchange])
    assert exchange.cancelled()
    assert wire.cut
