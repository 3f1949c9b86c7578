"""One change of a contract, and what it means for the clients that rely on the old one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["breaking", "unknown", "review", "compatible"]
"""breaking: a client that keeps to the old contract may fail, or do what it did not mean to.
unknown: whether it breaks could not be decided; never the same as "it does not".
review: words and promises that a model or a client goes by and no schema holds; a person has to read them.
compatible: proven to be none of the above."""
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The worst first."""
RANKS = {kind: rank for rank, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Change:
    """`where` is a place such as `tools.create_payment.inputSchema.amount`; `sentence` says what became of it."""

    kind: Kind
    where: str
    sentence: str


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The worst first, then by place; of changes that say the same of the same place, the worst one."""
    worst: dict[tuple[str, str], Change] = {}
    for change in changes:
        said = change.where, change.sentence
        known = worst.get(said)
        if known is None or RANKS[change.kind] < RANKS[known.kind]:
            worst[said] = change
    return tuple(sorted(worst.values(), key=lambda change: (RANKS[change.kind], change.where, change.sentence)))


def counted(changes: Iterable[Change]) -> dict[Kind, int]:
    """How many there are of each kind."""
    counts = dict.fromkeys(KINDS, 0)
    for change in changes:
        counts[change.kind] += 1
    return counts
