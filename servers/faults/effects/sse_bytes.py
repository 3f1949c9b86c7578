"""Faults in how an event stream is written (part of `sse:`). Most are legal, and only a careless parser stumbles."""

import re
from itertools import cycle, pairwise
from typing import ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import from_json, to_json

from ..draft import Draft, Piece, data_of
from ..exchange import Exchange
from ..latency import Span
from .stream_fault import StreamFault

_LINE_END = re.compile(rb"\r\n|\n|\r")
_ENDS = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}
_MIXED = (b"\r\n", b"\n", b"\r")
_MOST_PIECES = 10_000


class Split(StreamFault):
    """`{split: 7, every: 5ms}`: the stream comes in chunks of so many bytes, cut without a look at its lines.

    After 10,000 of them the rest comes at once.
    """

    cuts: ClassVar[bool] = True

    split: int = Field(ge=1)
    every: Span = 0.0

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        body = stream.body
        if len(body) <= self.split:
            return None
        fine = min(len(body), self.split * _MOST_PIECES)
        parts = [body[i : i + self.split] for i in range(0, fine, self.split)] + ([body[fine:]] if body[fine:] else [])
        return _in_pieces(stream, parts, self.every)


class SplitAt(StreamFault):
    """`{split_at: 17, every: 5ms}`: the stream comes in two chunks; with `split_at: random`, cut at a drawn byte."""

    cuts: ClassVar[bool] = True

    split_at: int | Literal["random"]
    every: Span = 0.0

    @field_validator("split_at", mode="plain")
    @classmethod
    def _be_a_byte(cls, given: object) -> object:
        if given == "random" or (type(given) is int and given >= 1):
            return given
        raise ValueError("should be a number of bytes, 1 or more, or random")

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:
        """See `StreamFault`."""
        body = stream.body
        at = self.split_at if self.split_at != "random" else 1 + int(exchange.draw("split_at") * (len(body) - 1))
        return _in_pieces(stream, [body[:at], body[at:]], self.every) if at < len(body) else None


class Merge(StreamFault):
    """`{merge: true}`: all events come in one chunk."""

    cuts: ClassVar[bool] = True

    merge: Literal[True]

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        merged = stream.with_body(stream.body)
        merged.pieces[0].wait = stream.wait
        return merged if len(stream.pieces) > 1 else None


class LineEnds(StreamFault):
    """`{line_ends: cr}`, `lf`, `crlf` or `mixed`: how lines end; mixed is another end for each line in turn."""

    line_ends: Literal["cr", "lf", "crlf", "mixed"]

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        return stream.with_events(self._mix(stream.events))

    def _mix(self, events: list[bytes]) -> list[bytes]:
        ends = cycle(_MIXED if self.line_ends == "mixed" else (_ENDS[self.line_ends],))
        written, last = [], b""
        for event in events:
            lines = []
            for line, end in zip(_LINE_END.split(event)[:-1], ends, strict=False):
                # A CR, an empty line and its LF would be read as one line end.
                last = b"\r\n" if last == b"\r" and not line and end == b"\n" else end
                lines.append(line + last)
            written.append(b"".join(lines))
        return written


class DataLines(StreamFault):
    """`{data_lines: 3}`: each event's data comes in so many `data:` lines, or as many as its JSON can be cut into."""

    data_lines: int = Field(ge=2, le=10_000)

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        return stream.with_events([self._spread(event) for event in stream.events])

    def _spread(self, event: bytes) -> bytes:
        try:
            message = from_json(data_of(event))
        except ValueError:
            return event
        lines = to_json(message, indent=1).split(b"\n")  # between the parts of JSON a line end is only white space
        n = min(self.data_lines, len(lines))
        cuts = [len(lines) * i // n for i in range(n + 1)]
        data = [b" ".join(lines[begin:end]) for begin, end in pairwise(cuts)]
        return _event([*_other_fields(event, b"data"), *(b"data: " + line for line in data)])


class Ids(StreamFault):
    """`{ids: reused | unknown | descending}`: events have ids that are of no use for resuming the stream.

    All of them have the same id; ids that the server does not know; each id is less than the one before.
    """

    ids: Literal["reused", "unknown", "descending"]

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:
        """See `StreamFault`."""
        events = stream.events
        if self.ids == "reused":
            ids = ["1"] * len(events)
        elif self.ids == "unknown":
            ids = [f"{int(exchange.draw(f'id {i}') * 2**52):x}" for i in range(len(events))]
        else:
            ids = [str(len(events) - i) for i in range(len(events))]
        return stream.with_events(
            [_event([b"id: " + i.encode(), *_other_fields(e, b"id")]) for i, e in zip(ids, events, strict=True)]
        )


class Retry(StreamFault):
    """`{retry: 0}`, `{retry: 4000000000}`, `{retry: soon}`: the milliseconds after which to reconnect, made absurd."""

    retry: int | str

    @field_validator("retry", mode="plain")
    @classmethod
    def _fit_a_line(cls, given: object) -> object:
        if type(given) is int or (isinstance(given, str) and not _LINE_END.search(given.encode())):
            return given
        raise ValueError("should be a number or one line of text")

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:  # noqa: ARG002 - see `StreamFault`
        """See `StreamFault`."""
        first, *rest = stream.events or [b""]
        told = _event([f"retry: {self.retry}".encode(), *_other_fields(first, b"retry")])
        return stream.with_events([told, *rest])


def _in_pieces(stream: Draft, parts: list[bytes], every: float) -> Draft:
    cut = stream.with_body()
    cut.pieces = [Piece(part, every if i else 0.0) for i, part in enumerate(parts)]
    return cut


def _other_fields(event: bytes, field: bytes) -> list[bytes]:
    """The lines of an event but those of `field` (and the empty one)."""
    return [line for line in _LINE_END.split(event) if line and line.partition(b":")[0] != field]


def _event(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n"
