"""What a fault profile says: rules in order, each with the calls that it hits and what is done to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .exchange import Effect
from .match import Match
from .when import When

_EVERY_CALL = Match()
_ALWAYS = When()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Everything in `do` befalls the calls that `match` covers and `when` chooses."""

    name: str
    match: Match = _EVERY_CALL
    when: When = _ALWAYS
    do: tuple[Effect, ...]
    exclusive: bool = False
    """Whether a call that it hits is safe from all rules below."""

    @property
    def order_or_time(self) -> tuple[str, ...]:
        """The conditions that depend on what else goes on, so that the same call may be hit or not."""
        return tuple(".".join(place) for place in self.places_of_order_or_time())

    def places_of_order_or_time(self) -> Iterator[tuple[str, str]]:
        """Where they stand in the rule."""
        yield from (("match", key) for key in self.match.order_or_time)
        yield from (("when", key) for key in self.when.order_or_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Rules in the order in which they are asked."""

    rules: tuple[Rule, ...] = ()
    seed: int = 0
    deterministic: bool = False
    """Promises that no rule depends on order or time."""
    description: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """As it was written."""

    def reads_as(self, other: "Profile") -> bool:
        """Whether both are the same text with the same seed, so that nothing changes when one follows the other."""
        return self is other or (bool(self.document) and (self.document, self.seed) == (other.document, other.seed))

    def with_seed(self, seed: int | None) -> "Profile":
        """The same with another seed; None changes nothing."""
        return self if seed is None else replace(self, seed=seed, document={**self.document, "seed": seed})


NO_FAULTS = Profile()
"""What is in place when nothing is."""
