"""Small real servers on a free port that answer HTTP as a test says: rightly, wrongly, or not at all."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Received:
    method: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    connection: int

    @property
    def message(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class HttpServer:
    """Where it listens, and what it was asked so far."""

    url: str
    received: list[Received] = field(default_factory=list)


@asynccontextmanager
async def http_server(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpServer]:
    """Serve on 127.0.0.1; `answer` writes the reply to each request, and may close the connection."""
    tasks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        mine = len(tasks)
        try:
            while not writer.is_closing():
                request = await _read(reader, mine)
                server.received.append(request)
                await answer(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    server = HttpServer(f"http{'s' if tls else ''}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/mcp")
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None))


async def _read(reader: asyncio.StreamReader, connection: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head[0].split()[0], headers, body, connection)


def reply(body: bytes, *, status: str = "200 OK", content_type: str = "application/json", **headers: str) -> bytes:
    """A whole HTTP reply; header names are written with underscores."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def result(request_id: object, result: Any) -> bytes:
    """A JSON-RPC response that succeeded."""
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "result": result}).encode()
