"""What changed between two JSON Schemas of a contract: what they accept, and what they say to whoever reads them."""

from collections.abc import Mapping
from typing import Any

from jsonschema_rs import ValidationError, meta

from .change import Change, ordered
from .difference import same
from .schema.document import read_document
from .schema.oracle import TooLargeError
from .schema.walk import Walk
from .schema.wording import Position
from .schema_words import word_changes
from .values import shown

_DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
_DRAFT_07 = "http://json-schema.org/draft-07/schema"


def diff_schemas(old: Mapping[str, Any], new: Mapping[str, Any], position: Position, where: str) -> tuple[Change, ...]:
    """The changes between two schemas at the place `where`.

    `position` says who writes what they describe: clients an input, the server an output. What is called compatible is
    proven: everything that fits the old schema of an input fits the new one, everything that fits the new schema of an
    output fits the old one. Formats count as checked. Schemas are those of draft 2020-12 unless `$schema` names 07.
    """
    try:
        if same(old, new):
            return ()
        changes = [*_drafts(old, new, where), *_accepted(old, new, position, where)]
        return ordered([*changes, *word_changes(old, new, where)])
    except RecursionError:
        return (Change("unknown", where, "is nested too deeply to be compared"),)


def _accepted(old: Mapping[str, Any], new: Mapping[str, Any], position: Position, where: str) -> list[Change]:
    for side, schema in (("old", old), ("new", new)):
        why = _unusable(schema)
        if why is not None:
            return [Change("unknown", where, f"the {side} schema cannot be compared: {why}")]
    before, after = (read_document(dict(schema), draft_07=_draft(schema) == _DRAFT_07) for schema in (old, new))
    try:
        return [finding.change for finding in Walk(before, after, position, where).findings()]
    except TooLargeError:
        return [Change("unknown", where, "is too large to be compared")]


def _drafts(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> list[Change]:
    before, after = _draft(old), _draft(new)
    if before == after:
        return []
    return [Change("review", where, f"is of another draft: {shown(before)} became {shown(after)}")]


def _draft(schema: Mapping[str, Any]) -> str:
    named = schema.get("$schema", _DRAFT_2020)
    return str(named).removesuffix("#").replace("https://json-schema.org/draft-07", "http://json-schema.org/draft-07")


def _unusable(schema: Mapping[str, Any]) -> str | None:
    """Why nothing can be said of `schema`."""
    if _draft(schema) not in (_DRAFT_2020, _DRAFT_07):
        return f"it is of neither draft 2020-12 nor draft-07 but of {shown(schema['$schema'])}"
    try:
        meta.validate({**schema, "$schema": _draft(schema)})
    except ValidationError as error:
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        return f"it is not valid: {steps.removeprefix('.')} {error.message}".replace("valid:  ", "valid: ")
    except ValueError as error:
        return f"it is not valid: {error}"
    return None
