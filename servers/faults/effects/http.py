"""The family of HTTP (`http:`), with its statuses and redirects; connections, slow replies and bodies are beside it.

What replaces the reply acts before the tool runs, unless `phase: after` says that the tool ran and its reply is lost.
What changes the body acts after, on the JSON form of the reply, also where the server would have answered with an event
stream: what a client reports is the same then, whatever the server's mode.
"""

import math
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...wire.call import Call
from ..draft import Draft, Piece
from ..exchange import Exchange
from ..latency import Span
from .family import Family
from .http_body import Accepted, ContentType, Empty, Huge, InvalidUtf8, Malformed, Truncate
from .http_connection import EarlyClose, Hang, Reset
from .http_fault import Replacing
from .http_slow import Bandwidth, Drip

_NOT_FOUND = 404
_NO_SESSION_TO_END = (404, 405)
"""Statuses with which a server may say so to a DELETE."""
TOLD_TO_WAIT = (429, 503)
"""Statuses with which a server may say when to come back."""
_ABSURD = (b"-1", b"soon", b"31536000", b"99999999999999999999", b"Thu, 01 Jan 1970 00:00:00 GMT", b"1.5", b"")


class Status(Replacing):
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
                headers.append((b"content-type", b"text/plain; charset=utf-8"))
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


class Redirect(Replacing):
    """`{redirect: 307, location: /elsewhere}`: go there. A client that does not follow sees the status."""

    redirect: Literal[301, 302, 307, 308]
    location: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[\x21-\x7e]+$")] = "/elsewhere"

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        """See `Effect`."""
        return "http_status"

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        return exchange.replace(Draft(self.redirect, [(b"location", self.location.encode())]))


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
