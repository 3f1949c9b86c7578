"""What the faults of an event stream have in common: the stream, which a JSON reply becomes where it may."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic_core import from_json

from ..draft import Draft, data_of
from ..exchange import Exchange
from .message_fault import MessageFault
from .pacing import paced_as

_OK = 200


class StreamFault(MessageFault):
    """A fault of a reply's event stream. A JSON reply becomes a stream of one event if the request's Accept allows it.

    Of a reply that may not be a stream, or is no success, nothing is changed. What earlier effects did to the pieces
    of the stream, cuts and waits, stands.
    """

    cuts: ClassVar[bool] = False
    """Whether it decides itself how the stream is cut into pieces."""

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        stream = _stream_of(exchange)
        changed = None if stream is None else self.restream(stream, exchange)
        if stream is None or changed is None or changed == exchange.draft:
            return False
        exchange.draft = changed if self.cuts else paced_as(stream, changed)
        return True

    def restream(self, stream: Draft, exchange: Exchange) -> Draft | None:
        """What becomes of `stream`, which stays as it is; None: there is nothing to act on."""
        raise NotImplementedError


def _stream_of(exchange: Exchange) -> Draft | None:
    draft = exchange.draft
    if draft is None or draft.status != _OK or draft.ending != "complete":
        return None
    if draft.is_stream:
        return draft
    return draft.as_stream() if exchange.accepts_stream else None


def response_at(events: Sequence[bytes]) -> int | None:
    """Where in a stream the response is: the last event that holds a JSON-RPC message without a method."""
    for i in range(len(events) - 1, -1, -1):
        try:
            message = from_json(data_of(events[i]))
        except ValueError:
            continue
        if isinstance(message, dict) and "id" in message and "method" not in message:
            return i
    return None
