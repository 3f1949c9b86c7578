"""Whether one schema accepts all that another does, by jsonschema_rs; asked only what it answers truly and soon.

`unevaluatedItems` and `unevaluatedProperties` are kept from it: it does not count what an `if` evaluates. So are
schemas whose combinations, multiplied out, would take it minutes. Formats are taken to be checked in every draft.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import Any

from jsonschema_rs import CanonicalSchema, Draft202012, Draft202012Validator, canonicalize
from jsonschema_rs.canonical import CanonicalizationError, Containment

from .document import Document, Schema
from .keywords import NOT_UNDERSTOOD, SCHEMA, SCHEMA_LISTS, SCHEMA_MAPS, UNEVALUATED, UNIONS

_TURNING = frozenset({"not", "oneOf", "if", "contains"})
"""Keywords for which a schema that accepts more may make the whole accept less."""
_MOST_CASES = 512
_JOINT = 8
"""So 512 alternatives in one union, or 64 of several unions multiplied; ten times as many take seconds."""
_MOST_WORK = 20_000
_TEXT = 20_000
"""A question is work, and so are this many characters of a schema and every 50 pairs of alternatives."""


class TooLargeError(Exception):
    """There are more places to look at than anybody waits for."""


class Answer(Enum):
    """Whether all of it is accepted."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


_ANSWERS = {Containment.YES: Answer.YES, Containment.NO: Answer.NO}


