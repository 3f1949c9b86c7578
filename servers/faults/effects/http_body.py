"""Bodies that are not what they should be (`http:`): cut, broken, of another type, empty, or huge."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from ...wire.call import Call
from ..draft import JSON_TYPE, STREAM_TYPE, Draft, Piece
from ..exchange import Exchange, Phase
from .byte_size import Bytes
from .http_fault import OK, Editing, Settings

MOST_READ = 16 * 1024 * 1024
"""Bytes of a body beyond which this project's client gives a reply up; others have limits of their own."""
_CONTENT_TYPE = b"content-type"
_PADDING = b" " * 65_536


class Truncate(Editing):
    """`{truncate: 20}`: the first so many bytes of the body as a whole reply; `true`: half of them."""

    truncate: Literal[True] | Bytes

    def edit(self, draft: Draft) -> Draft | None:
        """See `Editing`."""
        kept = draft.length // 2 if self.truncate is True else self.truncate
        return draft.with_body(draft.body[:kept]) if kept < draft.length else None


class Malformed(Editing):
    """`{malformed_json: true}`: a comma too many at the end of the body."""

    malformed_json: Literal[True]

    def edit(self, draft: Draft) -> Draft | None:
        """See `Editing`."""
        return draft.with_body(draft.body.rstrip()[:-1] + b",}")


class InvalidUtf8(Editing):
    """`{invalid_utf8: true}`: the body has a text with bytes that are no UTF-8."""

    invalid_utf8: Literal[True]

    def edit(self, draft: Draft) -> Draft | None:
        """See `Editing`."""
        return draft.with_body(b'{"note":"\xff\xfe",' + draft.body.lstrip()[1:])


class ContentType(Settings):
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
        if draft is None or draft.status != OK or not draft.pieces or not exchange.call.has_id:
            return False
        value = None if self.content_type == "none" else self.content_type.encode()
        exchange.draft = draft.with_header(_CONTENT_TYPE, value)
        return True


class _Hollow(Settings):
    """A fault that answers a request for a result with nothing."""

    acts: Phase = Field("after", alias="phase")
    status: ClassVar[int] = OK
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
        if self.acts == "after" and (exchange.draft is None or exchange.draft.status != OK):
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


class Huge(Editing):
    """`{huge: 20MiB}`: a body of that size, blanks behind what should be in it."""

    huge: Bytes

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        return "parse" if call.has_id and self.huge > MOST_READ else None

    def edit(self, draft: Draft) -> Draft | None:
        """See `Editing`."""
        missing = self.huge - draft.length
        if missing <= 0:
            return None
        full, rest = divmod(missing, len(_PADDING))
        huge = draft.copy()
        huge.pieces += [Piece(_PADDING)] * full + [Piece(_PADDING[:rest])] * (rest > 0)
        return huge
