"""A calculator on a real socket whose replies given effects change; and what two clients make of it.

One client reads bytes from a socket, the other is the load generator's.
"""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastmcp import Context
from pydantic import BaseModel, ConfigDict

from loadgen.client.raw import RawTransport
from loadgen.client.session import Session, call_tool, initialize_session, list_tools
from loadgen.outcome import Ok, Outcome, SchemaViolation
from loadgen.schemas import OutputSchemas
from servers.app import Faults, compose
from servers.calculator.tools import calculator_tools
from servers.config import CalculatorConfig
from servers.faults.exchange import Effect
from servers.faults.journal import KEEP, Record
from servers.faults.match import Match
from servers.faults.model import NO_FAULTS, Profile, Rule
from servers.testing import running_app
from servers.wire.tool import Tool
from tests.support.raw_mcp import RawClient, Reply

QUIET = 1.0
"""Seconds of silence after which a reply counts as one that hangs."""
_PATIENCE = 20.0
"""Seconds that a reply which comes may take on a busy machine."""
_SECONDS_TO_SETTLE = 5.0


class Acting:
    """A server whose replies to one method some effects change; and what its journal says of that."""

    def __init__(self, url: str, faults: Faults) -> None:
        self.url = url
        self._plane = faults.plane
        self._journal = faults.journal
        self._before = 0
        self.listening = 0
        """Calls that are meant to stay open."""

    @contextmanager
    def on(self, method: str, *effects: Effect) -> Iterator[None]:
        """Let `effects` act on every call of `method`, one after the other; the journal begins anew."""
        self._settle()
        self._before = self._journal.page(limit=KEEP).next_after
        rule = Rule(name="acting", match=Match.model_validate({"method": method}), do=effects)
        self._plane.swap(Profile(rules=(rule,), seed=7))
        try:
            yield
        finally:
            self._settle()
            self._plane.swap(NO_FAULTS)

    @property
    def effects(self) -> list[str]:
        """What acted, or was to, on one call after the other."""
        return [record.effect for record in self._records()]

    @property
    def acted(self) -> list[bool]:
        """Whether each effect took effect, on one call after the other."""
        return [record.counted for record in self._records()]

    @property
    def expected(self) -> list[str | None]:
        """What a client must have seen of each."""
        return [record.expected for record in self._records()]

    @property
    def executed(self) -> list[bool]:
        """Whether the tool ran, for each."""
        return [record.executed for record in self._records()]

    @property
    def delays(self) -> list[float]:
        """Seconds that each held the reply back."""
        return [record.achieved_delay for record in self._records()]

    def _records(self) -> tuple[Record, ...]:
        self._settle()
        return self._journal.page(after=self._before, limit=KEEP).records

    def _settle(self) -> None:
        """Records are made when a call is over, which may be after its reply was read."""
        until = time.monotonic() + _SECONDS_TO_SETTLE
        while self._plane.in_flight > self.listening:
            assert time.monotonic() < until, "a call does not end"
            time.sleep(0.001)


class Described(BaseModel):
    """The result of `describe`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    note: str | None
    sizes: dict[str, int]


async def describe() -> Described:
    """Describe something, in a result that allows no other members."""
    return Described(name="it", note=None, sizes={"USD": 5})


async def count(to: int, ctx: Context) -> int:
    """Count, aloud."""
    for n in range(to):
        await ctx.report_progress(n, to)
    return to


@contextmanager
def acting_server(response: str) -> Iterator[Acting]:
    """The calculator, a tool `describe` whose result has many members, and a tool `count` that reports its progress."""
    tools = [*calculator_tools(), Tool.from_function(describe), Tool.from_function(count)]
    app = compose("acting", tools, json_response=response == "json")
    assert app.faults is not None
    with running_app(app, CalculatorConfig(port=0, grace=1)) as running:
        yield Acting(running.url, app.faults)


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


def seen(
    acting: Acting, era: str, do: Callable[[Session], Awaitable[Outcome]] | None = None, within: float = _PATIENCE
) -> str | None:
    """What the load generator reports when it opens a session and calls `add`, or does something else; None: Ok.

    It waits for `within` seconds; give fewer where no reply comes.
    """

    async def run() -> str | None:
        transport = RawTransport(acting.url)
        try:
            session = await initialize_session(transport, _PATIENCE, protocol=era)
            if not isinstance(session, Session):
                return session.kind
            session.within = within
            outcome = await (do or _add)(session)
            return None if isinstance(outcome, Ok) else outcome.kind
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
