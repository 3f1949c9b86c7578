"""A rule in place: whether it hits a call that it is for, and what it has to remember for that."""

from typing import Any

from ..wire.call import Call
from .draw import Draws
from .model import Rule
from .when import Tokens

WHEN = "when"
"""Salt of the draw that decides whether a rule hits; effects draw with others, so what they draw is independent."""

_MOST_TOOLS = 1_000
"""Tools that each rule counts apart; a client may call tools that do not exist."""
_MOST_REMEMBERED = 100_000


class Armed:
    """A rule in place, with what it has to remember."""

    __slots__ = (
        "_buckets",
        "_count",
        "_counts",
        "_draws",
        "_more",
        "_numbers",
        "_probability",
        "_seed",
        "needs_time",
        "rule",
        "tests",
        "when",
    )

    def __init__(self, rule: Rule, seed: int) -> None:
        when = rule.when
        self.rule = rule
        self.when = when
        self.tests = rule.match.tests()
        self.needs_time = when.needs_time or when.bucket is not None
        self._counts = when.counter() if when.every is not None or when.first is not None or when.skip else None
        self._probability = 1.0 if when.probability is None else when.probability
        self._more = bool(when.order_or_time)
        self._seed = seed
        self._count = 0
        self._numbers: dict[str | None, int] = {}
        self._draws: dict[str, Draws] = {}
        self._buckets: dict[str | None, Tokens] = {}

    def choose(self, call: Call, key: int, elapsed: float, *, keep: bool) -> tuple[int, float] | None:
        """The n and the draw with which the rule hits a call that it is for, None: it does not.

        `key` is the n of the call's key, 0 without one.
        """
        tool = call.tool or call.method or ""
        n = key or self._next(tool, keep=keep)
        if self._counts is not None and not self._counts(n):
            return None
        draws = self._draws.get(tool)
        draw = (draws or self._draws_of(tool)).draw(n, WHEN)
        if draw >= self._probability or (self._more and not self._chooses(call, draw, n, elapsed, keep=keep)):
            return None
        self._count += keep
        return n, draw

    def _chooses(self, call: Call, draw: float, n: int, elapsed: float, *, keep: bool) -> bool:
        if not self.when.hits(draw, n, elapsed, self._count):
            return False
        bucket = self.when.bucket
        if bucket is None:
            return True
        owner = call.session_id if bucket.per == "session" else None
        free, tokens = bucket.take(self._buckets.get(owner), elapsed)
        if keep:
            self._buckets.pop(owner, None)
            self._buckets[owner] = tokens
            forget_oldest(self._buckets)
        return not free

    def _next(self, tool: str, *, keep: bool) -> int:
        """The number of this arrival among those of its tool."""
        known = tool if tool in self._numbers or len(self._numbers) < _MOST_TOOLS else None
        n = self._numbers.get(known, 0) + 1
        if keep:
            self._numbers[known] = n
        return n

    def _draws_of(self, tool: str) -> Draws:
        draws = Draws(self._seed, self.rule.name, tool)
        if len(self._draws) < _MOST_TOOLS:
            self._draws[tool] = draws
        return draws


def forget_oldest(remembered: dict[Any, Any], most: int = _MOST_REMEMBERED) -> None:
    """Keep `most` of them, those that were put there last."""
    if len(remembered) > most:
        del remembered[next(iter(remembered))]
