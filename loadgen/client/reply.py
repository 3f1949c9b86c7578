"""The reply to one JSON-RPC request as it arrives: which kind it is, and when it is complete."""

from collections.abc import Mapping

from ..outcome import ContentType, Failure, HttpStatus, Parse, SseProtocol
from .messages import RpcResult, parse_json_response, read_event
from .sse import SseParser
from .transport import MAX_REPLY_BYTES

_ERROR_BODY_BYTES = 2048
_SUCCESS = range(200, 300)


class RpcReply:
    """A `Sink` for the reply to request `request_id`: JSON or an event stream, as the server chooses."""

    def __init__(self, request_id: int) -> None:
        self._id = request_id
        self._status = 0
        self._type = ""
        self._sse: SseParser | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._answer: RpcResult | Failure | None = None
        self.session_id: str | None = None
        """The `Mcp-Session-Id` header, None without one."""

    def head(self, status: int, headers: Mapping[bytes, bytes]) -> None:
        """See `Sink`."""
        self._status = status
        self._type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
        session_id = headers.get(b"mcp-session-id")
        self.session_id = None if session_id is None else session_id.decode("latin-1")
        if status == 200 and self._type == "text/event-stream":  # noqa: PLR2004 - an HTTP status
            self._sse = SseParser()

    def feed(self, chunk: bytes) -> bool:
        """See `Sink`."""
        self._size += len(chunk)
        if self._size > MAX_REPLY_BYTES:
            kind = SseProtocol if self._sse else Parse
            self._answer = kind(f"the reply is longer than {MAX_REPLY_BYTES // 1024 // 1024} MiB")
            return True
        if self._sse is None:
            self._body.append(chunk)
            return self._status != 200 and self._size > _ERROR_BODY_BYTES  # noqa: PLR2004 - an HTTP status
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
        body = b"".join(self._body)
        if self._status != 200:  # noqa: PLR2004 - an HTTP status
            return HttpStatus(describe_status(self._status, body), self._status)
        if self._type != "application/json":
            return ContentType(f"the reply's content type is {self._type or 'missing'}, not JSON or an event stream")
        return parse_json_response(body, self._id)


class Acknowledgement:
    """A `Sink` for a reply that carries nothing: to a notification, or to DELETE."""

    def __init__(self) -> None:
        self._status = 0
        self._body = b""

    def head(self, status: int, headers: Mapping[bytes, bytes]) -> None:  # noqa: ARG002 - the Sink's shape
        """See `Sink`."""
        self._status = status

    def feed(self, chunk: bytes) -> bool:
        """See `Sink`."""
        self._body += chunk
        return len(self._body) > _ERROR_BODY_BYTES

    def failure(self) -> HttpStatus | None:
        """None when the server took it, whatever 2xx status it chose."""
        if self._status in _SUCCESS:
            return None
        return HttpStatus(describe_status(self._status, self._body), self._status)


def describe_status(status: int, body: bytes) -> str:
    """One sentence about a status that is no success, with the first words of its body."""
    if status == 202:  # noqa: PLR2004 - an HTTP status
        return "the server took the request for a notification: 202 Accepted and no response"
    text = body[:200].decode(errors="replace").strip()
    return f"the server answered HTTP status {status}" + (f": {text}" if text else "")
