"""What pydantic finds in a document, for the person who wrote it: one problem a value, at its place, with a hint.

pydantic complains once for each member of a union that a value could have been, and names these members in the way to
it; who wrote the document knows of neither.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from pydantic_core import ErrorDetails

from .errors import got, reason
from .known_keys import KnownKeys, Location, inside
from .nearest import did_you_mean

Problem = tuple[Location, str]
"""Where something is wrong, and what: the end of a sentence whose subject is the key there."""

_ABOUT_A_KEY = ("missing", "extra_forbidden")
_KEY = "[key]"
"""What pydantic puts behind a key that does not fit."""
_NUMBERS = ("int_type", "float_type")
_WORDS = {"bool_type": ("true", "false", "yes", "no")}
_NUMBER = re.compile(r"([-+]?[0-9]+\.?[0-9]*)(?:[eE]([-+]?[0-9]{1,4}))?")


def problems_of(errors: Iterable[ErrorDetails], document: object, known: KnownKeys) -> Iterator[Problem]:
    """One problem for each value that pydantic complains about, in the order in which it does.

    Args:
        errors: pydantic's.
        document: as it was written.
        known: the keys of its format.
    """
    by_place: dict[tuple[Location, bool], list[ErrorDetails]] = {}
    for error in errors:
        place = _place(error, document)
        by_place.setdefault((place, error["loc"][-1:] == (_KEY,)), []).append(error)
    around = {place[:length] for place, _ in by_place for length in range(len(place))}
    for (place, is_key), group in by_place.items():
        # What is wrong inside of a value says more than that it is none of the other things that it could have been.
        if is_key or place not in around:
            yield place, _merged(group) + _hint(group, document, known)


def _place(error: ErrorDetails, document: object) -> Location:
    """Where the error is, without the names that pydantic gives to the members of a union."""
    node, place = document, list[int | str]()
    for step in error["loc"]:
        found = inside(node, step)
        if found is not None:
            key, node = found
            place.append(key)
    if error["type"] in _ABOUT_A_KEY and str(error["loc"][-1]) not in map(str, place[-1:]):
        place.append(error["loc"][-1])
    return tuple(place)


def _merged(group: Sequence[ErrorDetails]) -> str:
    """One complaint about one value."""
    reasons = list(dict.fromkeys(reason(error) for error in group))
    choices = [each.removeprefix("should be ") for each in reasons]
    whole = [each for each, choice in zip(reasons, choices, strict=True) if each == choice]  # more than another type
    said = whole[0] if whole else f"should be {', or '.join(choices)}"
    return said + got(group[0]) + next(filter(None, map(_quotes, group)), "")


def _quotes(error: ErrorDetails) -> str:
    """What makes a text of a number that looks right, or a number of a text."""
    kind, value = error["type"], error["input"]
    if kind in ("string_type", "invalid_key") and isinstance(value, (bool, int, float)):
        return ": put it in quotes"
    if not isinstance(value, str) or not value:
        return ""
    number = _NUMBER.fullmatch(value) if kind in _NUMBERS else None
    if number is not None and number[2] is not None:
        mantissa = number[1] if "." in number[1] else f"{number[1]}."
        written = f"{mantissa}{'0' * mantissa.endswith('.')}e{int(number[2]):+d}"
        return f": YAML takes it for text, write {written if kind == 'float_type' else 'its digits'}"
    expected = _WORDS.get(kind) or re.split(", | or ", error.get("ctx", {}).get("expected", ""))
    return ": leave the quotes out" if number is not None or value.lower() in expected else ""


def _hint(group: Sequence[ErrorDetails], document: object, known: KnownKeys) -> str:
    """The nearest word that fits, if there is one near."""
    for error in group:
        hint = ""
        if error["type"] == "extra_forbidden":
            hint = known.hint(error["loc"], document)
        elif error["type"] == "literal_error":
            words = re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", ""))
            hint = did_you_mean(str(error["input"]), words)
        if hint:
            return hint
    return ""
