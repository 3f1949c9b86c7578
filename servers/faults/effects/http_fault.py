"""What faults of HTTP have in common: they stand in for a reply, or change the body of a good one."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...wire.call import Call
from ..draft import Draft
from ..exchange import Exchange, Phase

OK = 200


class Settings(BaseModel):
    """Of one fault; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Replacing(Settings):
    """A fault that stands in for the reply, before or after the tool runs."""

    acts: Phase = Field("before", alias="phase")

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.acts


class Editing(Settings):
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
    if draft is None or draft.status != OK or draft.ending != "complete" or draft.declared_length is not None:
        return None
    return draft.as_json()
