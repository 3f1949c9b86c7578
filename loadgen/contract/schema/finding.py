"""What a walk through two schemas finds, with what is known of its weight."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..change import Change, Kind
from .oracle import Answer

_KINDS: dict[Answer, Kind] = {Answer.YES: "compatible", Answer.NO: "breaking", Answer.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A change; `obstacle`: because of it, values that were fine may be so no longer.

    A `settled` one keeps its kind whatever a proof says about a larger piece: it is not only about values.
    """

    change: Change
    obstacle: bool = False
    settled: bool = False

    @property
    def where(self) -> str:
        """Its place."""
        return self.change.where


def proven(where: str, sentence: str) -> Finding:
    """A change that refuses nothing."""
    return Finding(Change("compatible", where, sentence))


def judged(answer: Answer, where: str, sentence: str) -> Finding:
    """A change of which `answer` says whether everything that has to be accepted is."""
    return Finding(Change(_KINDS[answer], where, sentence), obstacle=answer is not Answer.YES)


def undecidable(where: str, sentence: str) -> Finding:
    """A change whose weight nothing can tell, not even what holds around it."""
    return Finding(Change("unknown", where, sentence), obstacle=True, settled=True)


def lifted(found: Iterable[Finding]) -> list[Finding]:
    """What is found where all that has to be accepted is proven to be."""
    return [each if each.settled else Finding(replace(each.change, kind="compatible")) for each in found]


def doubted(found: Iterable[Finding]) -> list[Finding]:
    """What is found in one of several alternatives, when another may accept what this one does not."""
    return [
        replace(each, change=replace(each.change, kind="unknown"))
        if each.change.kind == "breaking" and not each.settled
        else each
        for each in found
    ]


def blocks(found: Iterable[Finding]) -> bool:
    """Whether it is not proven that everything is accepted."""
    return any(each.obstacle for each in found)


def explains(found: Iterable[Finding]) -> bool:
    """Whether something says why not everything is accepted, rather than only leaving it open."""
    return any(each.obstacle and each.change.kind != "unknown" for each in found)
