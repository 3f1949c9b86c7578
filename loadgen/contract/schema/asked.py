"""What of a schema can be asked about: keywords that nobody can answer for truly are left out."""

from typing import Any

from .document import Document, Schema, inner
from .keywords import NOT_UNDERSTOOD, SCHEMA, SCHEMA_LISTS, SCHEMA_MAPS, UNEVALUATED

_TURNING = frozenset({"not", "oneOf", "if", "contains"})
"""Keywords for which a schema that accepts more may make the whole accept less."""


def leaves_out(schema: Schema, document: Document) -> bool:
    """Whether there are keywords in `schema`, or in what it refers to, that are not asked about."""
    pending = [schema, *document.reachable(schema).values()]
    while pending:
        each = pending.pop()
        if isinstance(each, dict) and any(_is_left_out(keyword) for keyword in each):
            return True
        pending += inner(each)
    return False


def whole(schema: Schema, document: Document) -> Schema:
    """`schema` with all that it refers to, as a schema of its own."""
    definitions = document.reachable(schema)
    return {**schema, "$defs": definitions} if isinstance(schema, dict) and definitions else schema


def asked(schema: Schema, document: Document) -> Schema:
    """A schema of its own that accepts at least what `schema` does, and says only what can be asked about."""
    written = _asked(schema, document)
    definitions = {name: _asked(each, document) for name, each in document.reachable(written).items()}
    return {**written, "$defs": definitions} if isinstance(written, dict) and definitions else written


def _asked(schema: Schema, document: Document) -> Schema:
    """`schema` without what is left out.

    To leave something out of a schema that values must not fit, or must not fit too often, would make the whole accept
    less: there the whole is left out.
    """
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for keyword, value in schema.items():
        turns = keyword in _TURNING and any(leaves_out(each, document) for each in inner({keyword: value}))
        if turns or _is_left_out(keyword):
            continue
        if keyword in SCHEMA:
            made[keyword] = _asked(value, document)
        elif keyword in SCHEMA_LISTS:
            made[keyword] = [_asked(each, document) for each in value]
        elif keyword in SCHEMA_MAPS:
            made[keyword] = {name: _asked(each, document) for name, each in value.items()}
        else:
            made[keyword] = value
    if "if" in schema and "if" not in made:
        return {keyword: value for keyword, value in made.items() if keyword not in ("then", "else")}
    return made


def _is_left_out(keyword: str) -> bool:
    return keyword in UNEVALUATED or keyword.startswith(NOT_UNDERSTOOD)
