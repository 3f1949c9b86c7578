"""Whether one schema accepts all that another does: proven by jsonschema_rs, or refuted by a value.

It is asked only what it answers truly and soon.

`unevaluatedItems` and `unevaluatedProperties` are kept from it: it does not count what an `if` evaluates. So are
schemas whose combinations, multiplied out, would take it minutes. Formats are taken to be checked in every draft.
"""

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
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

from .asked import asked, leaves_out, whole
from .cases import MOST_CASES, count_cases
from .document import Document, Schema
from .probes import probes

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
        wider, part = self._reading(wide, wide_of), self._reading(narrow, narrow_of)
        self._work += 1 + wider.cases * part.cases // 50 + (wider.size + part.size) // _TEXT
        if self._work > _MOST_WORK:
            raise TooLargeError
        answer = Answer.UNKNOWN
        if wider.schema is not None and part.schema is not None and not wider.is_less:
            with suppress(ValueError):
                answer = _ANSWERS.get(wider.schema.covers(part.schema), Answer.UNKNOWN)
        if answer is Answer.NO and part.is_less:
            answer = Answer.UNKNOWN
        if answer is Answer.UNKNOWN and _is_refuted(wider, part):
            answer = Answer.NO
        return answer

    def _reading(self, schema: Schema, document: Document) -> "_Reading":
        text = document.signature(schema)
        if text not in self._read:
            cases = count_cases(schema, document.reachable(schema))
            read = _canonical(asked(schema, document)) if cases <= MOST_CASES else None
            is_less = leaves_out(schema, document)
            self._read[text] = _Reading(schema, document, read, is_less, min(cases, MOST_CASES), len(text))
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
        try:
            return Draft202012Validator(whole(self.origin, self.document), validate_formats=True, offline=True)
        except (ReferencingError, ValidationError, ValueError):
            return None

    @cached_property
    def probes(self) -> list[Any]:
        """Values to try."""
        return probes(self.origin, self.document)


def _is_refuted(wider: _Reading, part: _Reading) -> bool:
    """Whether one of a few values shows that not everything is accepted."""
    if wider.validator is None or part.validator is None:
        return False
    for value in (*part.probes, *wider.probes):
        with suppress(ValueError):  # a value, or a pattern, that is too much for the validator
            if part.validator.is_valid(value) and not wider.validator.is_valid(value):
                return True
    return False


def _canonical(schema: Schema) -> CanonicalSchema | None:
    try:
        return canonicalize(schema, draft=Draft202012, validate_formats=True, offline=True)
    except (CanonicalizationError, ValueError):
        return None


def matches(pattern: str, text: str) -> bool | None:
    """Whether the regular expression of a schema finds something in `text`; None: it is none."""
    try:
        return Draft202012Validator({"pattern": pattern}, offline=True).is_valid(text)
    except (ValidationError, ValueError):
        return None
