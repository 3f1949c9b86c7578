"""The server's process as seen from outside: real pages, real processes."""

import asyncio
import mmap
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.errors import InvalidInput
from loadgen.client.endpoint import Endpoint
from loadgen.client.transport import Request, Sink, Timings
from loadgen.clock import SystemClock
from loadgen.outcome import Failure
from loadgen.server_watch import MetricsWatch, ProcessWatch, read_page
from loadgen.timeline import Moment
from servers.testing import running_server
from tests.support.clock import FakeClock
from tests.support.http_server import HttpServer, Received, http_server, reply
from tests.support.leaky import BASE_BYTES, leaky

NOTHING = Moment()
PAGE = "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {memory}\n"


def watch_of(url: str, seconds: float = 1.0) -> MetricsWatch:
    page = url.removesuffix("/mcp") + "/metrics"
    return MetricsWatch(Endpoint(page).connect, SystemClock(), seconds)


@asynccontextmanager
async def page_server(reply_now: Callable[[], bytes]) -> AsyncIterator[HttpServer]:
    """A server whose every answer is `reply_now()`."""

    async def serve(request: Received, writer: asyncio.StreamWriter) -> None:
        assert request.method == "GET"
        writer.write(reply_now())

    async with http_server(serve) as server:
        yield server


async def test_memory_and_sessions_are_those_of_the_page() -> None:
    with leaky(noise_bytes=0) as url:
        watch = watch_of(url)
        assert watch.moment == NOTHING
        await watch.look()
    assert watch.moment == Moment(server_memory=BASE_BYTES, server_sessions=0)


async def test_a_real_server_says_both() -> None:
    with running_server("calculator") as server:
        watch = watch_of(server.url)
        await watch.look()
    assert watch.moment.server_memory is not None
    assert 10e6 < watch.moment.server_memory < 10e9
    assert watch.moment.server_sessions == 0


@pytest.mark.parametrize(
    "answered",
    [
        reply(b"Not Found", status="404 Not Found"),
        reply(PAGE.format(memory=1).encode(), status="503 Service Unavailable"),
        reply(b"<html>not a page of metrics</html>", content_type="text/html"),
        reply(b""),
        reply(b"go_goroutines 7\n"),
        b"no HTTP at all\r\n\r\n",
    ],
)
async def test_a_server_without_such_a_page_is_known_by_nothing(answered: bytes) -> None:
    async with page_server(lambda: answered) as server:
        watch = watch_of(server.url)
        await watch.look()
    assert watch.moment == NOTHING


async def test_a_page_of_other_servers_gives_what_it_has() -> None:
    page = PAGE.format(memory=4.2e7) + '# TYPE up gauge\nup{job="x"} 1\n'
    async with page_server(lambda: reply(page.encode())) as server:
        watch = watch_of(server.url)
        await watch.look()
    assert watch.moment == Moment(server_memory=42_000_000)


async def test_a_server_that_vanishes_is_unknown_from_then_on() -> None:
    async with page_server(lambda: reply(PAGE.format(memory=5).encode())) as server:
        watch = watch_of(server.url)
        await watch.look()
        assert watch.moment.server_memory == 5
    await watch.look()
    assert watch.moment == NOTHING


class Answers:
    """A transport that is asked for a page now and then, and gives one number higher each time."""

    def __init__(self) -> None:
        self.timings = Timings()
        self.asked = self.closed = 0

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:  # noqa: ARG002 - at once
        self.asked += 1
        sink.head(200, {})
        sink.feed(PAGE.format(memory=self.asked).encode())
        return None

    async def settle(self) -> None:
        pass

    async def close(self) -> None:
        self.closed += 1


async def test_it_looks_at_once_and_then_every_so_many_seconds_and_leaves_no_connection_open() -> None:
    clock, transport = FakeClock(), Answers()
    watch = MetricsWatch(lambda: transport, clock, 2.0)
    watching = asyncio.create_task(watch.watch())
    seen = []
    for _ in range(5):
        await clock.sleep(0.9)
        seen.append(watch.moment.server_memory)
    watching.cancel()
    assert seen == [1, 1, 2, 2, 3]  # after 0.9, 1.8, 2.7, 3.6 and 4.5 seconds
    assert transport.asked == transport.closed == 3


async def test_the_memory_of_a_real_process_is_read_besides_its_page() -> None:
    async with page_server(lambda: reply(b"mcp_server_active_sessions 3\n")) as server:
        watch = ProcessWatch(os.getpid(), watch_of(server.url))
        await watch.look()
    assert watch.moment.server_sessions == 3
    assert watch.moment.server_memory is not None
    assert 1e6 < watch.moment.server_memory < 1e11


async def test_the_memory_of_a_process_is_known_without_any_page(free_port: int) -> None:
    watch = ProcessWatch(os.getpid(), watch_of(f"http://127.0.0.1:{free_port}/mcp"))
    watching = asyncio.create_task(watch.watch())
    await asyncio.wait([watching], timeout=0)
    assert watch.moment.server_memory
    watching.cancel()


def test_memory_that_a_process_takes_is_seen(free_port: int) -> None:
    watch = ProcessWatch(os.getpid(), watch_of(f"http://127.0.0.1:{free_port}/mcp"))
    before = watch.moment.server_memory or 0
    with mmap.mmap(-1, 30_000_000) as taken:  # bytes could lie where others were before
        taken.write(b"\1" * len(taken))
        assert (watch.moment.server_memory or 0) - before > 25_000_000


def test_a_process_that_ends_is_unknown_from_then_on_waited_for_or_not(free_port: int) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        watch = ProcessWatch(process.pid, watch_of(f"http://127.0.0.1:{free_port}/mcp"))
        seen = [watch.moment.server_memory]
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the table of processes
        seen.append(watch.moment.server_memory)
    seen.append(watch.moment.server_memory)
    assert seen == [seen[0], None, None]
    assert seen[0] is not None


def test_a_process_that_there_is_not_is_refused(free_port: int) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    with pytest.raises(InvalidInput) as raised:
        ProcessWatch(process.pid, watch_of(f"http://127.0.0.1:{free_port}/mcp"))
    assert raised.value.problems == (
        f"--pid {process.pid}: there is no such process, or /proc does not show its memory",
    )


@given(st.floats(0, 1e15), st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_a_page_is_read_whatever_else_is_on_it(memory: float, sessions: list[int]) -> None:
    page = "# HELP x y\n# TYPE process_resident_memory_bytes gauge\n"
    page += f"process_resident_memory_bytes {memory!r}\n# TYPE mcp_server_active_sessions gauge\n"
    page += "".join(f'mcp_server_active_sessions{{server="s{n}"}} {count}\n' for n, count in enumerate(sessions))
    assert read_page(page) == Moment(server_memory=memory, server_sessions=sum(sessions))


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_what_is_no_number_is_not_known(value: str) -> None:
    assert read_page(PAGE.format(memory=value)) == NOTHING


_WORDS = st.sampled_from(["process_resident_memory_bytes", *'{}"=,# 1\\\n', "TYPE", "HELP", "gauge", "histogram"])


@given(st.one_of(st.text(), st.lists(_WORDS).map("".join)))
def test_whatever_a_page_says_it_is_read_without_an_error(page: str) -> None:
    assert isinstance(read_page(page), Moment)
