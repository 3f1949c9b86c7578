"""A small server with given rules, and a client that shows its bytes."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import uvicorn
from fastmcp import FastMCP
from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp

from loadgen.client import Endpoint, Outcome, Session, call_tool, initialize_session
from servers.faults.effects import EFFECTS
from servers.faults.exchange import Clock, Effect
from servers.faults.journal import Journal, Record
from servers.faults.match import Match
from servers.faults.middleware import FaultLayer
from servers.faults.model import Profile, Rule
from servers.faults.plane import Plane
from servers.faults.system_clock import SystemClock
from servers.faults.when import When
from servers.run import bind, endpoint_url
from servers.wire.call import MCP_PATH, CallReader
from servers.wire.connection import RawHttpProtocol
from tests.support.control import eventually
from tests.support.raw_mcp import HANDSHAKE, JSON_HEADERS, MODERN, PREFIX

SECONDS = 10.0
"""How long anything may take here."""


def effect(**do: Any) -> Effect:
    """The effect that one entry under `do` of a profile means: `effect(http={"status": 503})`."""
    ((key, settings),) = do.items()
    made: Effect = EFFECTS[key].model_validate(settings)
    return made


def rule(*do: Effect, name: str = "rule", match: Mapping[str, Any] | None = None, when: Any = None) -> Rule:
    """A rule for every call of a tool, unless told otherwise."""
    chosen = Match.model_validate({"tool": "*"} if match is None else match)
    return Rule(name=name, match=chosen, when=When.model_validate(when or {}), do=do)


async def waited(event: Callable[[], Awaitable[object]]) -> None:
    """The `wait` of an exchange whose client is patient."""
    await event()


class NoSessions:
    """A server that keeps no sessions."""

    async def end(self, _: str) -> bool:
        return False

    def count(self) -> int:
        return 0


@dataclass
class Faulty:
    """A running server with faults."""

    url: str
    port: int
    plane: Plane
    journal: Journal
    layer: FaultLayer
    ran: list[int]
    """The arguments of each tool call that was really carried out."""
    stop: Callable[[], None]
    faults: list[Record] = field(default_factory=list)

    def records(self, count: int = 1) -> list[Record]:
        """The first `count` records, once they are there: they are made after the reply."""
        until = time.monotonic() + SECONDS
        while len(found := self.journal.page(limit=count).records) < count:
            assert time.monotonic() < until, f"{len(found)} records of {count}"
            time.sleep(0.002)
        return list(found)

    def record(self) -> Record:
        """The only record."""
        (record,) = self.records()
        return record


def small_app(ran: list[int]) -> FastMCP[Any]:
    """What is below the layer: one tool that tells how often it ran."""
    mcp: FastMCP[Any] = FastMCP("faulty")

    @mcp.tool
    async def twice(number: int) -> dict[str, int]:
        ran.append(number)
        return {"twice": 2 * number}

    return mcp


@contextmanager
def faulty(
    *rules: Rule,
    json_response: bool = True,
    seed: int = 7,
    clock: Clock | None = None,
    http: Any = RawHttpProtocol,
    app: ASGIApp | None = None,
    journal: Journal | None = None,
) -> Iterator[Faulty]:
    """CallReader > FaultLayer > FastMCP (or `app`) on a socket, in a thread."""
    AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]  # not annotated there
    ran: list[int] = []
    faults: list[Record] = []
    inner = app or small_app(ran).http_app(path=MCP_PATH, json_response=json_response)
    clock = clock or SystemClock()
    plane = Plane(Profile(rules=rules, seed=seed), clock.now)
    journal = journal or Journal()
    layer = FaultLayer(inner, plane, journal, NoSessions(), clock, faults.append)
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started.set()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            layer.close()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        CallReader(layer, under_way=plane.under_way),
        http=http,
        lifespan="on" if app is None else "off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    sockets = bind("127.0.0.1", 0)

    def stop() -> None:
        server.should_exit = True

    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    try:
        assert started.wait(SECONDS)
        port = sockets[0].getsockname()[1]
        yield Faulty(endpoint_url(sockets), port, plane, journal, layer, ran, stop, faults)
    finally:
        stop()
        thread.join(SECONDS)
    assert not thread.is_alive()


@dataclass(frozen=True)
class Seen:
    """What came over a socket in answer to one request."""

    raw: bytes
    ended: str
    """`kept`: the reply was complete and the connection is open; `closed` by FIN; `reset`; or `silent`."""
    seconds: float
    arrivals: Sequence[tuple[float, int]]
    """When bytes came, and how many."""

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    @property
    def after_head(self) -> bytes:
        """As it came: chunks are not taken apart."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def body(self) -> bytes:
        """Without the framing of chunks."""
        rest = self.after_head
        if self.headers.get("transfer-encoding") != "chunked":
            return rest
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size or b"0", 16)
            body, rest = body + rest[:length], rest[length + 2 :]
        return body

    @property
    def message(self) -> Any:
        return json.loads(self.body)


