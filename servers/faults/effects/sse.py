"""Faults of an event stream (`sse:`): which events come, in which order. Those of its bytes are in `sse_bytes.py`.

They act in both eras. `{chatter: 3}` as an earlier effect gives the others more events than the one response.
"""

from typing import ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import to_json

from ...wire.call import Call
from ...wire.reply import CANCELLED
from ..draft import Draft, Piece, frame
from ..exchange import Exchange
from ..latency import Span
from .family import Family
from .jsonrpc import other_id
from .sse_bytes import DataLines, Ids, LineEnds, Merge, Retry, Split, SplitAt
from .stream_fault import StreamFault, response_at

_BROKEN = "sse_protocol"
_ENDLESS = "timeout"
_NO_RESPONSE = frozenset({CANCELLED})
_COMMENT = b": ping\r\n\r\n"


class Chatter(StreamFault):
    """`{chatter: 3, every: 100ms}`: log notifications come before the response, asked for or not."""

    chatter: int = Field(ge=1, le=10_000)
    every: Span = 0.0

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        at = response_at(stream.events)
        if at is None:
            return None
        said = [
            {"level": "info", "logger": "mcp-testbed", "data": f"event {n} of {self.chatter}"}
            for n in range(1, self.chatter + 1)
        ]
        frames = [frame(to_json({"jsonrpc": "2.0", "method": "notifications/message", "params": p})) for p in said]
        chatty = stream.with_events([*stream.events[:at], *frames, *stream.events[at:]])
        for piece in chatty.pieces[at : at + self.chatter]:
            piece.wait = self.every
        return chatty


class Drop(StreamFault):
    """`{drop: 2}`: the second event is left out; where that is the response, the client must miss it."""

    drop: int = Field(ge=1)

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`; an ordinary reply has one event."""
        return _BROKEN if self.drop == 1 else None

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return _NO_RESPONSE

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:
        """See `StreamFault`."""
        events = stream.events
        if self.drop > len(events):
            return None
        exchange.expected = _BROKEN if response_at(events) == self.drop - 1 else None
        return stream.with_events([*events[: self.drop - 1], *events[self.drop :]])


class Duplicate(StreamFault):
    """`{duplicate: response}`, `{duplicate: 2, times: 3}`: the response, or the second event, comes again at once."""

    duplicate: Literal["response"] | int
    times: int = Field(1, ge=1, le=10_000)

    @field_validator("duplicate", mode="plain")
    @classmethod
    def _be_an_event(cls, given: object) -> object:
        if given == "response" or (type(given) is int and given >= 1):
            return given
        raise ValueError("should be the number of an event, from 1, or response")

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        events = stream.events
        at = response_at(events) if self.duplicate == "response" else self.duplicate - 1
        if at is None or at >= len(events):
            return None
        return stream.with_events([*events[: at + 1], *[events[at]] * self.times, *events[at + 1 :]])


class Reorder(StreamFault):
    """`{reorder: reverse}`, `{reorder: shuffle}`: the events come in another order, the response not always last."""

    reorder: Literal["reverse", "shuffle"]

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:
        """See `StreamFault`."""
        events = stream.events
        other = events[::-1]
        if self.reorder == "shuffle":
            order = sorted(range(len(events)), key=lambda i: exchange.draw(f"reorder {i}"))
            shuffled = [events[i] for i in order]
            other = shuffled if shuffled != events else other
        return stream.with_events(other) if other != events else None


class OmitResponse(StreamFault):
    """`{omit_response: true}`: the stream ends as it should, but the response is not in it."""

    outcome: ClassVar[str | None] = _BROKEN

    omit_response: Literal[True]

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return _NO_RESPONSE

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        at = response_at(stream.events)
        return None if at is None else stream.with_events([*stream.events[:at], *stream.events[at + 1 :]])


class Stall(StreamFault):
    """`{stall: 0}`: after so many events nothing more comes, until the client leaves.

    A number past the last event keeps the stream open after its response, which is no failure.
    """

    stall: int = Field(ge=0)

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`; an ordinary reply has one event."""
        return _ENDLESS if self.stall == 0 else None

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return _NO_RESPONSE

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:
        """See `StreamFault`."""
        events = stream.events
        at = response_at(events)
        exchange.expected = None if at is not None and at < self.stall else _ENDLESS
        stalled = stream.with_events(events[: self.stall])
        stalled.ending = "hang"
        return stalled


class CommentsOnly(StreamFault):
    """`{comments_only: 3, every: 1s, then: end}`: comments, as a server sends to keep a connection open, and no event.

    After them the stream ends, or with `then: hang` stays open.
    """

    comments_only: int = Field(ge=1, le=10_000)
    every: Span = 0.0
    then: Literal["end", "hang"] = "end"

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`."""
        return _BROKEN if self.then == "end" else _ENDLESS

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return _NO_RESPONSE

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        silent = stream.with_body()
        silent.pieces = [Piece(_COMMENT, self.every) for _ in range(self.comments_only)]
        silent.ending = "complete" if self.then == "end" else "hang"
        return silent


class StrayReply(StreamFault):
    """`{stray_reply: before}`, `{stray_reply: instead}`: a reply to a request that was never made.

    It comes before the right one or in its place; its result is the right one's.
    """

    outcome: ClassVar[str | None] = _BROKEN

    stray_reply: Literal["before", "instead"]

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        events, message = stream.events, stream.message
        at = response_at(events)
        if at is None or message is None or "id" not in message:
            return None
        stray = frame(to_json({**message, "id": other_id(message["id"])}))
        rest = events[at:] if self.stray_reply == "before" else events[at + 1 :]
        return stream.with_events([*events[:at], stray, *rest])


class Sse(
    Family[
        Chatter
        | Drop
        | Duplicate
        | Reorder
        | OmitResponse
        | Stall
        | CommentsOnly
        | StrayReply
        | Split
        | SplitAt
        | Merge
        | LineEnds
        | DataLines
        | Ids
        | Retry
    ]
):
    """`sse:` in a profile."""

    kinds = (
        Chatter,
        Drop,
        Duplicate,
        Reorder,
        OmitResponse,
        Stall,
        CommentsOnly,
        StrayReply,
        Split,
        SplitAt,
        Merge,
        LineEnds,
        DataLines,
        Ids,
        Retry,
    )