class Oracle:
    """Answers about the schemas of two documents; what it has read once it remembers."""

    def __init__(self) -> None:
        self._read: dict[str, _Reading] = {}
        self._work = 0

    def accepts_all(self, wide: Schema, wide_of: Document, narrow: Schema, narrow_of: Document) -> Answer:
        """Whether `wide` accepts every value that `narrow` accepts: YES is a proof, NO a disproof.

        What `narrow` says in keywords that are left out does not count: where that matters, NO is no disproof.

        Raises:
            TooLargeError: it was asked too often.
        """
        if self.leaves_out(wide, wide_of):
            return Answer.UNKNOWN
        whole, part = self._reading(wide, wide_of), self._reading(narrow, narrow_of)
        self._work += 1 + whole.cases * part.cases // 50 + (whole.size + part.size) // _TEXT
        if self._work > _MOST_WORK:
            raise TooLargeError
        if whole.schema is None or part.schema is None:
            return Answer.UNKNOWN
        try:
            return _ANSWERS.get(whole.schema.covers(part.schema), Answer.UNKNOWN)
        except ValueError:
            return Answer.UNKNOWN

    def leaves_out(self, schema: Schema, document: Document) -> bool:
        """Whether there are keywords in `schema`, or in what it refers to, that are not asked about."""
        pending = [schema, *document.reachable(schema).values()]
        while pending:
            each = pending.pop()
            if isinstance(each, dict) and any(_is_left_out(keyword) for keyword in each):
                return True
            pending += _inner(each)
        return False

    def _canonical(self, schema: Schema, document: Document) -> CanonicalSchema | None:
        written = self._understood(schema, document)
        definitions = document.reachable(written)
        if isinstance(written, dict) and definitions:
            written["$defs"] = {name: self._understood(each, document) for name, each in definitions.items()}
        try:
            return canonicalize(written, draft=Draft202012, validate_formats=True, offline=True)
        except (CanonicalizationError, ValueError):
            return None

    def _understood(self, schema: Schema, document: Document) -> Schema:
        """A schema that accepts at least what `schema` does, without the keywords that are not asked about.

        To leave something out of a schema that values must not fit, or must not fit too often, would accept less: there
        the whole is left out.
        """
        if not isinstance(schema, dict):
            return schema
        made: dict[str, Any] = {}
        for keyword, value in schema.items():
            if _is_left_out(keyword):
                continue
            if keyword in _TURNING and any(self.leaves_out(each, document) for each in _inner({keyword: value})):
                continue
            if keyword in SCHEMA:
                made[keyword] = self._understood(value, document)
            elif keyword in SCHEMA_LISTS:
                made[keyword] = [self._understood(each, document) for each in value]
            elif keyword in SCHEMA_MAPS:
                made[keyword] = {name: self._understood(each, document) for name, each in value.items()}
            else:
                made[keyword] = value
        if "if" in schema and "if" not in made:
            made = {keyword: value for keyword, value in made.items() if keyword not in ("then", "else")}
        return made

    def _reading(self, schema: Schema, document: Document) -> "_Reading":
        text = document.signature(schema)
        if text not in self._read:
            definitions = document.reachable(schema)
            cases = _cases(schema, definitions, frozenset())
            read = self._canonical(schema, document) if cases <= _MOST_CASES else None
            self._read[text] = _Reading(read, min(cases, _MOST_CASES), len(text))
        return self._read[text]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is known of a schema: its canonical form if there is one, its alternatives, the characters of its text."""

    schema: CanonicalSchema | None
    cases: int
    size: int


def matches(pattern: str, text: str) -> bool | None:
    """Whether the regular expression of a schema finds something in `text`; None: it is none."""
    try:
        return Draft202012Validator({"pattern": pattern}, offline=True).is_valid(text)
    except ValueError:
        return None


def _is_left_out(keyword: str) -> bool:
    return keyword in UNEVALUATED or keyword.startswith(NOT_UNDERSTOOD)


def _inner(schema: Schema) -> list[Schema]:
    """The schemas directly in `schema`."""
    if not isinstance(schema, dict):
        return []
    found: list[Schema] = []
    for keyword, value in schema.items():
        if keyword in SCHEMA:
            found.append(value)
        elif keyword in SCHEMA_LISTS:
            found += value
        elif keyword in SCHEMA_MAPS:
            found += value.values()
    return found


def _cases(schema: Schema, definitions: Mapping[str, Schema], seen: frozenset[str]) -> int:
    """How many alternatives there are when all combinations of one place are multiplied out, at the worst place."""
    if not isinstance(schema, dict):
        return 1
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return 1 if name in seen else _cases(definitions.get(name, {}), definitions, seen | {name})
    here = deeper = 1
    for keyword, value in schema.items():
        counts = [_cases(each, definitions, seen) for each in _inner({keyword: value})]
        if keyword in UNIONS:
            here = _times(here, sum(counts))
        elif keyword == "dependentSchemas":
            here = reduce(_times, (count + 1 for count in counts), here)
        elif keyword == "if":
            here = _times(here, counts[0] + _opposite(value, definitions, seen))
        elif keyword in ("allOf", "then", "else"):
            here = reduce(_times, counts, here)
        elif keyword == "not":
            here = _times(here, _opposite(value, definitions, seen))
        else:
            deeper = max([deeper, *counts])
    return max(here, deeper)


def _opposite(schema: Schema, definitions: Mapping[str, Schema], seen: frozenset[str]) -> int:
    """The alternatives of what does not fit `schema`: "and" adds up there, and "or" multiplies."""
    if not isinstance(schema, dict):
        return 1
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return 1 if name in seen else _opposite(definitions.get(name, {}), definitions, seen | {name})
    total = 0
    for keyword, value in schema.items():
        counts = [_opposite(each, definitions, seen) for each in _inner({keyword: value})]
        if keyword in UNIONS:
            total += reduce(_times, counts, 1)
        elif keyword == "not":
            total += _cases(value, definitions, seen)
        else:
            total += max(1, sum(counts))
    return max(1, min(total, _MOST_CASES + 1))


def _times(one: int, other: int) -> int:
    """What multiplying out costs: a single union is harmless, one joined with another is not."""
    joint = _JOINT if one > 1 and other > 1 else 1
    return min(one * other * joint, _MOST_CASES + 1)
