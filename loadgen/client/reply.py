"""The reply to one JSON-RPC request as it arrives: which kind it is, and when it is complete."""

from collections.abc import Mapping

import orjson

from ..outcome import ContentType, Failure, HttpStatus, Parse, RpcError, SseProtocol
from .messages import RpcResult, parse_json_response, read_event
from .sse import SseParser
from .transport import MAX_REPLY_BYTES

_ERROR_BODY_BYTES = 8 * 1024
_OK = 200
_JSON = b"application/json"
_SUCCESS = range(200, 300)


class RpcReply:
    """A `Sink` for the reply to request `request_id`: JSON or an event stream, as the server chooses.

    `errors_have_status`: a JSON-RPC error may come with an HTTP status that is no success (the modern era).
    """

    __slots__ = ("_answer", "_body", "_errors_have_status", "_id", "_size", "_sse", "_status", "_type", "session_id")

    def __init__(self, request_id: int, *, errors_have_status: bool = False) -> None:
        self._id = request_id
        self._errors_have_status = errors_have_status
        self._status = 0
        self._type = b""
        self._sse: SseParser | None = None
        self._body: bytes | bytearray = b""  # a bytearray from the second piece on: pieces may be of two bytes
        self._size = 0
        self._answer: RpcResult | Failure | None = None
        self.session_id: str | None = None
        """The `Mcp-Session-Id` header, None without one."""

    @property
    def cut_short(self) -> bool:
        """Whether an event stream ended, or broke, before it had the response."""
        return self._sse is not None and self._answer is None

    def head(self, status: int, headers: Mapping[bytes, bytes]) -> None:
        """See `Sink`."""
        self._status = status
        self._type = content_type = headers.get(b"content-type", b"")
        session_id = headers.get(b"mcp-session-id")
        if session_id is not None:
            self.session_id = session_id.decode("latin-1").strip()
        if content_type != _JSON:
            self._type = content_type = content_type.partition(b";")[0].strip().lower()
            if status == _OK and content_type == b"text/event-stream":
                self._sse = SseParser()

    def feed(self, chunk: bytes) -> bool:
        """See `Sink`."""
        self._size = size = self._size + len(chunk)
        if size > MAX_REPLY_BYTES:
            kind = SseProtocol if self._sse else Parse
            self._answer = kind(f"the reply is longer than {MAX_REPLY_BYTES // 1024 // 1024} MiB")
            return True
        if self._sse is None:
            if not self._body:
                self._body = chunk
            elif isinstance(self._body, bytearray):
                self._body += chunk
            else:
                self._body = bytearray(self._body) + chunk
            return self._status != _OK and size > _ERROR_BODY_BYTES
        for event in self._sse.feed(chunk):
            self._answer = read_event(event.data, self._id)
            if self._answer is not None:
                return True
        return False

    def answer(self) -> RpcResult | Failure:
        """What the reply says, once it is complete."""
        if self._answer is not None:
            return self._answer
        if self._sse is not None:
            return SseProtocol(f"the event stream ended without a response to request {self._id}")
        body = bytes(self._body)  # the same object when it came in one piece
        if self._status == _OK and self._type == _JSON:
            return parse_json_response(body, self._id)
        if self._status != _OK:
            return self._refusal(body)
        shown = self._type.decode("latin-1") or "missing"
        return ContentType(f"the reply's content type is {shown}, not JSON or an event stream")

    def _refusal(self, body: bytes) -> Failure:
        if self._errors_have_status and self._type == _JSON:
            answer = parse_json_response(body, self._id)
            if isinstance(answer, RpcError):
                return answer
        return HttpStatus(describe_status(self._status, body), self._status)


class PlainReply:
    """A `Sink` for a reply that is no JSON-RPC response: to a notification, to DELETE, to the GET of a document."""

    def __init__(self, most_bytes: int = _ERROR_BODY_BYTES) -> None:
        self._status = 0
        self._body = b""
        self._most_bytes = most_bytes

    def head(self, status: int, headers: Mapping[bytes, bytes]) -> None:  # noqa: ARG002 - the Sink's shape
        """See `Sink`."""
        self._status = status

    def feed(self, chunk: bytes) -> bool:
        """See `Sink`."""
        self._body += chunk
        return len(self._body) > self._most_bytes

    def failure(self) -> HttpStatus | None:
        """None when the server took it, whatever 2xx status it chose."""
        if self._status in _SUCCESS:
            return None
        return HttpStatus(describe_status(self._status, self._body), self._status)

    def text(self) -> str:
        """The body, or its first `most_bytes`."""
        return self._body[: self._most_bytes].decode(errors="replace")

    def document(self) -> object:
        """The JSON that came with status 200; None for anything else, and for more than `most_bytes`."""
        if self._status != _OK:
            return None
        try:
            return orjson.loads(self._body)
        except orjson.JSONDecodeError:
            return None


def describe_status(status: int, body: bytes) -> str:
    """One sentence about a status that is no success, with the first words of its body."""
    if status == 202:  # noqa: PLR2004 - an HTTP status
        return "the server took the request for a notification: 202 Accepted and no response"
    text = body[:200].decode(errors="replace").strip()
    return f"the server answered HTTP status {status}" + (f": {text}" if text else "")
