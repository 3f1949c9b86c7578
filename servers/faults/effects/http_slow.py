"""Bodies that come slowly (`http:`): in small pieces with pauses, or so many bytes a second."""

from typing import Literal

from pydantic import Field

from ...wire.call import Call
from ..draft import Piece
from ..exchange import Exchange, Phase
from ..latency import SomeSpan
from .byte_size import Bytes
from .http_fault import Settings

_TICK = 0.02
"""Seconds between two writes of a reply whose bandwidth is capped."""
_MOST_PIECES = 100_000


class _Slow(Settings):
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


class _Pace(Settings):
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
