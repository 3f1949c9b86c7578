"""A calculator as a small MCP server of the handshake era, whose every tool call first does what a test says.

For servers with one known weakness: `Work` is the weakness, everything else is right.
"""

import itertools
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import orjson
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.minimal_mcp import answer

Work = Callable[[], Awaitable[None]]
_Reply = tuple[int, bytes, list[tuple[bytes, bytes]]]
_JSON = (b"content-type", b"application/json")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_SECONDS_TO_STOP = 10.0


class CalculatorApp:
    """An ASGI app: `work` is awaited inside every tools/call, `metrics` gives the text of /metrics."""

    def __init__(self, work: Work, metrics: Callable[[], str] | None = None) -> None:
        self.sessions: set[str] = set()
        self._work = work
        self._metrics = metrics
        self._opened = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, reply, headers = await self._reply(scope, body)
        headers.append((b"content-length", b"%d" % len(reply)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": reply})

    async def _reply(self, scope: Scope, body: bytes) -> _Reply:
        if scope["path"] == "/mcp":
            return await self._reply_mcp(scope["method"], dict(scope["headers"]), body)
        if scope["path"] == "/metrics" and self._metrics is not None:
            return 200, self._metrics().encode(), [_TEXT]
        return 404, b"Not Found", [_TEXT]

    async def _reply_mcp(self, method: str, headers: dict[bytes, bytes], body: bytes) -> _Reply:
        session = headers.get(b"mcp-session-id", b"").decode()
        message = orjson.loads(body) if method == "POST" else {}
        if message.get("method") == "initialize":
            self.sessions.add(session := f"session-{next(self._opened)}")
            return 200, await self._answer(message), [_JSON, (b"mcp-session-id", session.encode())]
        if method not in {"POST", "DELETE"}:
            return 405, b"", []
        if session not in self.sessions:
            return 404, b"Session not found", [_TEXT]
        if method == "DELETE":
            self.sessions.remove(session)
            return 200, b"", []
        return (200, await self._answer(message), [_JSON]) if "id" in message else (202, b"", [])

    async def _answer(self, message: dict[str, object]) -> bytes:
        method, params = str(message["method"]), message.get("params", {})
        assert isinstance(params, dict)
        if method == "tools/call":
            await self._work()
        try:
            result = answer(method, params)
        except ZeroDivisionError:
            result = {"content": [{"type": "text", "text": "division by zero"}], "isError": True}
        return orjson.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve `app` from a thread of this process, on a free port; gives the URL of its MCP endpoint."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)  # from here on, connections wait to be accepted
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="served", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        thread.join(_SECONDS_TO_STOP)
        listening.close()
        assert not thread.is_alive(), "the server did not stop"
