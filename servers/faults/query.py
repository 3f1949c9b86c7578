"""What a request to the control API asks for besides its body: parameters of the query, and If-Match.

Everything here raises `ControlRefused` with the name of what cannot be used.
"""

import re
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

from starlette.requests import Request

from formats.durations import parse_duration
from formats.errors import shown
from formats.nearest import did_you_mean

from ..errors import ControlRefused
from .journal import FIELDS, Record
from .latency import LONGEST

_LARGEST_SEED = 2**63
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_ETAG = re.compile(r'"?([0-9]{1,18})"?')


def parameters(request: Request, *known: str) -> dict[str, str]:
    """The query's, each known and given once."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            there_are = f"; there are {', '.join(known)}" if known else "; there are none here"
            raise _refusal(name, f"is not known{did_you_mean(name, known)}{there_are}")
        if name in given:
            raise _refusal(name, "is given twice")
        given[name] = value
    return given


def ttl_of(given: Mapping[str, str]) -> float | None:
    """Seconds."""
    if "ttl" not in given:
        return None
    try:
        seconds = parse_duration(given["ttl"], LONGEST)
    except ValueError as error:
        raise _refusal("ttl", f"{error}, got {shown(given['ttl'])}") from error
    if seconds == 0:
        raise _refusal("ttl", f"should be more than 0, got {shown(given['ttl'])}")
    return seconds


def seed_of(given: Mapping[str, str]) -> int | None:
    """Of the draws."""
    return number_of(given, "seed", 1 - _LARGEST_SEED, _LARGEST_SEED - 1)


def number_of(given: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    """A whole number; None when it is not given."""
    if name not in given:
        return None
    text = given[name]
    number = int(text) if _NUMBER.fullmatch(text) else most + 1
    if not least <= number <= most:
        raise _refusal(name, f"should be a whole number from {least} to {most}, got {shown(text)}")
    return number


def filters_of(given: Mapping[str, str]) -> dict[str, str]:
    """Those of the journal. A value that no record can have is refused: nothing would be found, and nobody told why."""
    filters = {name: value for name, value in given.items() if name in FIELDS}
    for name, value in filters.items():
        choices = _CHOICES.get(name)
        if choices is not None and value not in choices:
            words = [choice or '""' for choice in choices]
            expected = f"{', '.join(words[:-1])} or {words[-1]}"
            raise _refusal(name, f"should be {expected}, got {shown(value)}{did_you_mean(value, choices)}")
        if name in _WHOLE and not _NUMBER.fullmatch(value):
            raise _refusal(name, f"should be a whole number, got {shown(value)}")
    return filters


def generations_of(request: Request) -> list[int] | None:
    """Those that the request is meant for, by its If-Match; None: any."""
    tags = [tag.strip() for value in request.headers.getlist("if-match") for tag in value.split(",")]
    if not tags or "*" in tags:
        return None
    found = [_ETAG.fullmatch(tag) for tag in tags]
    wrong = [tag for tag, match in zip(tags, found, strict=True) if match is None]
    if wrong:
        raise _refusal("If-Match", f'should be generations such as "3", or *, got {wrong[0] or "nothing"}')
    return [int(match[1]) for match in found if match is not None]


def _refusal(name: str, what: str) -> ControlRefused:
    return ControlRefused(400, "invalid", name, f"{name} {what}")


def _choices(kind: Any) -> tuple[str, ...] | None:
    if kind is bool:
        return ("true", "false")
    words = tuple(word for word in get_args(kind) if isinstance(word, str))
    return words or None


_TYPES = get_type_hints(Record)
_CHOICES = {name: choices for name in FIELDS if (choices := _choices(_TYPES[name])) is not None}
"""The values that a field of a record can have, as filters write them; for the fields that have not too many."""
_WHOLE = {name for name in FIELDS if _TYPES[name] is int}
