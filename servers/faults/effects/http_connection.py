"""Faults of connections (`http:`): they hang, are reset, or are closed too early."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...wire.call import Call
from ...wire.reply import CANCELLED
from ..draft import Draft
from ..exchange import Exchange, Phase
from ..latency import SomeSpan
from .byte_size import Bytes
from .http_fault import Editing, Replacing, Settings


class Hang(Replacing):
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


class _Point(Settings):
    after: Bytes


class Reset(Settings):
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


class EarlyClose(Editing):
    """`{early_close: 20}`: so many bytes of the body, then FIN, though Content-Length promised more; `true`: half."""

    early_close: Literal[True] | Bytes
    outcome: ClassVar[str | None] = "reset"

    def edit(self, draft: Draft) -> Draft | None:
        """See `Editing`."""
        sent = draft.length // 2 if self.early_close is True else self.early_close
        cut = draft.cut_off(sent, "close")
        cut.declared_length = max(draft.length, sent + 1)
        return cut
