"""A server whose service times are known, in a process of its own: what a calibration is compared with.

It answers MCP's handshake era over HTTP with one tool, `answer`, writes its port as the first line of its output, and
when its input ends writes, as one line of JSON, how long it really took over each call (seconds, by its own clock).
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import httptools
import orjson

from .event_loop import new_event_loop
from .timer import PreciseTimer

Schedule = Literal["constant", "mixture", "stop"]
CONSTANT = 0.005
SLOW = 0.5
EVERY = 100
STOP_AFTER, STOP = 2.004, 1.0
"""Seconds from the first call to the full stop, halfway between two calls 8 ms apart, and how long it lasts."""
_TOOL = {"name": "answer", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}
_ANSWER = {"content": [{"type": "text", "text": "ok"}], "isError": False}


def service_seconds(schedule: Schedule, n: int) -> float:
    """How long the `n`-th call (from 1) is meant to take."""
    return SLOW if schedule == "mixture" and n % EVERY == 1 else CONSTANT


@dataclass(slots=True)
class Record:
    """What the responder did."""

    schedule: Schedule
    calls: int = 0
    stopped: bool = False
    seconds: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One client connection; requests on it come one after another."""

    def __init__(self, record: Record, group: asyncio.TaskGroup) -> None:
        self._record = record
        self._group = group
        self._timer: PreciseTimer | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._arrived = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)  # what create_server makes; uvloop's has no such base
        with suppress(OSError, NotImplementedError):  # without it, replies come in step with the loop's milliseconds
            self._timer = PreciseTimer()

    def connection_lost(self, _: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._timer is not None:
            self._timer.close()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._arrived = time.perf_counter()
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """See `httptools`."""
        self._body += body

    def on_message_complete(self) -> None:
        """See `httptools`."""
        body, self._body = self._body, b""
        message: dict[str, Any] = orjson.loads(body) if body else {}
        if message.get("method") != "tools/call":
            self._write(message, _result(message))
            return
        record = self._record
        record.calls += 1
        if record.calls == 1 and record.schedule == "stop":
            asyncio.get_running_loop().call_later(STOP_AFTER, time.sleep, STOP)
        self._group.create_task(self._serve(message, self._arrived, service_seconds(record.schedule, record.calls)))

    async def _serve(self, message: dict[str, Any], arrived: float, seconds: float) -> None:
        sleep = asyncio.sleep if self._timer is None else self._timer.sleep
        await sleep(max(0.0, arrived + seconds - time.perf_counter()))
        self._record.seconds.append(time.perf_counter() - arrived)  # writing wakes the client, which may take the core
        self._write(message, _ANSWER)

    def _write(self, message: dict[str, Any], result: dict[str, Any] | None) -> None:
        head = "HTTP/1.1 202 Accepted\r\nMcp-Session-Id: calibration\r\n"
        body = b""
        if result is not None:
            head = "HTTP/1.1 200 OK\r\nMcp-Session-Id: calibration\r\nContent-Type: application/json\r\n"
            body = orjson.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _result(message: dict[str, Any]) -> dict[str, Any] | None:
    if message.get("method") == "initialize":
        server = {"name": "calibration", "version": "1"}
        version = message["params"]["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server}
    if message.get("method") == "tools/list":
        return {"tools": [_TOOL]}
    return {} if "id" in message else None


async def respond(schedule: Schedule, write: Callable[[str], Any], until: Callable[[], Any]) -> None:
    """Serve on a free port, which `write` is given, until `until` (blocking, in a thread) returns; then the record."""
    record = Record(schedule)
    async with asyncio.TaskGroup() as group:
        server = await asyncio.get_running_loop().create_server(lambda: Connection(record, group), "127.0.0.1", 0)
        write(f"{server.sockets[0].getsockname()[1]}\n")
        await asyncio.to_thread(until)
        server.close()
    write(orjson.dumps(record.seconds).decode() + "\n")


def _write_out(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    gc.disable()  # it lives for seconds, and a collection would be a service time that nobody asked for
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(respond(sys.argv[1], _write_out, sys.stdin.read))  # type: ignore[arg-type]  # our own caller's word
