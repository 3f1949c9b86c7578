import asyncio
import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.client.connection import Connection
from loadgen.client.reply import RpcReply
from loadgen.client.transport import SETTLE_BYTES
from tests.support.wire import Wire

RESULT = b'{"jsonrpc":"2.0","id":1,"result":{}}'
PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n",
    b"Content-Type: application/json\r\n",
    b"Content-Type: text/event-stream\r\n",
    b"Content-Length: 36\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"\r\n",
    RESULT,
    b"24\r\n" + RESULT + b"\r\n0\r\n\r\n",
    b"data: " + RESULT + b"\n\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n" + RESULT,
]


async def outcome_of(pieces: list[bytes]) -> object:
    connection, wire, sink = Connection(asyncio.get_running_loop()), Wire(), RpcReply(1)
    connection.open_with(wire)
    waiter = connection.begin(b"request", sink, 0.0, 1e9, 1e9)
    for piece in pieces:
        if piece and not wire.cut:
            connection.data_received(piece)
    connection.connection_lost(None)
    assert waiter.done()
    return waiter.result() or sink.answer()


@settings(max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=9).map(b"".join), st.data())
def test_a_reply_means_the_same_wherever_it_is_cut(data: bytes, drawn: st.DataObject) -> None:
    cuts = drawn.draw(st.lists(st.integers(min_value=0, max_value=len(data)), max_size=4).map(sorted))
    cut = [data[a:b] for a, b in pairwise([0, *cuts, len(data)])]
    single = [bytes([byte]) for byte in data]

    async def main() -> None:
        whole = type(await outcome_of([data]))
        assert type(await outcome_of(cut)) is type(await outcome_of(single)) is whole

    asyncio.run(main())


@settings(max_examples=300)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map(b"".join), min_size=1, max_size=4))
def test_a_reply_means_the_same_after_others_on_its_connection(replies: list[bytes]) -> None:
    async def run() -> None:
        connection = Connection(asyncio.get_running_loop())
        connection.open_with(Wire())
        for reply in replies:
            if not connection.clean:
                return
            sink = RpcReply(1)
            waiter = connection.begin(b"request", sink, 0.0, 1e9, 1e9)
            connection.data_received(reply)
            if waiter.done():
                assert (waiter.result() or sink.answer()) == await outcome_of([reply])

    asyncio.run(run())


async def test_a_sink_that_raises_ends_the_exchange_with_its_error_whether_or_not_the_head_is_known() -> None:
    class Broken(RpcReply):
        def feed(self, chunk: bytes) -> bool:
            raise LookupError(len(chunk))

    for exchanges_before in (0, 1):
        connection = Connection(asyncio.get_running_loop())
        connection.open_with(Wire())
        for _ in range(exchanges_before):
            connection.begin(b"request", RpcReply(1), 0.0, 1e9, 1e9)
            connection.data_received(PIECES[-1])
        waiter = connection.begin(b"request", Broken(1), 0.0, 1e9, 1e9)
        connection.data_received(PIECES[-1])
        assert isinstance(waiter.exception(), LookupError)
        assert not connection.clean


async def test_a_connection_is_clean_between_two_exchanges_only() -> None:
    connection = Connection(asyncio.get_running_loop())
    states = [connection.clean]
    connection.open_with(Wire())
    states.append(connection.clean)
    waiter = connection.begin(b"request", RpcReply(1), 0.0, 1e9, 1e9)
    states.append(connection.clean)
    connection.data_received(PIECES[-1])
    assert waiter.result() is None
    states.append(connection.clean)
    connection.abort()
    assert [*states, connection.clean] == [False, True, False, True, False]


async def test_an_exchange_ended_with_the_last_bytes_that_were_wanted() -> None:
    connection = Connection(asyncio.get_running_loop())
    connection.open_with(Wire())
    waiter = connection.begin(b"request", RpcReply(1), 0.0, 1e9, 1e9)
    moments = [time.perf_counter()]
    for piece in (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"2c\r\ndata: " + RESULT + b"\n\n\r\n",
        b"0\r\n\r\n",
    ):
        connection.data_received(piece)
        moments.append(time.perf_counter())
    assert waiter.result() is None
    assert moments[0] < connection.first_at < moments[1] < connection.ended_at < moments[2]


async def test_one_timer_serves_many_exchanges() -> None:
    connection, loop = Connection(asyncio.get_running_loop()), asyncio.get_running_loop()
    connection.open_with(Wire())
    timers = []
    for n in range(3):
        connection.begin(b"request", RpcReply(1), loop.time() + n, 1e6, 1e9)
        connection.data_received(PIECES[-1])
        timers.append(connection._timer)
    timer = timers[0]
    assert timer is not None
    assert timers == [timer] * 3
    connection.abort()
    assert timer.cancelled()


async def test_what_comes_to_a_clean_connection_closes_it() -> None:
    connection, wire = Connection(asyncio.get_running_loop()), Wire()
    connection.open_with(wire)
    connection.data_received(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert wire.cut
    assert not connection.clean


async def test_a_rest_that_nobody_wants_is_read_up_to_a_limit_and_then_the_connection_is_cut() -> None:
    connection, wire = Connection(asyncio.get_running_loop()), Wire()
    connection.open_with(wire)
    waiter = connection.begin(b"request", RpcReply(1), 0.0, 1e9, 1e9)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 10000000\r\n\r\n")
    connection.data_received(b"data: " + RESULT + b"\n\n")
    assert waiter.result() is None
    connection.data_received(b":" * SETTLE_BYTES)
    assert not wire.cut
    connection.data_received(b":")
    assert wire.cut
