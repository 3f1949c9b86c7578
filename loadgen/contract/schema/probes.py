"""Values to try on a schema: such as fit it, and such as lie just beside what it says.

They are few and always the same; that one of them fits is for a validator to say.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from .document import Document, Schema
from .keywords import UNIONS
from .view import types_of, view

_DEEPEST = 4
_MOST = 120
"""Values of one schema; of a part of it, far fewer."""
_MOST_OF_PART = 8
_LONGEST = 300
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "somebody@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000001",
}
_OTHER_NAME = "other"


def probes(schema: Schema, document: Document) -> list[Any]:
    """What to try."""
    return list(islice(_values(schema, document, 0), _MOST))


def _values(schema: Schema, document: Document, depth: int) -> Iterator[Any]:
    """The first is most likely to fit."""
    shown = view(schema, document)
    if not isinstance(shown, dict) or depth > _DEEPEST:
        yield from ("a", 1, None) if shown else ()
        return
    for key in UNIONS:
        rest = {keyword: value for keyword, value in shown.items() if keyword != key}
        for branch in shown.get(key, ()):
            joined = {**rest, "allOf": [*rest.get("allOf", ()), branch]} if rest else branch
            yield from islice(_values(joined, document, depth + 1), _MOST_OF_PART)
    for part in shown.get("allOf", ()):
        yield from islice(_values(part, document, depth + 1), _MOST_OF_PART)
    yield from shown.get("enum", ())[:_MOST_OF_PART]
    if "enum" not in shown:
        types = types_of(shown)
        for name, make in _BY_TYPE.items():
            if name in types:
                yield from make(shown, document, depth)


def _numbers(shown: Mapping[str, Any], _: Document, __: int) -> Iterator[Any]:
    step = shown.get("multipleOf", 1)
    bounds = [shown[key] for key in ("minimum", "maximum") if key in shown]
    beside = [shown[key] + sign for key, sign in (("exclusiveMinimum", 1), ("exclusiveMaximum", -1)) if key in shown]
    for bound in bounds or beside or [1]:
        if math.isfinite(bound):
            yield from (step * math.ceil(bound / step), step * math.floor(bound / step))
    for near in [*bounds, *beside, step, 0]:
        yield from (near, near + 1, near - 1, near + 0.5, near - 0.5)
    yield from (2 * step, 3 * step)


def _strings(shown: Mapping[str, Any], _: Document, __: int) -> Iterator[Any]:
    if "format" in shown:
        yield _FORMATS.get(shown["format"], "a")
    lengths = [shown[key] for key in ("minLength", "maxLength") if key in shown] or [1]
    yield from ("a" * min(length + more, _LONGEST) for more in (0, 1) for length in lengths)
    yield from ("b", "", "ab", "1", *_FORMATS.values())


def _arrays(shown: Mapping[str, Any], document: Document, depth: int) -> Iterator[Any]:
    first, rest = shown.get("prefixItems", []), shown.get("items", shown.get("contains", {}))
    places = [list(islice(_values(item, document, depth + 1), _MOST_OF_PART)) for item in first]
    others = list(islice(_values(rest, document, depth + 1), _MOST_OF_PART))
    if all(places):
        least = [place[0] for place in places]
        yield from ([*least, *others[:1]], least, [*least, 1, "a"])
        for number, place in enumerate(places):
            yield from ([*least[:number], value, *least[number + 1 :]] for value in place)
    counts = {min(shown.get(key, 0) + more, _LONGEST) for key in ("minItems", "maxItems") for more in (0, 1)}
    for count in sorted(counts):
        yield from ([value] * count for value in others[:1])
        yield others[:count]
    yield from ([value] for value in others)
    yield []


def _objects(shown: Mapping[str, Any], document: Document, depth: int) -> Iterator[Any]:
    properties = shown.get("properties", {})
    further = shown.get("additionalProperties", {})
    required = shown.get("required", [])
    least: dict[str, Any] = {}
    for name in required:
        for value in islice(_values(properties.get(name, further), document, depth + 1), 1):
            least[name] = value
    yield least
    for name in (*properties, *sorted({_OTHER_NAME, "x", "a", "b"} - properties.keys())):
        parts = islice(_values(properties.get(name, further), document, depth + 1), _MOST_OF_PART)
        yield from ({**least, name: value} for value in parts)
        yield {**least, name: 1}
    for pattern, schema in shown.get("patternProperties", {}).items():
        name = "".join(letter for letter in pattern if letter.isalnum())
        parts = islice(_values(schema, document, depth + 1), _MOST_OF_PART)
        yield from ({**least, name: value} for value in (*parts, 1, "a"))
    for name in required:
        yield {key: value for key, value in least.items() if key != name}
    counts = {shown[key] + more for key in ("minProperties", "maxProperties") if key in shown for more in (0, 1)}
    for count in sorted(counts):
        yield {**least, **{f"{_OTHER_NAME}{number}": 1 for number in range(min(count, _LONGEST) - len(least))}}


_BY_TYPE: dict[str, Callable[[Mapping[str, Any], Document, int], Iterator[Any]]] = {
    "string": _strings,
    "integer": _numbers,
    "object": _objects,
    "array": _arrays,
    "null": lambda _, __, ___: iter([None]),
    "boolean": lambda _, __, ___: iter([True, False]),
}
