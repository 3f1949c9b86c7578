"""A walk through two schemas at once: what differs at which place, and whether that may refuse what was fine.

It goes level by level. A schema is all of its keywords together, so the wide side accepts everything if each of its
keywords does; what is in a property or an item is compared there. Each level is decided as a whole, too: where that is
proven to accept everything, no single keyword does harm. Where neither the whole nor each part is proven, there is at
least one finding that blocks: nothing is compatible for want of an answer.
"""

from typing import Any

from . import wording
from .arrays import array_findings
from .document import Document, Schema
from .finding import Finding, explains, judged, lifted, proven, undecidable
from .keywords import ARRAY, NOT_UNDERSTOOD, OBJECT, SCALARS, UNEVALUATED, UNIONS, group_of
from .objects import object_findings
from .oracle import Answer, Oracle
from .pair import Pair
from .types import type_findings
from .unions import union_findings
from .view import types_of, view, without_null
from .wording import Position

_HANDLED = frozenset({*SCALARS, *OBJECT, *ARRAY, *UNIONS, "type", "enum", "required"})


class Walk:
    """One comparison of two documents whose root is at the place `where`."""

    def __init__(self, old: Document, new: Document, position: Position, where: str) -> None:
        self._pair = Pair(old, new, position, Oracle())
        self._where = where
        self._levels = 0
        """Properties and items gone into."""
        self._open: dict[tuple[str, str], int] = {}
        """Pairs that are being compared, and the level at which that began."""
        self._assumed: set[tuple[str, str]] = set()
        """Open pairs that something found rests on."""
        self._known: dict[tuple[str, str], list[Finding]] = {}

    def findings(self) -> list[Finding]:
        """All that differs, in no order.

        Raises:
            TooLargeError: there is too much to compare.
            RecursionError: it is nested too deeply.
        """
        return self._compared(self._pair.old.root, self._pair.new.root, self._where)

    def _nested(self, old: Schema, new: Schema, where: str) -> list[Finding]:
        """What differs in a part of a value, which is smaller than the value."""
        self._levels += 1
        found = self._compared(old, new, where)
        self._levels -= 1
        return found

    def _compared(self, old: Schema, new: Schema, where: str) -> list[Finding]:
        """What differs between two schemas for the same value.

        Pairs that contain themselves are taken to be fine where they do so in a smaller part of the value: if there
        were a smallest value that is refused, it would not be refused because of that part.
        """
        if self._pair.same(old, new):
            return []
        pair = _identity(old), _identity(new)
        if pair in self._open:
            if self._open[pair] == self._levels:
                return [undecidable(where, "refers to nothing but itself")]
            self._assumed.add(pair)
            return []
        if pair in self._known:
            return self._known[pair]
        place = self._place(old, new)
        self._open[pair] = self._levels
        found = self._decided(old, new, where if place is None else place)
        del self._open[pair]
        self._assumed.discard(pair)
        if place is not None and not self._assumed:
            self._known[pair] = found
        return found

    def _place(self, old: Schema, new: Schema) -> str | None:
        """The place of the definition that both refer to by the same name."""
        before, after = self._pair.old.places.get(_identity(old)), self._pair.new.places.get(_identity(new))
        return f"{self._where}{before}" if before is not None and before == after else None

    def _decided(self, old: Schema, new: Schema, where: str) -> list[Finding]:
        """What differs, each with the kind that a look at the whole leaves it."""
        inner_old, inner_new = without_null(old, self._pair.old), without_null(new, self._pair.new)
        if inner_old is not None and inner_new is not None:
            found = self._compared(inner_old, inner_new, where)
        else:
            shown_old, shown_new = view(old, self._pair.old), view(new, self._pair.new)
            if self._pair.same(shown_old, shown_new):
                return []
            found = self._keywords(shown_old, shown_new, where)
        answer = self._pair.accepted(old, new)
        if answer is Answer.YES:
            return self._reworded(lifted(found), old, new, where)
        if answer is Answer.NO and not explains(found) and not self._assumed and self._pair.refused(old, new):
            found.append(judged(answer, where, wording.less(self._pair.position)))
        return found

    def _reworded(self, found: list[Finding], old: Schema, new: Schema, where: str) -> list[Finding]:
        """`found`, or in place of its keywords here one sentence if only the words differ."""
        here = [each for each in found if each.where == where and not each.settled]
        if not here or self._pair.accepted_back(old, new) is not Answer.YES:
            return found
        return [
            *(each for each in found if each not in here),
            proven(where, "is written differently, and means the same"),
        ]

    def _keywords(self, old: Schema, new: Schema, where: str) -> list[Finding]:
        if not isinstance(old, dict) or not isinstance(new, dict):
            sentence = wording.nothing(self._pair.position, gained=isinstance(new, dict))
            return [judged(self._pair.accepted(old, new), where, sentence)]
        old, new = _both_unions(self._pair, old, new)
        found = type_findings(self._pair, old, new, where)
        for keyword in SCALARS:
            if old.get(keyword) != new.get(keyword):
                answer = self._pair.demanded(old, new, keyword)
                found.append(judged(answer, where, wording.scalar(keyword, old.get(keyword), new.get(keyword))))
        found += object_findings(self._pair, old, new, where, self._nested)
        found += array_findings(self._pair, old, new, where, self._nested)
        for key in UNIONS:
            found += union_findings(self._pair, key, old, new, where, self._compared)
        return found + self._others(old, new, where)

    def _others(self, old: dict[str, Any], new: dict[str, Any], where: str) -> list[Finding]:
        """Keywords that are looked at as a whole only."""
        found: list[Finding] = []
        wide = new if self._pair.is_input else old
        groups = sorted({group_of(keyword) for keyword in old.keys() | new.keys() if keyword not in _HANDLED})
        for group in groups:
            mine, others = ({key: each[key] for key in group if key in each} for each in (old, new))
            sentence = wording.generic(group[0].removeprefix(NOT_UNDERSTOOD), mine or None, others or None)
            if group[0] in UNEVALUATED and group[0] in wide:
                if not self._pair.same(_looked_at(old), _looked_at(new)):
                    looks = f"{group[0]} looks at what changed beside it" if mine and others else sentence
                    found.append(judged(self._pair.holds(old, new, _looked_at(wide)), where, looks))
            elif self._pair.same(mine, others):
                continue
            elif group == (f"{NOT_UNDERSTOOD}nullable",):
                found.append(self._nullable(mine.get(group[0]) is True, others.get(group[0]) is True, where))
            elif group[0].startswith(NOT_UNDERSTOOD):
                found.append(undecidable(where, sentence))
            else:
                found.append(judged(self._pair.demanded(old, new, *group), where, sentence))
        return found

    def _nullable(self, was: bool, is_now: bool, where: str) -> Finding:
        """`nullable` is no keyword of JSON Schema, but some go by it."""
        sentence = wording.types(["null"], self._pair.position, gained=is_now) + " (nullable)"
        harm = was if self._pair.is_input else is_now
        finding = judged(Answer.NO if harm and was != is_now else Answer.YES, where, sentence)
        return Finding(finding.change, finding.obstacle, settled=True)


