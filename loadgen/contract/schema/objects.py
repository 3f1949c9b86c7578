"""Objects: properties that are new, gone, required or optional now, and those that no schema names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..change import Change
from ..place import member
from . import wording
from .document import Schema
from .finding import Finding, judged, proven
from .keywords import OBJECT
from .oracle import Answer, matches
from .pair import Pair

Nested = Callable[[Schema, Schema, str], list[Finding]]
View = Mapping[str, Any]
_ORDER = (Answer.NO, Answer.UNKNOWN, Answer.YES)


def object_findings(pair: Pair, old: View, new: View, where: str, nested: Nested) -> list[Finding]:
    """What differs in `required` and the keywords of `OBJECT`; nothing blocks only where they are proven."""
    return _Objects(pair, old, new, where, nested).findings()


@dataclass(frozen=True, slots=True)
class _Objects:
    pair: Pair
    old: View
    new: View
    where: str
    nested: Nested

    def findings(self) -> list[Finding]:
        found = self._required()
        parts = ({key: side[key] for key in OBJECT if key in side} for side in (self.old, self.new))
        if self.pair.same(*parts):
            return found
        old, new = (side.get("properties", {}) for side in (self.old, self.new))
        for name in sorted({*old, *new}):
            found += self._property(name, is_old=name in old, is_new=name in new)
        return found + self._unnamed({*old, *new})

    def _required(self) -> list[Finding]:
        old, new = (set(side.get("required", ())) for side in (self.old, self.new))
        found: list[Finding] = []
        for name in sorted(old ^ new):
            place, newly = member(self.where, name), name in new
            was_named, is_named = (name in side.get("properties", {}) for side in (self.old, self.new))
            if (newly and is_named and not was_named) or (not newly and was_named and not is_named):
                continue  # told with the property, which is new or gone
            if self.pair.is_input:
                sentence = "is required now" if newly else "is optional now"
            else:
                sentence = "is always there now" if newly else "may be missing now"
            found.append(judged(self._always_there(name), place, sentence))
        return found

    def _always_there(self, name: str) -> Answer:
        """Whether the property is there wherever the wide side requires it."""
        wide = self.new if self.pair.is_input else self.old
        if name not in wide.get("required", ()):
            return Answer.YES
        return self.pair.holds(self.old, self.new, {"required": [name]})

    def _property(self, name: str, *, is_old: bool, is_new: bool) -> list[Finding]:
        place = member(self.where, name)
        old, new = _for_name(self.old, name), _for_name(self.new, name)
        if old is None or new is None:
            sentence = "a pattern of patternProperties is no regular expression that is understood"
            return [judged(Answer.UNKNOWN, place, sentence)]
        if is_old and is_new:
            return self.nested(old, new, place)
        told = self._new if is_new else self._gone
        return told(name, old, new, place)

    def _new(self, name: str, old: Schema, new: Schema, place: str) -> list[Finding]:
        if self.pair.is_input and name in self.new.get("required", ()):
            answer = min(self._always_there(name), self.pair.accepted(old, new), key=_ORDER.index)
            return [judged(answer, place, "is new, and required")]
        told = proven(place, "is new, and optional" if self.pair.is_input else "is new")
        answer = self.pair.accepted(old, new)
        if answer is Answer.YES:
            return [told]
        if old is False:
            return [judged(answer, place, "is new, where the old schema has no further properties")]
        if self.pair.is_input and old == {}:
            sentence = "is new, and optional; so far, anything could be sent under this name"
            return [Finding(Change("review", place, sentence), obstacle=True)]
        return [told, *self.nested(old, new, place)]

    def _gone(self, name: str, old: Schema, new: Schema, place: str) -> list[Finding]:
        if not self.pair.is_input:
            answer = min(self._always_there(name), self.pair.accepted(old, new), key=_ORDER.index)
            if old is False:
                return [judged(answer, place, "is gone; it never was there")]
            return [Finding(Change("breaking", place, "is gone"), obstacle=answer is not Answer.YES, settled=True)]
        if new is False:
            return [judged(self.pair.accepted(old, new), place, "is gone, and refused now")]
        sentence = "is gone; it may still be sent, and no longer means anything"
        told = Finding(Change("review", place, sentence), settled=True)
        return [told, *(self.nested(old, new, place) if new != {} else ())]

    def _unnamed(self, named: set[str]) -> list[Finding]:
        """Properties that neither schema names."""
        old, new = (side.get("patternProperties", {}) for side in (self.old, self.new))
        wide = self.new if self.pair.is_input else self.old
        found: list[Finding] = []
        demand = {key: wide[key] for key in OBJECT[1:] if key in wide} | {"properties": {name: {} for name in named}}
        if old.keys() != new.keys():
            sentence = wording.generic("patternProperties", old or None, new or None)
            return [judged(self.pair.holds(self.old, self.new, demand), self.where, sentence)]
        for pattern in old:
            found += self.nested(old[pattern], new[pattern], member(self.where, f"/{pattern}/"))
        before, after = (side.get("additionalProperties", {}) for side in (self.old, self.new))
        if before is not False and after is not False:
            return found + self.nested(before, after, f"{self.where}.*")
        if before is not after:
            closed = demand | {"patternProperties": {pattern: {} for pattern in old}}
            answer = self.pair.holds(self.old, self.new, closed) if wide.get(OBJECT[2]) is False else Answer.YES
            found.append(judged(answer, self.where, wording.unnamed(self.pair.position, gained=before is False)))
        return found


def _for_name(side: View, name: str) -> Schema | None:
    """What a property `name` has to fit; None: a pattern is not understood."""
    parts: list[Schema] = [side["properties"][name]] if name in side.get("properties", {}) else []
    for pattern, schema in side.get("patternProperties", {}).items():
        found = matches(pattern, name)
        if found is None:
            return None
        if found:
            parts.append(schema)
    if not parts:
        others: Schema = side.get("additionalProperties", {})
        return others
    return parts[0] if len(parts) == 1 else {"allOf": parts}
