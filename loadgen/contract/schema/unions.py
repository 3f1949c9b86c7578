"""`anyOf` and `oneOf`: alternatives that are new, gone, or changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..values import shown
from . import wording
from .document import Document, Schema
from .finding import Finding, blocks, doubted, explains, judged, lifted, proven
from .oracle import Answer
from .pair import Pair
from .view import types_of, view

Compared = Callable[[Schema, Schema, str], list[Finding]]
View = Mapping[str, Any]


def union_findings(pair: Pair, key: str, old: View, new: View, where: str, compared: Compared) -> list[Finding]:
    """What differs in the alternatives under `key`; nothing blocks only where the wide side's union is proven."""
    if pair.same(*({key: side[key]} if key in side else {} for side in (old, new))):
        return []
    answer = pair.demanded(old, new, key)
    if key not in old or key not in new:
        return [judged(answer, where, wording.generic(key, old.get(key), new.get(key)))]
    union = _Union(pair, key, old, new, where)
    found = union.findings(compared)
    if answer is Answer.YES:
        return lifted(found)
    # Where nothing is decided, anyOf takes all if each alternative has one that does.
    told = explains(found) if answer is Answer.NO else blocks(found) or key == "anyOf"
    return found if told else [*found, judged(answer, where, f"{key}: {wording.less(pair.position)}")]


@dataclass(frozen=True, slots=True)
class _Union:
    pair: Pair
    key: str
    old: View
    new: View
    where: str

    def findings(self, compared: Compared) -> list[Finding]:
        old, new = self.old[self.key], self.new[self.key]
        partners = _partners(self.pair, old, new)
        found: list[Finding] = []
        for number, other in partners.items():
            one, another = old[number], new[other]
            if not self.pair.same(one, another):
                nested = compared(one, another, self._place(number))
                found += self._capped(nested, one if self.pair.is_input else another)
        for number in set(range(len(old))) - partners.keys():
            found.append(self._alone(old[number], self._place(number), "is gone", self.pair.old, is_new=False))
        for number in set(range(len(new))) - set(partners.values()):
            found.append(self._alone(new[number], self._place(number), "is new", self.pair.new, is_new=True))
        return found

    def _place(self, number: int) -> str:
        return f"{self.where}.{self.key}[{number}]"

    def _alone(self, branch: Schema, place: str, event: str, document: Document, *, is_new: bool) -> Finding:
        sentence = f"the alternative of {_described(view(branch, document))} {event}"
        if is_new is self.pair.is_input:  # an alternative more on the side that has to accept
            return proven(place, sentence)
        return judged(self._taken(branch), place, sentence)

    def _taken(self, branch: Schema) -> Answer:
        """Whether all alternatives of the wide side together accept what one of the narrow side does."""
        side = self.old if self.pair.is_input else self.new
        narrowed = {**side, self.key: [branch]}
        return self.pair.demanded(*((narrowed, self.new) if self.pair.is_input else (self.old, narrowed)), self.key)

    def _capped(self, found: list[Finding], branch: Schema) -> list[Finding]:
        """What differs between two alternatives, as far as no other alternative makes up for it."""
        if not blocks(found):
            return found
        answer = self._taken(branch)
        if answer is Answer.YES:
            return lifted(found)
        return found if answer is Answer.NO else doubted(found)


def _partners(pair: Pair, old: Sequence[Schema], new: Sequence[Schema]) -> dict[int, int]:
    """Which alternative of `new` each of `old` became, by their numbers: the same, or alike, or next in order."""
    partners: dict[int, int] = {}

    def match(alike: Callable[[int, int], bool]) -> None:
        for number in range(len(old)):
            if number in partners:
                continue
            free = [other for other in range(len(new)) if other not in partners.values() and alike(number, other)]
            if free:
                partners[number] = free[0]

    signatures = [pair.old.signature(each) for each in old], [pair.new.signature(each) for each in new]
    marks = [_marks(view(each, pair.old)) for each in old], [_marks(view(each, pair.new)) for each in new]
    match(lambda one, other: signatures[0][one] == signatures[1][other])
    match(lambda one, other: bool(marks[0][one]) and marks[0][one] == marks[1][other])
    match(lambda one, other: old[one] == new[other] and _is_reference(old[one]))
    if len(old) == len(new):
        match(lambda one, other: not marks[0][one] and not marks[1][other])
    return partners


def _is_reference(schema: Schema) -> bool:
    return isinstance(schema, dict) and "$ref" in schema


def _marks(shown_schema: Schema) -> str:
    """What tells an alternative from others: its type, and properties that have one value."""
    if not isinstance(shown_schema, dict):
        return ""
    consts = {
        name: each["enum"][0]
        for name, each in shown_schema.get("properties", {}).items()
        if isinstance(each, dict) and len(each.get("enum", ())) == 1
    }
    types = sorted(types_of(shown_schema))
    return shown(consts) if consts else "" if types == ["object"] else ",".join(types)


def _described(shown_schema: Schema) -> str:
    if not isinstance(shown_schema, dict):
        return "nothing"
    if "enum" in shown_schema:
        return wording.some(shown_schema["enum"], "or")
    for name, each in sorted(shown_schema.get("properties", {}).items()):
        if isinstance(each, dict) and len(each.get("enum", ())) == 1:
            return f"objects with {name} {shown(each['enum'][0])}"
    types = types_of(shown_schema)
    if types == {"object"} and shown_schema.get("required"):
        return f"objects with {wording.listed(shown_schema['required'], 'and')}"
    return wording.type_names(types, 0, "or") if "type" in shown_schema else "any type"