def _looked_at(shown: dict[str, Any]) -> dict[str, Any]:
    """What of a view decides which parts of a value are left for unevaluated...: not what the parts have to fit."""
    made = {key: value for key, value in shown.items() if key not in {*SCALARS, "type", "enum", "required"}}
    for key in ("properties", "patternProperties"):
        if key in made:
            made[key] = {name: {} for name in made[key]}
    for key in ("additionalProperties", "items"):
        if key in made:
            made[key] = {}
    if "prefixItems" in made:
        made["prefixItems"] = [{} for _ in made["prefixItems"]]
    return made


def _identity(schema: Schema) -> str:
    """The name of the definition that `schema` refers to, or what tells it from all others that there are now."""
    if isinstance(schema, dict) and "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return name
    return f"#{id(schema)}"


def _both_unions(pair: Pair, old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same schemas; beside a union with an alternative like it, a schema is a union, too, of one alternative."""
    for key in UNIONS:
        if old.keys() == {key} and _is_like_one(new, old[key], pair.old):
            return old, {key: [new]}
        if new.keys() == {key} and _is_like_one(old, new[key], pair.new):
            return {key: [old]}, new
    return old, new


def _is_like_one(shown: dict[str, Any], branches: list[Schema], document: Document) -> bool:
    if not shown or shown.keys() & set(UNIONS):
        return False
    return any(types_of(view(branch, document)) == types_of(shown) for branch in branches)
