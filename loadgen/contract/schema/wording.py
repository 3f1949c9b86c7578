"""What became of a keyword, as a sentence about the place where it stands."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

from ..difference import same
from ..values import shown

Position = Literal["input", "output"]
"""Who writes values of the schema: clients (arguments), or the server (results)."""
_MOST = 5
_TYPES = {
    "null": ("null", "null"),
    "boolean": ("booleans", "a boolean"),
    "integer": ("integers", "an integer"),
    "fraction": ("fractions", "a fraction"),
    "number": ("numbers", "a number"),
    "string": ("strings", "a string"),
    "array": ("arrays", "an array"),
    "object": ("objects", "an object"),
}
"""As what is taken, and as what a value may be."""


def scalar(keyword: str, old: Any, new: Any) -> str:
    """A keyword with a plain value; None: it is not there."""
    if keyword == "uniqueItems":
        return "items may not repeat now" if new else "items may repeat now"
    if old is None:
        return f"{keyword} {_plain(new)} is new"
    if new is None:
        return f"{keyword} {_plain(old)} is gone"
    return f"{keyword} went from {_plain(old)} to {_plain(new)}"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value.isalnum() else shown(value)


def types(names: Iterable[str], position: Position, *, gained: bool) -> str:
    """Types of values that are accepted now and were not, or the other way round."""
    these = type_names(names, 0 if position == "input" else 1, "and" if position == "input" and gained else "or")
    if position == "input":
        return f"takes {these} as well" if gained else f"no longer takes {these}"
    return f"may be {these} now" if gained else f"is never {these} any more"


def typed(names: Collection[str], position: Position, *, gained: bool) -> str:
    """Where values of all types were accepted, or are now."""
    if gained:
        return "takes values of every type now" if position == "input" else "may be of any type now"
    if not names:
        return nothing(position, gained=False)
    these = type_names(names, 0 if position == "input" else 1, "and" if position == "input" else "or")
    return f"takes only {these} now" if position == "input" else f"is always {these} now"


def values(given: Sequence[Any], position: Position, *, gained: bool) -> str:
    """Values of an enum that are accepted now and were not, or the other way round."""
    these = some(given, "and" if position == "input" and gained else "or")
    if position == "input":
        return f"takes {these} as well" if gained else f"no longer takes {these}"
    return f"may be {these} now" if gained else f"is never {these} any more"


def limited(given: Sequence[Any], position: Position, *, gained: bool) -> str:
    """An enum that is gone (so there is more now), or new."""
    if position == "input":
        return f"takes more than {some(given, 'and')} now" if gained else f"takes only {some(given, 'and')} now"
    these = some(given, "or")
    return f"may be something else than {these} now" if gained else f"is always {these} now"


def nothing(position: Position, *, gained: bool) -> str:
    """Where no value was accepted, or is now."""
    if position == "input":
        return "takes values now; it took none" if gained else "takes no value any more"
    return "may have a value now; it had none" if gained else "never has a value any more"


def unnamed(position: Position, *, gained: bool) -> str:
    """Properties that the schema does not name."""
    if position == "input":
        return f"{'takes' if gained else 'no longer takes'} properties that it does not name"
    return f"{'may' if gained else 'can no longer'} have properties that it does not name"


def further(count: int, position: Position, *, gained: bool) -> str:
    """Items after the first `count`."""
    after = f"after item {count - 1}" if count else "at all"
    if position == "input":
        return f"{'takes' if gained else 'no longer takes'} items {after}"
    return f"{'may' if gained else 'can no longer'} have items {after}"


def generic(keyword: str, old: Any, new: Any) -> str:
    """A keyword whose value is too much for a sentence, or a reference, which may stay; None: it is not there."""
    if same(old, new):
        return f"{keyword} may lead to what changed"
    return f"{keyword} {'is new' if old is None else 'is gone' if new is None else 'changed'}"


def less(position: Position) -> str:
    """That something is refused, and no single keyword says why."""
    return "does not take all that it took" if position == "input" else "may be what it never was"


def type_names(names: Iterable[str], form: int, last: str) -> str:
    """Types in words: what is taken (form 0), or what a value may be (1)."""
    left = set(names)
    if {"integer", "fraction"} <= left:
        left = left - {"integer", "fraction"} | {"number"}
    return listed([_TYPES[name][form] for name in _TYPES if name in left], last)


def some(given: Sequence[Any], last: str) -> str:
    """The first of some values, and how many there are more."""
    words = [shown(each) for each in given[:_MOST]]
    if len(given) > _MOST:
        words.append(f"{len(given) - _MOST} more")
    return listed(words, last)


def listed(words: Sequence[str], last: str) -> str:
    """Words with commas and, before the last, `last`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
