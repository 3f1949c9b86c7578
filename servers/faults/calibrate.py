"""Calibration of latency faults: what was planned, what the server did, what a client saw, at a steady rate."""

import asyncio
import gc
import json
import math
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_types import CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import TypeAdapter

from ..errors import NoAnswer
from .latency import Distribution
from .remote import Remote

RATE = 1_000
"""Calls per second."""
SECONDS = 3.0
"""Of each distribution."""
GOAL_MS = 2.0
"""The 99th percentile of what the server's delays are off by."""
CASES: tuple[dict[str, Any], ...] = (
    {"distribution": "fixed", "delay": "20ms"},
    {"distribution": "uniform", "from": "5ms", "to": "50ms"},
    {"distribution": "normal", "mean": "50ms", "sd": "15ms"},
    {"distribution": "lognormal", "p50": "20ms", "p99": "200ms"},
    {"distribution": "exponential", "mean": "40ms"},
    {"distribution": "pareto", "min": "10ms", "alpha": 1.5, "cap": "1s"},
)
_COLUMNS = "".join(
    [
        f"{'distribution':14}{'calls':>7}{'p50':>8}{'p99':>8}{'max':>8}",
        f"{'client p50':>12}{'client p99':>12}{'late p99':>10}{'KS':>8}",
    ]
)
HEADING = f"""\
Delays at {RATE:,} calls/s, {SECONDS:g} s each; ms by which they are off. Goal: the server's p99 <= {GOAL_MS:g} ms
client: its response time less the planned delay, so the call itself is in it; late p99: of the calls' beginnings, and
when it is large, the machine is busy with other things; KS: distance of the achieved delays from the distribution, of
which {{bound:.3f}} would be chance in one of a hundred

{_COLUMNS}"""
_MODERN = MODERN_PROTOCOL_VERSIONS[-1]
_ONE_IN_A_HUNDRED = 1.63
_LEAD = 0.2
_CONNECTIONS = 100
"""Opened before the first call, since opening one costs the calls that are under way time; more when all are taken."""
_DISTRIBUTION: TypeAdapter[Distribution] = TypeAdapter(Distribution)


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one distribution; times in ms."""

    name: str
    calls: int
    off: Sequence[float]
    """Sorted: achieved less planned, without sign."""
    client_off: Sequence[float]
    late: Sequence[float]
    """Sorted: by how much the client began its calls too late."""
    distance: float | None
    """None where every delay is the same."""

    @property
    def within(self) -> bool:
        """Whether the goal is met, of all calls that were due."""
        return self.calls >= RATE * SECONDS and percentile(self.off, 99) <= GOAL_MS


def heading() -> str:
    """Above the rows."""
    return HEADING.format(bound=_ONE_IN_A_HUNDRED / math.sqrt(RATE * SECONDS))


def render(row: Row) -> str:
    """One line; `!` marks a goal that was missed."""
    off, client = row.off, row.client_off
    distance = "-" if row.distance is None else f"{row.distance:.3f}"
    return (
        f"{row.name:14}{row.calls:>7,}"
        f"{percentile(off, 50):>8.2f}{percentile(off, 99):>8.2f}{percentile(off, 100):>8.2f}"
        f"{percentile(client, 50):>12.2f}{percentile(client, 99):>12.2f}{percentile(row.late, 99):>10.2f}"
        f"{distance:>8}{'' if row.within else '  !'}"
    )


def percentile(ordered: Sequence[float], p: float) -> float:
    """The nearest rank; not a number of nothing."""
    return ordered[max(0, math.ceil(len(ordered) * p / 100) - 1)] if ordered else math.nan


def ks_distance(times: Sequence[float], distribution: Distribution) -> float:
    """The largest gap between the share of `times` and that of the distribution, over all times."""
    n = len(times)
    shares = [distribution.share(seconds) for seconds in sorted(times)]
    return max((max(abs((i + 1) / n - share), abs(share - i / n)) for i, share in enumerate(shares)), default=1.0)


async def calibrate(url: str, host: str, port: int) -> AsyncIterator[Row]:
    """A row for each of `CASES`, against a calculator at `url` that is there for nothing else.

    Raises:
        NoAnswer: the server broke off.
    """
    remote = Remote(url)
    for case in CASES:
        rule = {"name": "calibrate", "match": {"tool": "add"}, "do": [{"latency": case}]}
        await remote.apply(json.dumps({"version": 1, "rules": [rule]}), "calibrate")
        await remote.reset()
        clock = _Client(host, port)
        try:
            took = await clock.run(round(RATE * SECONDS))
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise NoAnswer(f"{url} broke off: {error}") from error
        records = [record async for record in remote.journal({"rule": "calibrate", "counted": "true"})]
        yield _row(case, records, took, sorted(seconds * 1000 for seconds in clock.late))


def _row(case: dict[str, Any], records: Sequence[dict[str, Any]], took: dict[int, float], late: Sequence[float]) -> Row:
    distribution = _DISTRIBUTION.validate_python(case)
    off = sorted(abs(record["achieved_delay"] - record["planned_delay"]) * 1000 for record in records)
    client = sorted((took[record["n"]] - record["planned_delay"]) * 1000 for record in records if record["n"] in took)
    name = str(case["distribution"])
    times = [record["achieved_delay"] for record in records]
    return Row(name, len(records), off, client, late, None if name == "fixed" else ks_distance(times, distribution))


class _Client:
    """Calls at their moments, each on a connection that is free, or a new one."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._opened: list[asyncio.StreamWriter] = []
        self.late: list[float] = []
        """Seconds by which each call began too late."""

    async def run(self, calls: int) -> dict[int, float]:
        """Seconds that each call took, by its number."""
        took: dict[int, float] = {}
        try:
            self._free = [await self._open() for _ in range(_CONNECTIONS)]
            gc.collect()
            gc.disable()  # a collection here would send the calls that were due meanwhile all at once
            start = time.perf_counter() + _LEAD
            async with asyncio.TaskGroup() as group:
                for n in range(1, calls + 1):
                    await asyncio.sleep(max(0.0, start + n / RATE - time.perf_counter()))
                    self.late.append(time.perf_counter() - start - n / RATE)
                    group.create_task(self._call(n, took))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        finally:
            gc.enable()
            for writer in self._opened:
                writer.close()
        return took

    async def _call(self, n: int, took: dict[int, float]) -> None:
        connection = self._free.pop() if self._free else await self._open()
        reader, writer = connection
        began = time.perf_counter()
        writer.write(_request(n))
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        took[n] = time.perf_counter() - began
        self._free.append(connection)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        self._opened.append(writer)
        return reader, writer


def _request(n: int) -> bytes:
    meta = {PROTOCOL_VERSION_META_KEY: _MODERN, CLIENT_CAPABILITIES_META_KEY: {}}
    params = {"name": "add", "arguments": {"a": n, "b": 1}, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": params})
    return (
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: {_MODERN}\r\nMcp-Method: tools/call\r\n"
        f"Mcp-Name: add\r\nMcp-Testbed-Call: calibrate/add/{n}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
