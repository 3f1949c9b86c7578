"""What the faults of a message have in common: which requests they can act on, and what a client then reports."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ...wire.call import Call, Era
from ..draft import Draft
from ..exchange import Exchange, Phase
from .pacing import paced_as

HANDSHAKE: frozenset[Era] = frozenset({"handshake"})
MODERN: frozenset[Era] = frozenset({"modern"})
BOTH = HANDSHAKE | MODERN
_OK = 200


class MessageFault(BaseModel):
    """A fault that acts on requests of some eras and methods only; elsewhere it has nothing to act on.

    A subclass says what it does in `apply`, and what a client reports in `outcome`, or in `seen` where that depends on
    its settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    eras: ClassVar[frozenset[Era]] = BOTH
    methods: ClassVar[frozenset[str]] = frozenset()
    """JSON-RPC methods; empty: all of them."""
    outcome: ClassVar[str | None] = None
    """What a correct client reports (the kind of a load generator's outcome); None: nothing out of the ordinary."""

    def phase(self) -> Phase:
        """See `Effect`."""
        return "after"

    def expects(self, call: Call) -> str | None:
        """See `Effect`."""
        return self.seen(call) if self.concerns(call) else None

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        return self.concerns(exchange.call) and await self.apply(exchange)

    def concerns(self, call: Call) -> bool:
        """Whether `call` is a request that this fault can act on: a notification gets no reply that could be wrong."""
        return call.has_id and call.era in self.eras and (not self.methods or call.method in self.methods)

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - what a subclass may look at
        """What a correct client reports for `call`, which this fault concerns."""
        return self.outcome

    async def apply(self, exchange: Exchange) -> bool:
        """Act on an exchange that this fault concerns; False: nothing came of it."""
        raise NotImplementedError


class ResultFault(MessageFault):
    """A fault that changes the result of a reply, in whatever framing it comes."""

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        draft = exchange.draft
        message = result_in(draft)
        if draft is None or message is None:
            return False
        changed = self.change(message["result"], exchange)
        if changed is None:
            return False
        exchange.draft = paced_as(draft, draft.with_message({**message, "result": changed}))
        return True

    def change(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:
        """What becomes of `result`, which stays as it is; None: it has nothing that could be changed."""
        raise NotImplementedError


def result_in(draft: Draft | None) -> dict[str, Any] | None:
    """The JSON-RPC response with a result that `draft` delivers whole; None without one."""
    message = draft.message if draft is not None and draft.status == _OK and draft.ending == "complete" else None
    return message if message is not None and "id" in message and isinstance(message.get("result"), dict) else None
