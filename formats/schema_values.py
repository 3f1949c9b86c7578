"""Values that nobody told us about, drawn from the JSON Schema that they have to fit."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .draw import Draw
from .pattern_text import pattern_text
from .schema_parts import Schema, bound, items_of, merged, properties_of, whole_number

_DEEPEST = 8
_BOTTOM = 40
"""Levels, of values in values and of combinations, from which on there is as little as possible, and that there are."""
_ENOUGH = 100
_MOST = 500
"""Values in one set of arguments, likewise; a long string, or a schema of many parts to look at, counts as several."""
_PER_VALUE = 100
_FEW = 3
_LONGEST_ARRAY = 3
_WITH_PARTS = ("object", "array")
_LARGEST_NUMBER = 1000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = 8
_FORMATS: dict[str, Callable[[Draw], str]] = {
    "date": lambda draw: f"2026-{draw.between(1, 12):02}-{draw.between(1, 28):02}",
    "date-time": lambda draw: f"2026-{draw.between(1, 12):02}-{draw.between(1, 28):02}T12:00:00Z",
    "email": lambda draw: f"{_word(draw)}@example.com",
    "hostname": lambda draw: f"{_word(draw)}.example.com",
    "ipv4": lambda draw: f"192.0.2.{draw.between(1, 254)}",
    "time": lambda draw: f"{draw.below(24):02}:00:00Z",
    "uri": lambda draw: f"https://example.com/{_word(draw)}",
    "uuid": lambda draw: draw.uuid(),
}


def draw_arguments(schema: Schema, *key: int | str) -> dict[str, Any]:
    """One set of arguments for a tool with `schema`, a function of `key` alone.

    Required properties are always given, optional ones in half of the cases while there are few values. What JSON
    Schema can say beyond types, bounds, formats, usual patterns, enumerations, local references and combinations is not
    aimed at: whether the arguments fit is for the caller to check. There are none (an empty set) when what is required
    has no end, or is more than a call should carry.
    """
    value = draw_value(schema, *key)
    return value if isinstance(value, dict) else {}


def draw_value(schema: Schema, *key: int | str) -> Any:
    """A value for `schema`, as `draw_arguments` draws them; None when what is required is too much."""
    try:
        return _Drawing(schema, key).value(schema, "$", 0)
    except (_TooMuchError, OverflowError):  # an OverflowError: bounds that are no numbers to reckon with
        return None


class _TooMuchError(Exception):
    """What a schema requires is deeper or larger than arguments may be."""


class _Drawing:
    """One walk through a schema; each place in it has draws of its own, so that no place changes another's.

    It ends: what is deep, or comes after many values, gets the least that its schema allows, and much more than that
    is given up.
    """

    def __init__(self, root: Schema, key: tuple[int | str, ...]) -> None:
        self._root = root
        self._key = key
        self._size = 0

    def value(self, schema: Any, path: str, depth: int) -> Any:
        if depth > _BOTTOM:
            raise _TooMuchError
        draw = Draw(*self._key, path)
        if not isinstance(schema, Mapping):
            self._grow(1)
            return _word(draw)
        schema = self._resolved(schema)
        self._grow(1 + _breadth(schema) // _PER_VALUE)
        if "const" in schema:
            return schema["const"]
        listed = items_of(schema, "enum") or items_of(schema, "examples")
        if listed:
            return listed[draw.below(len(listed))]
        for combination in ("anyOf", "oneOf"):
            branches = self._branches(items_of(schema, combination), depth)
            if branches:
                chosen = branches[draw.below(len(branches))]
                return self.value(merged([schema, chosen], without=combination), f"{path}/{combination}", depth + 1)
        if items_of(schema, "allOf"):
            parts = [self._resolved(part) for part in schema["allOf"] if isinstance(part, Mapping)]
            return self.value(merged([schema, *parts], without="allOf"), path, depth + 1)
        return self._of_type(schema, _type(schema, draw, least=self._is_enough(depth)), path, depth, draw)

    def _of_type(self, schema: Schema, kind: str, path: str, depth: int, draw: Draw) -> Any:
        if kind == "object":
            return self._object(schema, path, depth, draw)
        if kind == "array":
            return self._array(schema, path, depth, draw)
        if kind in _SCALARS:
            return _SCALARS[kind](schema, draw)
        least = whole_number(schema, "minLength", 0)
        self._grow(least // _PER_VALUE)
        return _string(schema, draw, least)

    def _array(self, schema: Schema, path: str, depth: int, draw: Draw) -> list[Any]:
        least = whole_number(schema, "minItems", 0 if self._is_enough(depth) else 1)
        self._check(least)
        most = max(least, min(whole_number(schema, "maxItems", _LONGEST_ARRAY), _LONGEST_ARRAY))
        count = least if self._is_enough(depth) else draw.between(least, most)
        prefix = items_of(schema, "prefixItems")
        items = [*prefix, *[schema.get("items", {})] * (count - len(prefix))]
        return [self.value(item, f"{path}/{i}", depth + 1) for i, item in enumerate(items)]

    def _object(self, schema: Schema, path: str, depth: int, draw: Draw) -> dict[str, Any]:
        properties = properties_of(schema)
        required = dict.fromkeys(items_of(schema, "required"))
        wanted = [name for name in properties if name not in required and draw.below(2)]
        drawn = {name: self.value(properties.get(name, {}), f"{path}/{name}", depth + 1) for name in required}
        for name in wanted:
            if self._is_enough(depth):
                break
            drawn[name] = self.value(properties[name], f"{path}/{name}", depth + 1)
        return drawn

    def _branches(self, branches: Sequence[Any], depth: int) -> Sequence[Any]:
        """Those to choose among: where there is enough already, those that add least."""
        if not self._is_enough(depth):
            return branches
        weights = [self._weight(branch) for branch in branches]
        return [branch for branch, weight in zip(branches, weights, strict=True) if weight == min(weights)]

    def _weight(self, schema: Any, depth: int = 0) -> int:
        """How much a value adds at least: 0 for one without parts, 1 for one that may be empty, 2 for all others."""
        if not isinstance(schema, Mapping):
            return 0
        schema = self._resolved(schema)
        if "const" in schema or items_of(schema, "enum"):
            return 0
        branches = items_of(schema, "anyOf") or items_of(schema, "oneOf")
        if branches or items_of(schema, "allOf"):
            return min((self._weight(branch, depth + 1) for branch in branches[:_FEW] if depth < _FEW), default=2)
        kinds = _kinds(schema)
        if any(kind not in _WITH_PARTS for kind in kinds):
            return 0
        if "array" in kinds and not whole_number(schema, "minItems", 0):
            return 1
        return 1 if "object" in kinds and not items_of(schema, "required") else 2

    def _is_enough(self, depth: int) -> bool:
        return depth >= _DEEPEST or self._size >= _ENOUGH

    def _grow(self, by: int) -> None:
        self._check(by)
        self._size += by

    def _check(self, more: int) -> None:
        if self._size + more > _MOST:
            raise _TooMuchError

    def _resolved(self, schema: Schema) -> Schema:
        """`schema` with its local reference followed, a chain of them too."""
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#"):
                break
            target: Any = self._root
            for step in reference[1:].strip("/").split("/") if reference != "#" else ():
                step = step.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901 - RFC 6901 escapes
                target = target.get(step, {}) if isinstance(target, Mapping) else {}
            schema = merged([schema, target], without="$ref") if len(schema) > 1 else target
            if not isinstance(schema, Mapping):
                return {}
        return schema


def _breadth(schema: Schema) -> int:
    return len(properties_of(schema)) + sum(len(items_of(schema, each)) for each in ("anyOf", "oneOf", "allOf"))


def _kinds(schema: Schema) -> list[str]:
    named = schema.get("type")
    kinds = [kind for kind in (named if isinstance(named, list) else [named]) if isinstance(kind, str)]
    return kinds or ["object" if "properties" in schema else "array" if "items" in schema else "string"]


def _type(schema: Schema, draw: Draw, *, least: bool) -> str:
    kinds = _kinds(schema)
    small = [kind for kind in kinds if kind not in _WITH_PARTS] if least else []
    return (small or kinds)[draw.below(len(small or kinds))]


def _bounds(schema: Schema, step: float) -> tuple[float, float]:
    low = max(bound(schema, "minimum", -math.inf), bound(schema, "exclusiveMinimum", -math.inf) + step)
    high = min(bound(schema, "maximum", math.inf), bound(schema, "exclusiveMaximum", math.inf) - step)
    if low == -math.inf:
        low = 1 if high > 1 else high - _LARGEST_NUMBER  # unasked, no zero: what a load wants are everyday values
    return low, low + _LARGEST_NUMBER if high == math.inf else high


def _integer(schema: Schema, draw: Draw) -> int:
    low, high = _bounds(schema, 1)
    step = whole_number(schema, "multipleOf", 1) or 1
    first, last = math.ceil(low / step), math.floor(high / step)
    return step * draw.between(first, max(first, last))


def _number(schema: Schema, draw: Draw) -> float:
    step = bound(schema, "multipleOf", 0)
    low, high = _bounds(schema, step or 1e-3)
    if step > 0 and abs(low / step) < math.inf > abs(high / step):
        first = math.ceil(low / step)
        count = max(0, math.floor(high / step) - first)
        return float((first + draw.below(count + 1)) * step)
    return float(round(low + (high - low) * draw.below(1001) / 1000, 6))


def _string(schema: Schema, draw: Draw, least: int) -> str:
    formatted, pattern = _FORMATS.get(str(schema.get("format"))), schema.get("pattern")
    if isinstance(pattern, str) and (formatted is None or draw.below(2)):  # of both, either may fit the other
        matching = pattern_text(pattern, draw, least)
        if matching is not None:
            return matching
    if formatted is not None:
        return formatted(draw)
    text = _word(draw).ljust(least, "x")
    return text[: whole_number(schema, "maxLength", max(_WORD, least))]


def _word(draw: Draw) -> str:
    return "".join(_LETTERS[draw.below(len(_LETTERS))] for _ in range(_WORD))


_SCALARS: dict[str, Callable[[Schema, Draw], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda _, draw: bool(draw.below(2)),
    "null": lambda _, __: None,
}
