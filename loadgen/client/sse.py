"""Server-sent events from bytes, sans IO."""

from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One dispatched event; `data` may be empty (a priming event)."""

    data: bytes
    event: str = "message"
    id: str | None = None


class SseParser:
    """Cuts a byte stream into events, as the HTML standard says, whatever pieces it comes in.

    Lines end in CRLF, LF or CR; several `data:` lines join with LF; comments and unknown fields are ignored; an event
    that the end of the stream cuts short is not dispatched.
    """

    def __init__(self) -> None:
        self._line = bytearray()  # what has come of the line that is not complete yet
        self._after_cr = False  # a LF that comes next belongs to the line end before it
        self._first_line = True
        self._data: bytes | bytearray | None = None  # a bytearray from the second line on: lines may be of one byte
        self._event = ""
        self._id: str | None = None

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that `chunk` completes."""
        if not chunk:
            return []
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r")
        events = []
        for piece in chunk.splitlines(keepends=True):
            if not piece.endswith((b"\n", b"\r")):
                self._line += piece
                continue
            line = piece.rstrip(b"\r\n")
            if self._line:
                line = bytes(self._line) + line
                self._line.clear()
            if event := self._take(line):
                events.append(event)
        return events

    def _take(self, line: bytes) -> SseEvent | None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._add(value)
        elif field == b"event":
            self._event = value.decode(errors="replace")
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        return None

    def _add(self, value: bytes) -> None:
        if self._data is None:
            self._data = value
            return
        if not isinstance(self._data, bytearray):
            self._data = bytearray(self._data)
        self._data += b"\n"
        self._data += value

    def _dispatch(self) -> SseEvent | None:
        data, event = self._data, self._event
        self._data, self._event = None, ""
        return None if data is None else SseEvent(bytes(data), event or "message", self._id)
