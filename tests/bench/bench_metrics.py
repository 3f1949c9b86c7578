"""`make bench-metrics`: what it costs to be scraped, for the servers and for the load generator.

First both pages, as they usually are and at the cap of what they can have, each served in the loop that makes it, while
that loop also turns as fast as it can: the longest time between two turns is how long calls would have waited. It is
told in CPU time of the loop's thread, which has nothing in it of what else the machine did, and by the clock; medians
of many scrapes. A stall of more CPU time than the goal gives exit code 1.

Then `mcp-load calculator` against `mcp-serve calculator`, each on a core of its own: alternating runs, in every other
one of which both are scraped every 2 s. Calls per second, and calls per second of CPU time of either process: where a
process has a core to itself, that is what it can do, and where others want it, too, calls per second differ for reasons
of their own. A median ratio below the goal gives exit code 1.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from loadgen.accounting import Accounting, Slice
from loadgen.clock import SystemClock
from loadgen.metrics import Trend
from loadgen.outcome import Ok, RpcError
from loadgen.outputs.collector import Labels, RunCollector
from loadgen.outputs.prometheus import PrometheusOutput
from loadgen.timeline import Moment, Timeline
from servers.telemetry import MOST_OPERATIONS, Telemetry
from servers.wire.call import Call
from tests.bench.bench_accounting import samples
from tests.bench.served import LOAD_CORE, Served, free_port, serving

GOAL_MS, GOAL_SHARE = 15.0, 0.01
SECONDS_BETWEEN_SCRAPES = 2.0
_SECONDS_OF_RUN = 20
_CALLS = 100_000


@dataclass
class Stalls:
    """The longest waits of a loop in ms, one for each scrape, in both kinds of time; what a page takes, and has."""

    lines: int = 0
    clock: list[float] = field(default_factory=list)
    thread: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


async def scrape(url: str) -> str:
    """A page, as Prometheus asks for it."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    accept = "application/openmetrics-text; version=1.0.0"
    head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    reply = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    assert reply.startswith(b"HTTP/1.1 200"), reply[:200]
    return reply.partition(b"\r\n\r\n")[2].decode()


def lines_of(page: str) -> int:
    """Its lines with a value."""
    return sum(not line.startswith("#") for line in page.splitlines())


async def longest_wait(work: Awaitable[object]) -> tuple[float, float]:
    """The longest time in ms between two turns of the loop until `work` is done: by the clock, and of its thread."""
    task, longest, used = asyncio.ensure_future(work), 0.0, 0.0
    before, cpu_before = time.perf_counter(), time.thread_time()
    while not task.done():
        await asyncio.sleep(0)
        now, cpu = time.perf_counter(), time.thread_time()
        longest, used = max(longest, now - before), max(used, cpu - cpu_before)
        before, cpu_before = now, cpu
    await task
    return longest * 1e3, used * 1e3


@asynccontextmanager
async def server_page(operations: int) -> AsyncIterator[str]:
    """A server's page with so many series of operations."""
    tools = [f"tool_{n}" for n in range(5)]
    telemetry = Telemetry(frozenset(tools), lambda: 100)
    for n in range(100 * operations):
        tool, status = tools[n % len(tools)], n // len(tools) % (operations // len(tools))
        telemetry.operation(Call("tools/call", tool, "2025-11-25"), str(400 + status) if status else "", n % 100 / 1000)
    config = uvicorn.Config(Starlette(routes=[telemetry.route()]), port=0, log_level="warning")
    server = uvicorn.Server(config)
    serving_it = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/metrics"
    server.should_exit = True
    await serving_it


@dataclass
class Running:
    """A scenario of an open model with many calls of many kinds behind it."""

    accounting: Accounting
    timeline: Timeline
    name: str = "calculator"
    active_requests: int = 50
    target_rate: float | None = 5_000.0
    tools: tuple[str, ...] = ()
    started: bool = True
    over: bool = False
    phases_now: dict[str, bool] = field(default_factory=lambda: {"hold": True})

    def recent(self, seconds: float) -> tuple[Slice, ...]:
        """See `Shown`."""
        return self.timeline.last(seconds)