class PlainClient:
    """A socket that speaks HTTP by hand, and hides nothing."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, body: bytes, headers: Mapping[str, str], *, method: str = "POST", within: float = SECONDS) -> Seen:
        """Send a request; read until the reply is complete, the connection ends, or nothing came for `within`."""
        began = time.monotonic()
        self.send(body, headers, method=method)
        return self.read(within, began)

    def send(self, body: bytes, headers: Mapping[str, str], *, method: str = "POST") -> None:
        fields = {"Host": "here", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._socket.sendall(f"{method} {MCP_PATH} HTTP/1.1\r\n{head}\r\n".encode() + body)

    def wait_in_vain(self, server: "Faulty") -> Seen:
        """Send a call of `twice`, and read for a moment once the server is at work on it."""
        self.send(call_body(), call_headers())
        eventually(lambda: server.plane.in_flight, 1)
        return self.read(within=0.1)

    def read(
        self, within: float = SECONDS, began: float | None = None, until: Callable[[bytes], bool] | None = None
    ) -> Seen:
        """The reply, or what there is of it when that is enough; its times count from `began`, or from now."""
        began = time.monotonic() if began is None else began
        self._socket.settimeout(within)
        raw, ended = b"", "kept"
        arrivals = []
        while not (until or _is_complete)(raw):
            try:
                piece = self._socket.recv(1 << 20)
            except ConnectionResetError:
                ended = "reset"
                break
            except TimeoutError:
                ended = "silent"
                break
            if not piece:
                ended = "closed"
                break
            raw += piece
            arrivals.append((time.monotonic() - began, len(piece)))
        return Seen(raw, ended, time.monotonic() - began, arrivals)


def _is_complete(raw: bytes) -> bool:
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        return False
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name == b"content-length":
            return len(body) >= int(value)
        if name == b"transfer-encoding":
            return body.endswith(b"0\r\n\r\n")
    return True


def call_body(number: int = 21, *, request_id: int = 1, era: str = MODERN) -> bytes:
    """A call of the tool `twice`."""
    params: dict[str, Any] = {"name": "twice", "arguments": {"number": number}}
    if era == MODERN:
        params["_meta"] = {f"{PREFIX}protocolVersion": MODERN, f"{PREFIX}clientCapabilities": {}}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}).encode()


def call_headers(**more: str) -> dict[str, str]:
    """Of a modern call of `twice`; names with underscores."""
    own = {name.replace("_", "-"): value for name, value in more.items()}
    return {**JSON_HEADERS, "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "twice", **own}


def ask(server: Faulty, *, within: float = SECONDS, **headers: str) -> Seen:
    """One modern call of `twice` on a connection of its own."""
    with PlainClient(server.port) as client:
        return client.ask(call_body(), call_headers(**headers), within=within)


def leave_in_vain(server: Faulty) -> Seen:
    """A client that leaves without a reply, once the server is at work on its call."""
    with PlainClient(server.port) as client:
        return client.wait_in_vain(server)


def ask_handshake(server: Faulty, *, within: float = SECONDS, **headers: str) -> Seen:
    """One call of `twice` in a session of its own; the rules must let `initialize` pass."""
    own = {**JSON_HEADERS, "MCP-Protocol-Version": HANDSHAKE}
    opening = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "plain", "version": "1"}}
    with PlainClient(server.port) as client:
        body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": opening}).encode()
        own["Mcp-Session-Id"] = client.ask(body, own).headers["mcp-session-id"]
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        return client.ask(call_body(era=HANDSHAKE), own, within=within)


def outcome(server: Faulty, era: str, *, within: float = SECONDS, call_key: str | None = None) -> Outcome:
    """What the load generator's client reports of the same call."""

    async def report() -> Outcome:
        transport = Endpoint(server.url).connect()
        try:
            session = await initialize_session(transport, SECONDS, protocol=era)
            assert isinstance(session, Session), session
            session.within = within
            return await call_tool(session, "twice", {"number": 21}, call_key=call_key)
        finally:
            await transport.close()

    return asyncio.run(report())
