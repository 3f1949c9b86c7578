"""The hints of a tool's annotations: promises about its effects that clients and models act on.

A promise withdrawn is breaking: a client that went by it now does what it did not mean to. A promise made is for a
person to look at: clients that trust it stop asking, and nobody checks it. Absent hints have the protocol's defaults.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .change import Change
from .difference import same
from .place import member
from .text_diff import text_change
from .values import shown

_DEFAULTS = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}
_PROMISES = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
"""The value by which a server promises something."""
_OF_WRITERS = ("destructiveHint", "idempotentHint")
"""Hints that mean nothing for a tool that only reads."""
_WITHDRAWN = {
    "readOnlyHint": "clients call what only reads without asking",
    "destructiveHint": "clients call what destroys nothing without asking",
    "idempotentHint": "clients repeat a call whose reply was lost",
    "openWorldHint": "clients trust what comes from nowhere else",
}
_MADE = {
    "readOnlyHint": "clients that trust it no longer ask before a call",
    "destructiveHint": "clients that trust it no longer ask before a call",
    "idempotentHint": "clients that trust it repeat calls",
    "openWorldHint": "clients that trust it take results for the server's own",
}


def diff_hints(old: Mapping[str, Any], new: Mapping[str, Any], where: str) -> Iterator[Change]:
    """The changes between the annotations of two versions of a tool; `where` is the place of the annotations."""
    for hint in _DEFAULTS:
        if not same(old.get(hint), new.get(hint)):
            yield _hint(hint, old, new, member(where, hint))
    for key in sorted({*old, *new} - _DEFAULTS.keys()):
        if not same(old.get(key), new.get(key)):
            yield text_change(old.get(key), new.get(key), member(where, key))


def _hint(hint: str, old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Change:
    before, after = (_value(hint, side) for side in (old, new))
    if before == after:
        event = "is no longer said" if hint in old else "is said now"
        return Change("compatible", place, f"{event}; {shown(after)} is the default")
    said = f"is {shown(after)} now"
    reads = [_value("readOnlyHint", side) for side in (old, new)]
    if hint in _OF_WRITERS and all(reads):
        return Change("compatible", place, f"{said}, which means nothing for a tool that only reads")
    if after == _PROMISES[hint]:
        return Change("review", place, f"{said}: {_MADE[hint]}")
    if hint in _OF_WRITERS and reads[0] != reads[1]:
        return Change("compatible", place, f"{said}, which meant nothing while the tool only read")
    return Change("breaking", place, f"{said}: {_WITHDRAWN[hint]}")


def _value(hint: str, annotations: Mapping[str, Any]) -> bool:
    value = annotations.get(hint)
    return value if isinstance(value, bool) else _DEFAULTS[hint]
