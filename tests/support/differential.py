"""One request to two servers, and whether both said the same: status, headers that matter, body field for field."""

import json
import re
import select
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff
from http.client import HTTPConnection
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from servers.testing import RunningServer

from .raw_mcp import CLIENT, HANDSHAKE, JSON_HEADERS

SESSION = "session:"
"""A header value `session:<name>` stands for the id of the side's own session of that name."""
DELETED, FAILED, UNKNOWN = "session:deleted", "session:failed", "0123456789abcdef0123456789abcdef"

_SECONDS = 10.0
"""For any single reply; a side that says nothing for so long hangs."""
_UNCOMPARED = {"date", "content-length", "transfer-encoding"}
_FRESH_SESSION = re.compile(r"[0-9a-f]{32}")
_PAYMENT = re.compile(r"pay_[0-9a-f]{24}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(?=Z|\+)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_NO_BODY = (204, 304)


@dataclass(frozen=True)
class Request:
    """HTTP as it is written to the socket, but for `Host`, the framing of the body, and the names of sessions."""

    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    method: str = "POST"
    target: str = "/mcp"
    version: str = "HTTP/1.1"
    chunk: int = 0
    """Bytes per chunk of a chunked body; 0 sends the body whole, with its length."""

    def written(self, host: str, session: Callable[[str], str]) -> bytes:
        head = [f"{self.method} {self.target} {self.version}", f"Host: {host}"]
        for name, value in self.headers:
            known = session(value.removeprefix(SESSION)) if value.startswith(SESSION) else value
            head.append(f"{name}: {known}")
        if self.chunk:
            head.append("Transfer-Encoding: chunked")
        elif self.body or self.method == "POST":
            head.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*head, "", ""]).encode("latin-1") + (self._chunked() if self.chunk else self.body)

    def _chunked(self) -> bytes:
        pieces = [self.body[i : i + self.chunk] for i in range(0, len(self.body), self.chunk)]
        return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


@dataclass(frozen=True)
class Reply:
    """A reply as it came."""

    interim: tuple[int, ...]
    """Statuses of 1xx replies before it."""
    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order of the wire."""
    body: bytes
    is_whole: bool = True
    """False when the connection ended in the middle of the body."""

    def header(self, name: str) -> str | None:
        return dict(reversed(self.headers)).get(name)

    @property
    def message(self) -> Any:
        """The JSON-RPC message: a JSON body, or the last event of a stream; None when there is neither."""
        data = [line[6:] for line in self.body.splitlines() if line.startswith(b"data: ")]
        return json.loads(data[-1] if data else self.body) if self.body else None


NOTHING = Reply((), 0, (), b"", is_whole=False)
"""The connection ended without a reply."""


class Connection:
    """One keep-alive connection, opened again when the server closed it."""

    def __init__(self, netloc: str) -> None:
        self.netloc = netloc
        self._socket: socket.socket | None = None
        self._file: BinaryIO | None = None

    def send(self, data: bytes) -> None:
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()  # nothing is due: what is readable is the end
        if self._socket is None:
            host, _, port = self.netloc.rpartition(":")
            self._socket = socket.create_connection((host, int(port)), timeout=_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._file = self._socket.makefile("rb")
        self._socket.sendall(data)

    def receive(self, method: str = "POST") -> Reply:
        assert self._file is not None
        interim: list[int] = []
        while True:
            line = self._file.readline()
            if not line:
                self.close()
                return NOTHING
            status = int(line.split()[1])
            headers = _read_headers(self._file)
            if status >= 200:
                break
            interim.append(status)
        body, is_whole = (b"", True) if method == "HEAD" or status in _NO_BODY else _read_body(self._file, headers)
        # After a crash uvicorn closes without a word about it.
        if not is_whole or ("connection", "close") in headers or line.startswith(b"HTTP/1.0") or status == 500:
            self.close()
        return Reply(tuple(interim), status, tuple(headers), body, is_whole)

    def abort(self) -> None:
        """Go away as a client does that was killed: with a reset, in the middle of whatever goes on."""
        assert self._socket is not None
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Nothing at all if there is no connection."""
        if self._file is not None and self._socket is not None:
            self._file.close()
            self._socket.close()
        self._socket = self._file = None


def _read_headers(file: BinaryIO) -> list[tuple[str, str]]:
    headers = []
    while (line := file.readline().rstrip(b"\r\n").decode("latin-1")) != "":
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return headers


def _read_body(file: BinaryIO, headers: list[tuple[str, str]]) -> tuple[bytes, bool]:
    named = dict(headers)
    if named.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(file.readline() or b"-1", 16):
            if size < 0:
                return body, False
            body += file.read(size)
            file.readline()
        return body, file.readline() == b"\r\n"
    if "content-length" not in named:
        return file.read(), True
    length = int(named["content-length"])
    body = file.read(length)
    return body, len(body) == length