@asynccontextmanager
async def load_page(operations: int) -> AsyncIterator[str]:
    """A load generator's page with so many series of operations."""
    accounts = Accounting()
    running = Running(accounts, Timeline([accounts]))
    made = samples(_CALLS)
    running.tools = tuple(sorted({sample.tool for sample in made}))
    for n, sample in enumerate(made):
        kind = n // len(running.tools) % (operations // len(running.tools))
        sample.outcome = RpcError("no", kind) if kind else Ok({})
        accounts.add(sample)
        if not n % (_CALLS // _SECONDS_OF_RUN):
            running.timeline.tick(n / _CALLS * _SECONDS_OF_RUN + 1, Moment())
    output = PrometheusOutput(SystemClock())
    output.show(RunCollector(Labels("bench", running.tools), [running], Trend()))
    yield f"http://127.0.0.1:{await output.start(0)}/metrics"
    await output.stop(0)


async def measure_stalls(served: Callable[[], AbstractAsyncContextManager[str]], scrapes: int) -> Stalls:
    """Scrape it often, and see how long its loop stands still."""
    found = Stalls()
    async with served() as url:
        found.lines = lines_of(await scrape(url))
        for _ in range(scrapes):
            clock, thread = await longest_wait(scrape(url))
            found.clock.append(clock)
            found.thread.append(thread)
        for _ in range(scrapes):
            began = time.thread_time()
            await scrape(url)
            found.whole.append((time.thread_time() - began) * 1e3)
    return found


@dataclass(frozen=True)
class Rates:
    """Calls per second of one run, by the clock and by the CPU time of either process; the lines of both pages."""

    clock: float
    server: float
    load: float
    lines: tuple[int, int]


def measure_run(server: Served, seconds: float, *, scraped: bool) -> Rates:
    """One run."""
    load_port, lines = free_port(), (0, 0)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "run.json"
        command = [sys.executable, "-m", "loadgen", "calculator", "--url", f"http://127.0.0.1:{server.port}"]
        command += ["--duration", f"{seconds}s", "--vus", "20", "--json", str(report)]
        command += ["--metrics-port", str(load_port), "--metrics-linger", "0s"]
        pinned = ["taskset", "-c", str(LOAD_CORE), *command]
        before = server.cpu_seconds()
        with subprocess.Popen(pinned, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            due = time.monotonic()
            while scraped and run.poll() is None:
                with suppress(OSError):  # before its beginning, and at its end
                    lines = asyncio.run(scrape_both(server.port, load_port))
                due += SECONDS_BETWEEN_SCRAPES
                with suppress(subprocess.TimeoutExpired):
                    run.wait(max(0.0, due - time.monotonic()))
            run.wait()
        document = json.loads(report.read_text())
    calls, rate = document["requests"]["total"], document["requests"]["per_second"]
    served = calls / (server.cpu_seconds() - before)
    return Rates(rate, served, rate / document["generator"]["cpu_share"], lines)


async def scrape_both(*ports: int) -> tuple[int, int]:
    """The lines of two pages."""
    server, load = [lines_of(await scrape(f"http://127.0.0.1:{port}/metrics")) for port in ports]
    return server, load


def tell(name: str, found: Stalls) -> bool:
    """A line of the table; whether the goal is reached."""
    clock, thread, whole = map(statistics.median, (found.clock, found.thread, found.whole))
    share = whole / 1e3 / SECONDS_BETWEEN_SCRAPES
    print(f"{name:16}{found.lines:>7,}{thread:>12.1f}{clock:>12.1f}{whole:>12.1f}{share:>10.2%}")
    return thread < GOAL_MS


def main() -> int:
    """Print both tables; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench-metrics")
    parser.add_argument("--scrapes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    print(f"{'a scrape (ms)':16}{'lines':>7}{'stall, CPU':>12}{'by clock':>12}{'whole, CPU':>12}{'each 2 s':>10}")
    pages = {
        "mcp-serve": partial(server_page, 5),
        "mcp-load": partial(load_page, 4),
        "mcp-serve, cap": partial(server_page, MOST_OPERATIONS),
        "mcp-load, cap": partial(load_page, MOST_OPERATIONS),
    }
    reached = [tell(name, asyncio.run(measure_stalls(page, options.scrapes))) for name, page in pages.items()]
    pairs: list[dict[bool, Rates]] = []
    with serving(("-m", "servers", "calculator", "--port", "{port}")) as server:
        measure_run(server, 1.0, scraped=False)
        for turn in range(options.rounds):
            order = (False, True) if turn % 2 else (True, False)
            pairs.append({scraped: measure_run(server, options.seconds, scraped=scraped) for scraped in order})
    lines = max(pair[True].lines for pair in pairs)
    print(f"\n{options.rounds} pairs of runs, pages of {lines[0]:,} and {lines[1]:,} lines")
    print(f"{'calls per second':28}{'alone':>10}{'scraped':>10}{'ratio':>8}{'from':>8}{'to':>8}{'goal':>9}")
    within = [
        tell_ratio("by the clock", pairs, lambda rates: rates.clock),
        tell_ratio("of CPU time of mcp-serve", pairs, lambda rates: rates.server),
        tell_ratio("of CPU time of mcp-load", pairs, lambda rates: rates.load),
    ]
    return 0 if all(reached) and all(within[1:]) else 1


def tell_ratio(name: str, pairs: list[dict[bool, Rates]], rate: Callable[[Rates], float]) -> bool:
    """A line of the table; whether the goal is reached."""
    alone, scraped = (statistics.median(rate(pair[which]) for pair in pairs) for which in (False, True))
    ratios = sorted(rate(pair[True]) / rate(pair[False]) for pair in pairs)
    ratio = statistics.median(ratios)
    print(
        f"{name:28}{alone:>10,.0f}{scraped:>10,.0f}{ratio:>8.3f}{ratios[0]:>8.3f}{ratios[-1]:>8.3f}"
        f"{f'> {1 - GOAL_SHARE:.2f}':>9}"
    )
    return ratio > 1 - GOAL_SHARE


if __name__ == "__main__":
    sys.exit(main())
