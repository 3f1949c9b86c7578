"""A calculator on a real socket whose replies given effects change, without profiles; and what two clients make of it.

One client reads bytes from a socket, the other is the load generator's.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fastmcp import Context, FastMCP
from pydantic import BaseModel, ConfigDict
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loadgen.client.raw import RawTransport
from loadgen.client.session import Session, call_tool, initialize_session, list_tools
from loadgen.outcome import Ok, Outcome, SchemaViolation
from loadgen.schemas import OutputSchemas
from servers.app import TestbedApp
from servers.calculator.tools import calculator_tools
from servers.config import CalculatorConfig
from servers.faults.draft import Draft
from servers.faults.effects.listen import ToolsChanged
from servers.faults.effects.server_facts import FactsLayer, ServerFacts
from servers.faults.exchange import Effect, Exchange, SystemClock
from servers.testing import running_app
from servers.wire.call import CallReader, call_of
from servers.wire.sessions import session_manager
from servers.wire.streams import OpenStreams
from tests.support.raw_mcp import RawClient, Reply

QUIET = 0.3
"""Seconds of silence after which a reply counts as one that hangs."""
_TIMEOUT = 0.4


@dataclass
class Acting:
    """A server, and what acts on calls of `method`: `acted` has one entry for each effect and call."""

    url: str = ""
    method: str = "tools/call"
    effects: Sequence[Effect] = ()
    acted: list[bool] = field(default_factory=list)
    expected: list[str | None] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    executed: list[bool] = field(default_factory=list)

    @contextmanager
    def on(self, method: str, *effects: Effect) -> Iterator[None]:
        """Let `effects` act on every call of `method`."""
        self.method, self.effects = method, effects
        self.acted, self.expected, self.delays, self.executed = [], [], [], []
        try:
            yield
        finally:
            self.effects = ()


class Described(BaseModel):
    """The result of `describe`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    note: str | None
    sizes: dict[str, int]


class _Layer:
    def __init__(self, app: ASGIApp, acting: Acting, sessions: "_Sessions") -> None:
        self.app = app
        self.acting = acting
        self.sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = call_of(scope) if scope["type"] == "http" else None
        if call is None or call.method != self.acting.method or not self.acting.effects:
            await self.app(scope, receive, send)
            return
        exchange = Exchange(call, scope, SystemClock(), self.sessions, 7, 0.0, asyncio.sleep)
        await self._act(exchange, "before")
        if exchange.draft is None:
            exchange.executed = True
            exchange.draft = await self._draft(scope, receive)
        await self._act(exchange, "after")
        self.acting.executed.append(exchange.executed)
        await _deliver(exchange.draft, receive, send)

    async def _act(self, exchange: Exchange, phase: str) -> None:
        for effect in self.acting.effects:
            if effect.phase() == phase:
                exchange.begin("the rule", len(self.acting.acted) + 1)
                self.acting.expected.append(effect.expects(exchange.call))
                self.acting.acted.append(await effect.act(exchange))
                self.acting.delays.append(exchange.achieved)

    async def _draft(self, scope: Scope, receive: Receive) -> Draft:
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, keep)
        return Draft.of_reply(sent[0]["status"], sent[0]["headers"], [m.get("body", b"") for m in sent[1:]])