class Side:
    """One of the two servers: a connection to it, its sessions, and its own names for what is random."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.netloc = urlsplit(server.url).netloc
        self.connection = Connection(self.netloc)
        self._sessions: dict[str, str] = {}
        self._payments: dict[str, str] = {}

    def send(self, request: Request, connection: Connection | None = None) -> None:
        (connection or self.connection).send(request.written(self.netloc, self.session))

    def ask(self, request: Request, connection: Connection | None = None) -> Reply:
        connection = connection or self.connection
        self.send(request, connection)
        return connection.receive(request.method)

    def ask_pipelined(self, requests: tuple[Request, ...]) -> list[Reply]:
        """All requests in one write, then all replies."""
        self.connection.send(b"".join(request.written(self.netloc, self.session) for request in requests))
        return [self.connection.receive(request.method) for request in requests]

    def session(self, name: str) -> str:
        """The id of the session of that name, which is opened at its first use.

        `deleted` is deleted, the initialize of `failed` failed, and the name may be a version to negotiate. What
        follows a # tells sessions apart that count as one where replies are compared.
        """
        if name not in self._sessions:
            self._sessions[name] = self._open(name)
        return self._sessions[name]

    def _open(self, name: str) -> str:
        version = name if name.startswith("20") else HANDSHAKE
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}
        if name == "failed":
            del params["protocolVersion"]
        message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        aside = Connection(self.netloc)
        headers = tuple(JSON_HEADERS.items())
        session_id = self.ask(Request(headers, json.dumps(message).encode()), aside).header("mcp-session-id")
        assert session_id is not None
        if name == "deleted":
            assert self.ask(Request((*headers, ("Mcp-Session-Id", session_id)), method="DELETE"), aside).status == 200
        aside.close()
        return session_id

    def transcript(self, reply: Reply) -> str:
        """The reply in lines, with all that may differ between two servers given a name."""
        headers = sorted(f"{n}: {self._known(v)}" for n, v in reply.headers if n not in _UNCOMPARED)
        headers = [line.replace(self.netloc, "<host>") for line in headers]
        whole = [] if reply.is_whole else ["(cut off)"]
        return "\n".join([*map(str, (*reply.interim, reply.status)), *headers, "", *self._body(reply), *whole])

    def _known(self, value: str) -> str:
        for name, session_id in self._sessions.items():
            if value == session_id:
                return f"<session {name.partition('#')[0]}>"
        return "<fresh session>" if _FRESH_SESSION.fullmatch(value) else value

    def _body(self, reply: Reply) -> list[str]:
        content_type = (reply.header("content-type") or "").partition(";")[0]
        if content_type == "text/event-stream":
            return [self._event_line(line) for line in _LINE.findall(reply.body.decode())]
        if content_type == "application/json" and reply.body:
            return [self._json(reply.body)]
        return [repr(reply.body)]

    def _event_line(self, line: str) -> str:
        if not line.startswith("data: "):
            return repr(line)
        data = line.rstrip("\r\n")
        return f"data: {self._json(data[6:].encode())}{line[len(data) :]!r}"

    def _json(self, data: bytes) -> str:
        value = json.loads(data, object_pairs_hook=_without_repetition)
        text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
        text = _PAYMENT.sub(lambda found: self._payments.setdefault(found[0], f"pay_{len(self._payments)}"), text)
        return _TIME.sub("<time>", text)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), f"a key stands twice in {pairs}"
    return dict(pairs)


@dataclass(frozen=True)
class AllowedDifference:
    """A difference between the two servers that is meant."""

    name: str
    reason: str
    allows: Callable[[str, Reply, Reply], bool]
    """Given (name of the case, reply with the lane, reply without it)."""


class Pair:
    """The same server with the lane and without it."""

    def __init__(self, lane: RunningServer, plain: RunningServer, allowed: tuple[AllowedDifference, ...]) -> None:
        self.lane = Side(lane)
        self.plain = Side(plain)
        self.allowed = allowed

    def assert_equal(self, case: str, with_lane: list[Reply], without: list[Reply]) -> None:
        """Compare reply by reply.

        Raises:
            AssertionError: a difference that no `AllowedDifference` allows.
        """
        for mine, other in zip(with_lane, without, strict=True):
            lane, plain = self.lane.transcript(mine), self.plain.transcript(other)
            if lane != plain and any(difference.allows(case, mine, other) for difference in self.allowed):
                continue
            if lane != plain:
                lines = unified_diff(plain.splitlines(), lane.splitlines(), "without the lane", "with it", n=99)
                raise AssertionError("\n".join([case, *(line.rstrip("\n") for line in lines)]))

    def close(self) -> None:
        self.lane.connection.close()
        self.plain.connection.close()


def lane_counts(server: RunningServer) -> dict[str, int]:
    """How many calls went each path so far, by (path, reason) as the metric's labels say."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=_SECONDS)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    found = re.findall(r"^mcp_server_lane_total(\{[^}]*\}) ([\d.e+]+)$", text, re.MULTILINE)
    return {labels: int(float(count)) for labels, count in found}


def taken_by_lane(server: RunningServer) -> int:
    """How many calls the lane answered so far."""
    return sum(count for labels, count in lane_counts(server).items() if 'path="lane"' in labels)
