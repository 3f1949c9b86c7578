"""Faults of HTTP (`http:`): statuses, connections that hang or break, bodies that are not what they should be.

What replaces the reply acts before the tool runs, unless `phase: after` says that the tool ran and its reply is lost.
What changes the body acts after, on the JSON form of the reply, also where the server would have answered with an event
stream: what a client reports is the same then, whatever the server's mode.
"""

import math
import re
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ...wire.call import Call
from ...wire.reply import CANCELLED
from ..draft import JSON_TYPE, STREAM_TYPE, Draft, Piece
from ..exchange import Exchange, Phase
from ..latency import SomeSpan, Span
from .family import Family

MOST_READ = 16 * 1024 * 1024
"""Bytes of a body beyond which this project's client gives a reply up; others have limits of their own."""
MOST_WRITTEN = 1024 * MOST_READ // 16
"""Bytes of the hugest body."""

_CONTENT_TYPE = b"content-type"
_OK, _NOT_FOUND = 200, 404
_NO_SESSION_TO_END = (404, 405)
"""Statuses with which a server may say so to a DELETE."""
TOLD_TO_WAIT = (429, 503)
"""Statuses with which a server may say when to come back."""
_ABSURD = (b"-1", b"soon", b"31536000", b"99999999999999999999", b"Thu, 01 Jan 1970 00:00:00 GMT", b"1.5", b"")
_PADDING = b" " * 65_536
_TICK = 0.02
"""Seconds between two writes of a reply whose bandwidth is capped."""
_MOST_PIECES = 100_000
_SIZE = re.compile(r"(\d+)\s*(B|kB|KiB|MB|MiB|GB|GiB)?")
_UNITS = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}