async def _deliver(draft: Draft, receive: Receive, send: Send) -> None:
    headers = list(draft.headers)
    if not draft.is_stream:
        headers.append((b"content-length", b"%d" % len(draft.body)))
    await send({"type": "http.response.start", "status": draft.status, "headers": headers})
    for piece in draft.pieces:
        await asyncio.sleep(piece.wait)
        await send({"type": "http.response.body", "body": piece.data, "more_body": True})
    if draft.ending == "hang":
        if not draft.pieces:  # uvicorn keeps the head back until there is a body
            await send({"type": "http.response.body", "body": b"", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
    await send({"type": "http.response.body", "body": b""})


class _Sessions:
    def __init__(self, watched: Callable[[], Any]) -> None:
        self._manager = watched

    async def end(self, session_id: str) -> bool:
        transport = self._manager()._server_instances.get(session_id)
        if transport is not None:
            await self._manager()._discard_session(session_id, transport)
        return transport is not None

    def count(self) -> int:
        return len(self._manager()._server_instances)


@contextmanager
def acting_server(response: str) -> Iterator[Acting]:
    """The calculator, a tool `count` that reports its progress, and a tool `describe` whose result has many members."""
    mcp = FastMCP("acting")
    for tool in calculator_tools():
        mcp.add_tool(tool)

    @mcp.tool
    async def describe() -> Described:
        """Describe something, in a result that allows no other members."""
        return Described(name="it", note=None, sizes={"USD": 5})

    @mcp.tool
    async def count(to: int, ctx: Context) -> int:
        """Count, aloud."""
        for n in range(to):
            await ctx.report_progress(n, to)
        return to

    starlette = mcp.http_app(path="/mcp", json_response=response == "json")
    changed = ToolsChanged(starlette)
    changed.register(mcp)
    acting = Acting()
    streams = OpenStreams(starlette)
    reader = CallReader(_Layer(streams, acting, _Sessions(lambda: session_manager(starlette))))
    schemas = {tool.name: tool.output_schema for tool in calculator_tools() if tool.output_schema}
    schemas["describe"] = Described.model_json_schema()
    app = TestbedApp("acting", FactsLayer(reader, ServerFacts(schemas, changed)), streams)
    with running_app(app, CalculatorConfig(port=0, grace=1)) as running:
        acting.url = running.url
        yield acting
        running.stop()


@dataclass(frozen=True)
class SocketReply(Reply):
    """A reply as it came."""

    head: bytes
    chunks: tuple[bytes, ...]
    """Of a chunked body; of another one, the body."""
    ended: bool
    """Whether the body came to its end; False: nothing more came."""

    @property
    def messages(self) -> list[Any]:
        """What the events say that have one line of data each."""
        return [json.loads(line[6:]) for line in self.body.splitlines() if line.startswith(b"data: ")]


class SocketClient(RawClient):
    """A `RawClient` on a plain socket."""

    def post_bytes(self, body: bytes, **headers: str) -> SocketReply:
        sent = {k: v for k, v in {**self.headers, **headers}.items() if v != ""}
        return speak(self.url, sent, body)

    def ask(self, method: str, params: dict[str, Any] | None = None, **headers: Any) -> SocketReply:
        reply = self.post(method, params, **headers)
        assert isinstance(reply, SocketReply)
        return reply

    def add(self, **headers: str) -> SocketReply:
        """The call whose right answer is 3."""
        return self.ask("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2}}, **headers)


def speak(url: str, headers: dict[str, str], body: bytes) -> SocketReply:
    """POST on a connection of its own, and read until the reply ends or nothing more comes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as connection:
        fields = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        connection.sendall(f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        return _read(connection)


def _read(connection: socket.socket) -> SocketReply:
    received, ended = b"", False
    reply = None
    while not ended:
        try:
            more = connection.recv(65536)
        except TimeoutError:
            break
        if not more:
            break
        received += more
        if b"\r\n\r\n" in received:
            connection.settimeout(QUIET)
            reply = _parsed(received)
            ended = reply.ended
    assert reply is not None, f"no reply: {received!r}"
    return reply


def _parsed(received: bytes) -> SocketReply:
    head, _, rest = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in headers:
        whole = len(rest) >= int(headers["content-length"])
        return SocketReply(int(status.split()[1]), headers, rest, head, (rest,), whole)
    chunks: list[bytes] = []
    ended = False
    while not ended and b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if len(rest) < length + 2:
            break
        ended = length == 0
        chunks += [rest[:length]] if length else []
        rest = rest[length + 2 :]
    return SocketReply(int(status.split()[1]), headers, b"".join(chunks), head, tuple(chunks), ended)


def seen(acting: Acting, era: str, do: Callable[[Session], Awaitable[Outcome]] | None = None) -> str | None:
    """What the load generator reports when it opens a session and calls `add`, or does something else; None: Ok."""

    async def run() -> str | None:
        transport = RawTransport(acting.url)
        try:
            session = await initialize_session(transport, _TIMEOUT, protocol=era)
            if not isinstance(session, Session):
                return session.label
            outcome = await (do or _add)(session)
            return None if isinstance(outcome, Ok) else outcome.label
        finally:
            await transport.close()

    return asyncio.run(run())


async def _add(session: Session) -> Outcome:
    """Call `add` and judge the result as a virtual user does."""
    outcome = await call_tool(session, "add", {"a": 1, "b": 2})
    if not isinstance(outcome, Ok):
        return outcome
    schemas = {tool.name: tool.output_schema for tool in calculator_tools()}
    violation = OutputSchemas(schemas.items()).violation("add", outcome.result)
    if violation is not None:
        return SchemaViolation(violation)
    assert outcome.result["structuredContent"] == {"result": 3}
    return outcome


async def listed(session: Session) -> Outcome:
    """List all tools."""
    tools = await list_tools(session)
    return Ok({"tools": [tool.name for tool in tools]}) if isinstance(tools, tuple) else tools
