"""A server that can do only so much at a time (`capacity:`): latency that rises with load, and refusals.

`capacity: {workers: 4, queue: 100, service: {distribution: exponential, mean: 20ms}, shed: 503, retry_after: 1s}`.
"""

import asyncio
from functools import partial
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from ...wire.call import Call
from ..exchange import Exchange, Phase
from ..latency import Distribution, Span
from .http import TOLD_TO_WAIT, Status
from .line import Line, Place


class Capacity(BaseModel):
    """An `Effect` that lets all the requests it hits stand in one line.

    A client that leaves frees its place, or its worker, for those behind it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    queue: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    service: Distribution
    shed: Annotated[int, Field(strict=True, ge=400, le=599)] = 503
    retry_after: Span | None = None
    _line: Line | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _is_told_to_wait(self) -> Self:
        if self.retry_after is not None and self.shed not in TOLD_TO_WAIT:
            raise ValueError("should have retry_after with shed 429 or 503 only")
        return self

    @property
    def order_or_time(self) -> tuple[str, ...]:
        """What in it depends on more than the draw."""
        return ("workers",)

    def reset(self) -> None:
        """See `Resettable`: nobody is in the line any more."""
        self._line = None

    def fault_type(self) -> str:
        """See `Effect`."""
        return "capacity_queue"

    def phase(self) -> Phase:
        """See `Effect`."""
        return "before"

    def expects(self, call: Call) -> str | None:  # noqa: ARG002 - as all effects
        """See `Effect`: nothing, unless it is shed."""
        return None

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({str(self.shed)})

    async def act(self, exchange: Exchange) -> bool:
        """See `Effect`."""
        if exchange.draft is not None:
            return False  # another fault has answered it: it does not get to the line
        if self._line is None:
            self._line = Line(self.workers, self.queue)
        line, now = self._line, exchange.clock.now
        service = self.service.seconds(exchange.draw("service"), exchange.elapsed)
        begun = asyncio.Event()
        place = line.join(now(), service, begun.set)
        if place is None:
            refusal = Status(status=self.shed, retry_after=self.retry_after)
            exchange.expected = refusal.expects(exchange.call)
            return await refusal.act(exchange)
        try:
            await _be_served(place, begun, exchange)
        finally:
            line.leave(place, now())
            exchange.planned = (now() + service if place.done_at is None else place.done_at) - place.came
        return exchange.planned > 0


async def _be_served(place: Place, begun: asyncio.Event, exchange: Exchange) -> None:
    await exchange.until(begun.wait)
    if place.done_at is not None:  # else the server stops
        await exchange.until(partial(exchange.clock.sleep, max(0.0, place.done_at - exchange.clock.now())))
