"""The calls of a benchmark as they look on the wire: both eras' headers and bodies, sessions, one reply to look at."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

PATH = "/mcp"
HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"
FIRST_ID = 10_000_001
"""Ids count from here: no two calls of a session have the same, and all bodies have one length."""
ARGUMENTS = {"a": 1, "b": 2}
_CLIENT = {"name": "bench", "version": "1"}
_PLAIN = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
_META = "io.modelcontextprotocol/"


@dataclass(frozen=True)
class Mode:
    """How calls are made, and how a server is told to answer them."""

    name: str
    version: str
    response: str


HANDSHAKE_JSON = Mode("handshake-json", HANDSHAKE, "json")
MODES = (HANDSHAKE_JSON, Mode("handshake-sse", HANDSHAKE, "sse"), Mode("modern-json", MODERN, "json"))


@dataclass(frozen=True)
class Reply:
    """An answer, as far as a client sees it."""

    status: int
    headers: list[tuple[str, str]]
    body: str

    @property
    def wire_bytes(self) -> int:
        """About how many bytes it has on the wire; chunks are not counted."""
        return sum(len(name) + len(value) + 4 for name, value in self.headers) + len(self.body.encode()) + 19


def call_body(mode: Mode, number: int | str) -> str:
    """A tools/call, with `number` in the place of its id."""
    params: dict[str, Any] = {"name": "add", "arguments": ARGUMENTS}
    if mode.version == MODERN:
        about = {"protocolVersion": MODERN, "clientInfo": _CLIENT, "clientCapabilities": {}}
        params["_meta"] = {_META + key: value for key, value in about.items()}
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": params}, separators=(",", ":"))
    return body.replace('"id":0', f'"id":{number}', 1)


@contextmanager
def session(port: int, mode: Mode) -> Iterator[dict[str, str]]:
    """The headers of calls in a session of their own, which is deleted afterwards; the modern era has no sessions."""
    if mode.version == MODERN:
        yield {**_PLAIN, "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "add"}
        return
    headers = initialize(port, mode)
    assert headers, "initialize was not answered"
    _exchange(port, "POST", headers, json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    yield headers
    _exchange(port, "DELETE", headers, "")


def initialize(port: int, mode: Mode) -> dict[str, str]:
    """The headers of calls in a new session; none at all when nothing answers, or answers with an error."""
    params = {"protocolVersion": mode.version, "capabilities": {}, "clientInfo": _CLIENT}
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    try:
        reply = _exchange(port, "POST", _PLAIN, body)
    except (OSError, HTTPException):
        return {}
    name = next((value for name, value in reply.headers if name.lower() == "mcp-session-id"), "none")
    return {**_PLAIN, "MCP-Protocol-Version": mode.version, "Mcp-Session-Id": name} if reply.status == 200 else {}


def open_sessions(port: int, count: int) -> None:
    """Open `count` sessions, make one call in each, and leave them open."""
    for _ in range(count):
        headers = initialize(port, HANDSHAKE_JSON)
        reply = _exchange(port, "POST", headers, call_body(HANDSHAKE_JSON, FIRST_ID))
        assert reply.status == 200, reply


def one_reply(port: int, mode: Mode) -> Reply:
    """What the server answers to a call of the benchmark; it is checked here, once, so that load tools need not."""
    with session(port, mode) as headers:
        reply = _exchange(port, "POST", headers, call_body(mode, FIRST_ID))
    assert reply.status == 200, reply
    text = reply.body
    if text.startswith(("event:", "data:", "id:", ":")):
        text = next(line[5:] for line in text.splitlines() if line.startswith("data:") and line[5:].strip())
    assert json.loads(text)["result"]["structuredContent"] == {"result": 3}, reply
    return reply


def _exchange(port: int, method: str, headers: dict[str, str], body: str) -> Reply:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, PATH, body, headers)
        response = connection.getresponse()
        return Reply(response.status, response.getheaders(), response.read().decode())
    finally:
        connection.close()
