"""A delay (`latency:`), drawn from a distribution.

`latency: 80ms`, `latency: {distribution: lognormal, p50: 80ms, p99: 900ms, phase: after}`.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ...wire.call import Call
from ..exchange import Exchange, Phase
from ..latency import Distribution, depends_on_time


class Latency(BaseModel):
    """An `Effect` that holds a request, or with `phase: after` its reply, back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Distribution
    acts: Phase = Field("before", alias="phase")

    @model_validator(mode="before")
    @classmethod
    def _take_apart(cls, settings: Any) -> Any:
        if not isinstance(settings, dict):
            return {"of": settings}
        rest = {key: value for key, value in settings.items() if key != "phase"}
        return {"of": rest} | ({"phase": settings["phase"]} if "phase" in settings else {})

    @property
    def order_or_time(self) -> tuple[str, ...]:
        """What in it depends on more than the draw."""
        return ("distribution",) if depends_on_time(self.of) else ()

    def fault_type(self) -> str:
        """See `Effect`."""
        return f"latency_{self.of.distribution}"

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.acts

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        """See `Effect`: a call that is slow is no failed call."""
        return None

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        seconds = self.of.seconds(exchange.draw("latency"), exchange.elapsed)
        await exchange.delay(seconds)
        return seconds > 0
