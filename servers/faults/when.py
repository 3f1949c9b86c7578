"""Which calls a rule hits: `when` of a profile. Pure; what has to be remembered between calls is an argument."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .latency import SomeSpan, Span

_MOST = 10**15

_Count = Annotated[int, Field(strict=True, ge=1, le=_MOST)]
_FromZero = Annotated[int, Field(strict=True, ge=0, le=_MOST)]
_Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Burst(_Strict):
    """On for `length` at the beginning of each `period`."""

    period: SomeSpan
    length: SomeSpan


class Ramp(_Strict):
    """A probability that goes straight from one to another, and stays there."""

    start: Annotated[_Share, Field(alias="from")]
    end: Annotated[_Share, Field(alias="to")]
    over: SomeSpan

    def at(self, elapsed: float) -> float:
        """The probability then."""
        return self.start + (self.end - self.start) * min(max(elapsed / self.over, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What is in a token bucket, and since when."""

    left: float
    since: float


class Bucket(_Strict):
    """A rate limit: calls that find a token take it and go free, the others are hit."""

    rate: Annotated[float, Field(strict=True, gt=0, le=1_000_000, allow_inf_nan=False)]
    """Tokens a second that flow in."""
    size: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
    """Tokens that it holds at most, and at the beginning."""
    per: Literal["server", "session"] = "server"
    """Whether each session has its own."""

    def take(self, tokens: Tokens | None, now: float) -> tuple[bool, Tokens]:
        """Whether there was a token to take, and what is left; None is a bucket that nobody has looked at yet."""
        if tokens is None:
            return True, Tokens(self.size - 1.0, now)
        left = min(float(self.size), tokens.left + self.rate * max(0.0, now - tokens.since))
        return (True, Tokens(left - 1.0, now)) if left >= 1.0 else (False, Tokens(left, now))


class When(_Strict):
    """All that is given must hold; with nothing given every call is hit.

    `n` counts the calls of a tool from 1: it is the end of the client's call key, or else the rule's own count.
    """

    probability: _Share | None = None
    every: _Count | None = None
    offset: _FromZero = 0
    """Calls by which `every` is shifted: every 7 with offset 1 hits 1, 8, 15, …; without, 7, 14, …"""
    first: _Count | None = None
    """Of those that `skip` leaves."""
    skip: _FromZero = 0
    after: Span = 0.0
    """Seconds since the profile was put in place; `burst` and `ramp` begin then."""
    lasts: Annotated[SomeSpan | None, Field(alias="for")] = None
    burst: Burst | None = None
    ramp: Ramp | None = None
    """Instead of a probability that is always the same."""
    max_count: _Count | None = None
    bucket: Bucket | None = None

    @property
    def order_or_time(self) -> tuple[str, ...]:
        """The conditions, as written, that depend on what else goes on, so that the same call may be hit or not."""
        keys = (
            ("after", self.after > 0),
            ("for", self.lasts is not None),
            ("burst", self.burst is not None),
            ("ramp", self.ramp is not None),
            ("max_count", self.max_count is not None),
            ("bucket", self.bucket is not None),
        )
        return tuple(key for key, given in keys if given)

    @property
    def needs_time(self) -> bool:
        """Whether `in_time` looks at the time."""
        return self.after > 0 or self.lasts is not None or self.burst is not None or self.ramp is not None

    def counter(self) -> Callable[[int], bool]:
        """Whether the n-th call can be hit at all, as a function."""
        skip, every, offset = self.skip, self.every or 1, self.offset if self.every else 0
        last = _MOST if self.first is None else skip + self.first
        return lambda n: skip < n <= last and (n - offset) % every == 0

    def in_time(self, draw: float, elapsed: float) -> bool:
        """Whether a call with this draw can be hit at this moment."""
        since = elapsed - self.after
        if since < 0 or (self.lasts is not None and since >= self.lasts):
            return False
        if self.burst is not None and since % self.burst.period >= self.burst.length:
            return False
        return self.ramp is None or draw < self.ramp.at(since)

    def hits(self, draw: float, n: int, elapsed: float = 0.0, count: int = 0) -> bool:
        """Whether the `n`-th call is hit, when the rule has hit `count` before; a `bucket` is asked after that."""
        return (
            self.counter()(n)
            and (self.probability is None or draw < self.probability)
            and (not self.needs_time or self.in_time(draw, elapsed))
            and (self.max_count is None or count < self.max_count)
        )

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """What does not go together, by where it stands."""
        if self.offset and self.every is None:
            yield ("offset",), "is for every, which is not given"
        elif self.every is not None and self.offset >= self.every:
            yield ("offset",), "should be below every"
        elif self.every is not None and self.first is not None:
            to_the_next = (self.offset - self.skip - 1) % self.every + 1
            if to_the_next > self.first:
                yield ("first",), f"leaves no call that every {self.every} could hit"
        if self.ramp is not None and self.probability is not None:
            yield ("probability",), "cannot go together with ramp, which is a probability"
        if self.ramp is not None and self.ramp.start == self.ramp.end:
            yield ("ramp", "to"), "should differ from from; probability stays the same"
        if self.burst is not None and self.burst.length >= self.burst.period:
            yield ("burst", "length"), "should be shorter than period"
        if self.burst is not None and self.lasts is not None and self.lasts <= self.burst.length:
            yield ("for",), "should be longer than the length of one burst"
