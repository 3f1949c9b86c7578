"""A server that can do only so much at a time (`capacity:`): latency that rises with load, and refusals.

`capacity: {workers: 4, queue: 100, service: {distribution: exponential, mean: 20ms}, shed: 503, retry_after: 1s}`.
"""

import heapq
from collections import deque
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from ...wire.call import Call
from ..exchange import Exchange, Phase
from ..latency import Distribution, Span
from .http import Status


class Line:
    """A queue in front of some workers, first come, first served. Pure: it knows when each will be done at once.

    Args:
        workers: requests that are worked on at a time.
        places: requests that may wait besides.
    """

    def __init__(self, workers: int, places: int) -> None:
        self._free_at = [-1.0] * workers
        self._places = places
        self._starts: deque[float] = deque()  # of those that wait, in their order

    def waiting(self, now: float) -> int:
        """How many wait for a worker."""
        while self._starts and self._starts[0] <= now:
            self._starts.popleft()
        return len(self._starts)

    def join(self, now: float, service: float) -> float | None:
        """Seconds until a request that comes now and takes `service` is done; None: there is no place for it."""
        start = max(now, self._free_at[0])
        if start > now:
            if self.waiting(now) >= self._places:
                return None
            self._starts.append(start)
        heapq.heapreplace(self._free_at, start + service)
        return start + service - now


class Capacity(BaseModel):
    """An `Effect` that lets all the requests it hits stand in one line.

    A client that leaves the line changes nothing for those behind it: the server does not notice, and works its
    request off.
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
        Status(status=self.shed, retry_after=self.retry_after)  # says what does not go together
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
        service = self.service.seconds(exchange.draw("service"), exchange.elapsed)
        seconds = self._line.join(exchange.clock.now(), service)
        if seconds is None:
            refusal = Status(status=self.shed, retry_after=self.retry_after)
            exchange.expected = refusal.expects(exchange.call)
            return await refusal.act(exchange)
        await exchange.delay(seconds)
        return seconds > 0
