"""Whether one schema accepts all that another does: proven by jsonschema_rs, or refuted by a value.

It is asked only what it answers truly and soon.

`unevaluatedItems` and `unevaluatedProperties` are kept from it: it does not count what an `if` evaluates. So are
schemas whose combinations, multiplied out, would take it minutes. Formats are taken to be checked in every draft.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, reduce
from typing import Any

from jsonschema_rs import (
    CanonicalSchema,
    Draft202012,
    Draft202012Validator,
    ReferencingError,
    ValidationError,
    canonicalize,
)
from jsonschema_rs.canonical import CanonicalizationError, Containment

from .document import Document, Schema
from .keywords import NOT_UNDERSTOOD, SCHEMA, SCHEMA_LISTS, SCHEMA_MAPS, UNEVALUATED, UNIONS
from .probes import probes

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

        NO may be wrong where `narrow` has keywords that are not understood.

        Raises:
            TooLargeError: it was asked too often.
        """
        whole, part = self._reading(wide, wide_of), self._reading(narrow, narrow_of)
        self._work += 1 + whole.cases * part.cases // 50 + (whole.size + part.size) // _TEXT
        if self._work > _MOST_WORK:
            raise TooLargeError
        answer = Answer.UNKNOWN
        if whole.schema is not None and part.schema is not None and not whole.is_less:
            with suppress(ValueError):
                answer = _ANSWERS.get(whole.schema.covers(part.schema), Answer.UNKNOWN)
        if answer is Answer.NO and part.is_less:
            answer = Answer.UNKNOWN
        if answer is Answer.UNKNOWN and self._is_refuted(whole, part):
            answer = Answer.NO
        return answer

    def _is_refuted(self, whole: "_Reading", part: "_Reading") -> bool:
        """Whether one of a few values shows that not everything is accepted."""
        if whole.validator is None or part.validator is None:
            return False
        for value in (*part.probes, *whole.probes):
            with suppress(ValueError):  # a value, or a pattern, that is too much for the validator
                if part.validator.is_valid(value) and not whole.validator.is_valid(value):
                    return True
        return False

    def leaves_out(self, schema: Schema, document: Document) -> bool:
        """Whether there are keywords in `schema`, or in what it refers to, that are not asked about."""
        pending = [schema, *document.reachable(schema).values()]
        while pending:
            each = pending.pop()
            if isinstance(each, dict) and any(_is_left_out(keyword) for keyword in each):
                return True
            pending += _inner(each)
        return False

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

    def _asked(self, schema: Schema, document: Document) -> Schema:
        """What is asked about, with all that it refers to."""
        written = self._understood(schema, document)
        definitions = {name: self._understood(each, document) for name, each in document.reachable(written).items()}
        return {**written, "$defs": definitions} if isinstance(written, dict) and definitions else written

    def _reading(self, schema: Schema, document: Document) -> "_Reading":
        text = document.signature(schema)
        if text not in self._read:
            cases = _cases(schema, document.reachable(schema), frozenset())
            is_less = self.leaves_out(schema, document)
            read = _canonical(self._asked(schema, document)) if cases <= _MOST_CASES else None
            self._read[text] = _Reading(schema, document, read, is_less, min(cases, _MOST_CASES), len(text))
        return self._read[text]


@dataclass(frozen=True)
class _Reading:
    """What is known of a schema; `is_less`: its canonical form, if there is one, leaves something out."""

    origin: Schema
    document: Document
    schema: CanonicalSchema | None
    is_less: bool
    cases: int
    size: int

    @cached_property
    def validator(self) -> Draft202012Validator | None:
        """Says whether a value fits; what is not understood it does not count."""
        definitions = self.document.reachable(self.origin)
        whole = {**self.origin, "$defs": definitions} if isinstance(self.origin, dict) and definitions else self.origin
        try:
            return Draft202012Validator(whole, validate_formats=True, offline=True)
        except (ReferencingError, ValidationError, ValueError):
            return None

    @cached_property
    def probes(self) -> list[Any]:
        """Values to try."""
        return probes(self.origin, self.document)


def _canonical(schema: Schema) -> CanonicalSchema | None:
    try:
        return canonicalize(schema, draft=Draft202012, validate_formats=True, offline=True)
    except (CanonicalizationError, ValueError):
        return None


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