def _size(value: object) -> object:
    """Bytes, from `20MB`, `16KiB` or a number."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        if isinstance(value, str):
            raise ValueError("should be a number of bytes such as 500, 16kB or 20MiB")
        return value
    return int(found[1]) * _UNITS[found[2] or "B"]


Bytes = Annotated[int, Field(strict=True, ge=1, le=MOST_WRITTEN), BeforeValidator(_size)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Replacing(_Settings):
    """A fault that stands in for the reply, before or after the tool runs."""

    acts: Phase = Field("before", alias="phase")

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.acts


class _Editing(_Settings):
    """A fault that changes the body of a reply that succeeds; on any other it has nothing to act on."""

    acts: Literal["after"] = Field("after", alias="phase")
    outcome: ClassVar[str | None] = "parse"

    def phase(self) -> Phase:
        """See `Effect`."""
        return "after"

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        return self.outcome if call.has_id else None

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        draft = _whole(exchange.draft)
        changed = self.edit(draft) if draft is not None and exchange.call.has_id else None
        if changed is None:
            return False
        exchange.draft = changed
        return True

    def edit(self, draft: Draft) -> Draft | None:
        """What becomes of `draft`, whose body is one JSON-RPC message; None: nothing."""
        raise NotImplementedError


def _whole(draft: Draft | None) -> Draft | None:
    """The reply as one JSON body, when it is a good one so far."""
    if draft is None or draft.status != _OK or draft.ending != "complete" or draft.declared_length is not None:
        return None
    return draft.as_json()


class Status(_Replacing):
    """`{status: 503, retry_after: 1s}`: an HTTP error, as a gateway in front of the server would send it.

    `retry_after` (429 and 503 only) is a duration, which is sent as whole seconds; `date`, as the time a second from
    now; `absurd`, as something that no client can follow (drawn); or `none`. `body` is `json`, `text` or `empty`.
    """

    status: Annotated[int, Field(strict=True, ge=400, le=599)]
    retry_after: Literal["date", "absurd", "none"] | Span | None = None
    body: Literal["json", "text", "empty"] = "json"

    @model_validator(mode="after")
    def _is_told_to_wait(self) -> Self:
        if self.retry_after not in (None, "none") and self.status not in TOLD_TO_WAIT:
            raise ValueError("should have retry_after with status 429 or 503 only")
        return self

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        if self.status == _NOT_FOUND and call.era == "handshake" and call.session_id is not None and call.has_id:
            return "session_lost"
        if self.status in _NO_SESSION_TO_END and call.method == "DELETE":
            return None
        return "http_status"

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({str(self.status)})

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        phrase = next((known.phrase for known in HTTPStatus if known == self.status), "Error")
        headers: list[tuple[bytes, bytes]] = []
        if self.retry_after not in (None, "none"):
            headers.append((b"retry-after", self._retry_after(exchange)))
        match self.body:
            case "json":
                said = {"error": {"code": self.status, "message": phrase}}
                return exchange.replace(Draft.from_json(self.status, said, headers))
            case "text":
                headers.append((_CONTENT_TYPE, b"text/plain; charset=utf-8"))
                return exchange.replace(Draft(self.status, headers, [Piece(f"{self.status} {phrase}".encode())]))
            case _:
                return exchange.replace(Draft(self.status, headers))

    def _retry_after(self, exchange: Exchange) -> bytes:
        match self.retry_after:
            case "date":
                return formatdate(math.ceil(time.time() + 1), usegmt=True).encode()
            case "absurd":
                return _ABSURD[int(exchange.draw("retry_after") * len(_ABSURD))]
            case seconds:
                return b"%d" % math.ceil(float(seconds or 0))


class Hang(_Replacing):
    """`{hang: true}`: not a byte, until the client gives up; `{hang: 30s}`: then the connection is closed."""

    hang: Literal[True] | SomeSpan

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        """See `Effect`."""
        return "timeout"

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({CANCELLED})

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        draft = Draft(0, ending="hang")
        if self.hang is not True:
            draft.hang_seconds = self.hang
        return exchange.replace(draft)


class _Point(_Settings):
    after: Annotated[int, Field(strict=True, ge=1, le=MOST_WRITTEN), BeforeValidator(_size)]


class Reset(_Settings):
    """`{reset: before_headers | after_headers | {after: 20}}`: a TCP reset, at last after so many bytes of the body.

    Before the headers it acts before the tool runs, unless `phase: after`; else after, as it needs a reply to break.
    """

    reset: Literal["before_headers", "after_headers"] | _Point
    acts: Phase | None = Field(None, alias="phase")

    @model_validator(mode="after")
    def _has_a_reply_to_break(self) -> Self:
        if self.acts == "before" and self.reset != "before_headers":
            raise ValueError("should not have phase before: there is no reply yet that could be broken off")
        return self

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.acts or ("before" if self.reset == "before_headers" else "after")

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        """See `Effect`."""
        return "reset"

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({CANCELLED} if self.reset == "before_headers" else ())

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        if self.reset == "before_headers":
            return exchange.replace(Draft(0, ending="reset"))
        draft = exchange.draft
        length = self.reset.after if isinstance(self.reset, _Point) else 0
        if draft is None or draft.ending != "complete" or length >= len(draft.body.rstrip(b"\r\n")):
            return False
        exchange.draft = draft.cut_off(length, "reset")
        return True


class EarlyClose(_Editing):
    """`{early_close: 20}`: so many bytes of the body, then FIN, though Content-Length promised more; `true`: half."""

    early_close: Literal[True] | Bytes
    outcome: ClassVar[str | None] = "reset"

    def edit(self, draft: Draft) -> Draft | None:
        """See `_Editing`."""
        sent = draft.length // 2 if self.early_close is True else self.early_close
        cut = draft.cut_off(sent, "close")
        cut.declared_length = max(draft.length, sent + 1)
        return cut


class _Slow(_Settings):
    """A fault that writes the body of any reply slowly."""

    acts: Literal["after"] = Field("after", alias="phase")

    def phase(self) -> Phase:
        """See `Effect`."""
        return "after"

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        """See `Effect`: what comes slowly comes all the same."""
        return None

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        draft = exchange.draft
        if draft is None or not draft.pieces:
            return False
        slow = draft.copy()
        slow.pieces = []
        for piece in draft.pieces:
            held, start = piece.wait, 0
            while start < len(piece.data):
                length = self.length if len(slow.pieces) < _MOST_PIECES else len(piece.data)
                now = piece.data[start : start + length]
                slow.pieces.append(Piece(now, held + self.hold(len(now), first=not slow.pieces)))
                held, start = 0.0, start + len(now)
        exchange.draft = slow
        return slow.wait > draft.wait

    @property
    def length(self) -> int:
        """How many bytes are written at a time."""
        raise NotImplementedError

    def hold(self, length: int, *, first: bool) -> float:
        """Seconds before `length` bytes are written, the first ones or later ones."""
        raise NotImplementedError


class _Pace(_Settings):
    size: Bytes = Field(alias="bytes")
    every: SomeSpan


class Drip(_Slow):
    """`{drip: {bytes: 16, every: 50ms}}`: the body in small pieces with pauses between them."""

    drip: _Pace

    @property
    def length(self) -> int:
        """See `_Slow`."""
        return self.drip.size

    def hold(self, length: int, *, first: bool) -> float:  # noqa: ARG002 - see `_Slow`
        """See `_Slow`."""
        return 0.0 if first else self.drip.every


class Bandwidth(_Slow):
    """`{bandwidth: 2kB}`: so many bytes of the body a second."""

    bandwidth: Bytes

    @property
    def length(self) -> int:
        """See `_Slow`."""
        return max(1, round(self.bandwidth * _TICK))

    def hold(self, length: int, *, first: bool) -> float:  # noqa: ARG002 - see `_Slow`
        """See `_Slow`."""
        return length / self.bandwidth


class Truncate(_Editing):
    """`{truncate: 20}`: the first so many bytes of the body as a whole reply; `true`: half of them."""

    truncate: Literal[True] | Bytes

    def edit(self, draft: Draft) -> Draft | None:
        """See `_Editing`."""
        kept = draft.length // 2 if self.truncate is True else self.truncate
        return draft.with_body(draft.body[:kept]) if kept < draft.length else None


class Malformed(_Editing):
    """`{malformed_json: true}`: a comma too many at the end of the body."""

    malformed_json: Literal[True]

    def edit(self, draft: Draft) -> Draft | None:
        """See `_Editing`."""
        return draft.with_body(draft.body.rstrip()[:-1] + b",}")


class InvalidUtf8(_Editing):
    """`{invalid_utf8: true}`: the body has a text with bytes that are no UTF-8."""

    invalid_utf8: Literal[True]

    def edit(self, draft: Draft) -> Draft | None:
        """See `_Editing`."""
        return draft.with_body(b'{"note":"\xff\xfe",' + draft.body.lstrip()[1:])


class ContentType(_Settings):
    """`{content_type: text/html}`: the wrong Content-Type on a reply that is right; `none`: no such header."""

    content_type: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")]
    acts: Literal["after"] = Field("after", alias="phase")

    @field_validator("content_type")
    @classmethod
    def _is_wrong(cls, value: str) -> str:
        if value.partition(";")[0].strip().lower().encode() in (JSON_TYPE, STREAM_TYPE):
            raise ValueError("should be a wrong one, such as text/html, or none")
        return value

    def phase(self) -> Phase:
        """See `Effect`."""
        return "after"

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        return "content_type" if call.has_id else None

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        draft = exchange.draft
        if draft is None or draft.status != _OK or not draft.pieces or not exchange.call.has_id:
            return False
        value = None if self.content_type == "none" else self.content_type.encode()
        exchange.draft = draft.with_header(_CONTENT_TYPE, value)
        return True


class _Hollow(_Settings):
    """A fault that answers a request for a result with nothing."""

    acts: Phase = Field("after", alias="phase")
    status: ClassVar[int] = _OK
    outcome: ClassVar[str] = "parse"

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.acts

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        return self.outcome if call.has_id else None

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        if not exchange.call.has_id:
            return False
        if self.acts == "after" and (exchange.draft is None or exchange.draft.status != _OK):
            return False
        return exchange.replace(Draft(self.status, [(_CONTENT_TYPE, JSON_TYPE)]))


class Empty(_Hollow):
    """`{empty: true}`: status 200 and no body."""

    empty: Literal[True]


class Accepted(_Hollow):
    """`{accepted: true}`: status 202 and no body, as if the request were a notification."""

    accepted: Literal[True]
    status: ClassVar[int] = 202
    outcome: ClassVar[str] = "http_status"


class Redirect(_Replacing):
    """`{redirect: 307, location: /elsewhere}`: go there. A client that does not follow sees the status."""

    redirect: Literal[301, 302, 307, 308]
    location: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[\x21-\x7e]+$")] = "/elsewhere"

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        """See `Effect`."""
        return "http_status"

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        return exchange.replace(Draft(self.redirect, [(b"location", self.location.encode())]))


class Huge(_Editing):
    """`{huge: 20MiB}`: a body of that size, blanks behind what should be in it."""

    huge: Bytes

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        return "parse" if call.has_id and self.huge > MOST_READ else None

    def edit(self, draft: Draft) -> Draft | None:
        """See `_Editing`."""
        missing = self.huge - draft.length
        if missing <= 0:
            return None
        full, rest = divmod(missing, len(_PADDING))
        huge = draft.copy()
        huge.pieces += [Piece(_PADDING)] * full + [Piece(_PADDING[:rest])] * (rest > 0)
        return huge


AnyHttp = (
    Status | Hang | Reset | EarlyClose | Drip | Bandwidth | Truncate | Malformed | InvalidUtf8 | ContentType | Empty
    | Accepted | Redirect | Huge
)  # fmt: skip


class Http(Family[AnyHttp]):
    """What `http:` can mean."""

    kinds: ClassVar[tuple[type[Any], ...]] = (
        Status, Hang, Reset, EarlyClose, Drip, Bandwidth, Truncate, Malformed, InvalidUtf8, ContentType, Empty,
        Accepted, Redirect, Huge,
    )  # fmt: skip
