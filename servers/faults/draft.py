"""A reply as it will stand on the wire: what effects edit and the middleware delivers. Pure; nothing here waits."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic_core import from_json, to_json

Headers = list[tuple[bytes, bytes]]
Ending = Literal["complete", "reset", "close", "hang"]

JSON_TYPE = b"application/json"
STREAM_TYPE = b"text/event-stream"
HANG_SECONDS = 300.0
"""How long a reply that hangs holds a client that does not leave, unless the draft says otherwise."""

_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection", b"date"})
_CONTENT_TYPE = b"content-type"
_STREAM_HEADERS = [
    (_CONTENT_TYPE, STREAM_TYPE),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_OF_STREAMS = frozenset({b"cache-control", b"x-accel-buffering"})
_EVENT = re.compile(rb".*?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(slots=True)
class Piece:
    """Bytes of the body that are written at one go, `wait` seconds after those before them."""

    data: bytes
    wait: float = 0.0


@dataclass(slots=True)
class Draft:
    """A reply: status, headers, body in pieces, and how it ends.

    A draft is edited in place or, by the methods below, made into another one; they leave this one as it is.
    """

    status: int
    """0, which goes with no pieces: nothing at all is written, not even a head."""
    headers: Headers = field(default_factory=list)
    """Names in lower case, without what delivery adds: content-length, transfer-encoding, connection, date."""
    pieces: list[Piece] = field(default_factory=list)
    ending: Ending = "complete"
    """After the pieces: `reset` sends RST, `close` FIN, `hang` nothing more until the client leaves."""
    declared_length: int | None = None
    """A Content-Length that lies. None: the true length, or chunks when the reply is a stream."""
    hang_seconds: float = HANG_SECONDS
    """A reply that hangs is closed after so long."""

    @classmethod
    def of_reply(cls, status: int, headers: Iterable[tuple[bytes, bytes]], bodies: Iterable[bytes]) -> "Draft":
        """The reply that the server gave."""
        kept = [(name.lower(), value) for name, value in headers if name.lower() not in _FRAMING]
        return cls(status, kept, [Piece(body) for body in bodies if body])

    @classmethod
    def from_json(cls, status: int, message: Any, headers: Sequence[tuple[bytes, bytes]] = ()) -> "Draft":
        """A JSON reply that says `message`."""
        return cls(status, [(_CONTENT_TYPE, JSON_TYPE), *headers], [Piece(to_json(message))])

    @property
    def is_stream(self) -> bool:
        """Whether it is server-sent events."""
        return self.content_type == STREAM_TYPE

    @property
    def content_type(self) -> bytes:
        """Without parameters, in lower case; empty without one."""
        return next((value for name, value in self.headers if name == _CONTENT_TYPE), b"").partition(b";")[0].lower()

    @property
    def body(self) -> bytes:
        """All pieces joined."""
        return b"".join([piece.data for piece in self.pieces])

    @property
    def length(self) -> int:
        """Of the body, in bytes."""
        return sum(len(piece.data) for piece in self.pieces)

    @property
    def wait(self) -> float:
        """Seconds that its pieces are held back, all together."""
        return sum(piece.wait for piece in self.pieces)

    @property
    def message(self) -> dict[str, Any] | None:
        """The JSON-RPC message in it: the JSON body, or what the last event with data says; None when there is none."""
        data = self.body
        if self.is_stream:
            data = next((found for event in reversed(self.events) if (found := data_of(event))), b"")
        try:
            message = from_json(data)
        except ValueError:
            return None
        return message if isinstance(message, dict) else None

    @property
    def events(self) -> list[bytes]:
        """The events of a stream (comments, too), each with the blank line that ends it; empty when it is none."""
        return _EVENT.findall(self.body)[:-1] if self.is_stream else []

    def copy(self) -> "Draft":
        """One that can be edited without changing this one."""
        return replace(self, headers=list(self.headers), pieces=[replace(piece) for piece in self.pieces])

    def with_header(self, name: bytes, value: bytes | None) -> "Draft":
        """The same with `name` (lower case) set to `value` alone; None: without it."""
        draft = self.copy()
        draft.headers = [(known, kept) for known, kept in self.headers if known != name]
        if value is not None:
            draft.headers.append((name, value))
        return draft

    def with_body(self, *bodies: bytes) -> "Draft":
        """The same with another body, one piece for each of `bodies`."""
        draft = self.copy()
        draft.pieces = [Piece(body) for body in bodies]
        return draft

    def with_events(self, events: Iterable[bytes]) -> "Draft":
        """The same stream with other events, one piece for each."""
        return self.with_body(*events)

    def with_message(self, message: Any) -> "Draft":
        """The same with `message` as its JSON-RPC message, in the same framing."""
        return self.with_message_bytes(to_json(message))

    def with_message_bytes(self, data: bytes) -> "Draft":
        """The same with `data` where its JSON-RPC message stands."""
        if not self.is_stream:
            return self.with_body(data)
        events = self.events
        last = next((i for i in range(len(events) - 1, -1, -1) if data_of(events[i])), len(events))
        return self.with_events([*events[:last], frame(data), *events[last + 1 :]])

    def cut_off(self, length: int, ending: Ending) -> "Draft":
        """The first `length` bytes of the body under the head of the whole, then `ending`."""
        draft = self.copy()
        if draft.declared_length is None and not self.is_stream:
            draft.declared_length = self.length
        draft.pieces = cut(self.pieces, length)
        draft.ending = ending
        return draft

    def as_stream(self) -> "Draft | None":
        """The same JSON-RPC message as a stream of one event, with status 200; None when it has no message.

        Only for a client whose Accept allows it.
        """
        if self.is_stream:
            return self
        message = self.message
        if message is None:
            return None
        body = self.body
        draft = self.with_body(frame(body if b"\n" not in body and b"\r" not in body else to_json(message)))
        draft.status = 200
        draft.headers = [*_STREAM_HEADERS, *(h for h in self.headers if h[0] not in _OF_STREAMS | {_CONTENT_TYPE})]
        return draft

    def as_json(self) -> "Draft | None":
        """The same JSON-RPC message as a JSON body, without what the stream said before; None when there is none."""
        if self.message is None:
            return None
        if not self.is_stream:
            return self
        draft = self.with_body(next(found for event in reversed(self.events) if (found := data_of(event))))
        kept = [h for h in self.headers if h[0] not in _OF_STREAMS | {_CONTENT_TYPE}]
        draft.headers = [(_CONTENT_TYPE, JSON_TYPE), *kept]
        return draft


def frame(data: bytes, fields: bytes = b"event: message\r\n") -> bytes:
    r"""One event that carries `data`, which has no line ends.

    >>> frame(b"{}")
    b'event: message\r\ndata: {}\r\n\r\n'
    """
    return b"%bdata: %b\r\n\r\n" % (fields, data)


def data_of(event: bytes) -> bytes:
    r"""What one event carries, its `data` lines joined; empty for a comment or a priming event.

    >>> data_of(b": ping\r\n\r\n"), data_of(b"data: [1,\ndata:2]\n\n")
    (b'', b'[1,\n2]')
    """
    lines = [line[5:] for line in _LINE_END.split(event) if line.startswith(b"data:")]
    return b"\n".join([line.removeprefix(b" ") for line in lines])


def cut(pieces: Sequence[Piece], length: int) -> list[Piece]:
    """The first `length` bytes of `pieces`, their waits kept."""
    left, kept = length, list[Piece]()
    for piece in pieces:
        if left <= 0:
            break
        kept.append(Piece(piece.data[:left], piece.wait))
        left -= len(piece.data)
    return kept
