"""Arguments for a tool that nobody told us about, drawn from its inputSchema."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .draw import Draw

Schema = Mapping[str, Any]

_DEEPEST = 8
_LONGEST_ARRAY = 3
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

    Required properties are always given, optional ones in half of the cases. What JSON Schema can say beyond types,
    bounds, formats, enumerations, local references and combinations is not aimed at: whether the arguments fit is for
    the caller to check.
    """
    value = _Drawing(schema, key).value(schema, "$", 0)
    return value if isinstance(value, dict) else {}


class _Drawing:
    """One walk through a schema; each place in it has draws of its own, so that no place changes another's."""

    def __init__(self, root: Schema, key: tuple[int | str, ...]) -> None:
        self._root = root
        self._key = key

    def value(self, schema: Any, path: str, depth: int) -> Any:
        draw = Draw(*self._key, path)
        if not isinstance(schema, Mapping):
            return _word(draw)
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        listed: Sequence[Any] = schema.get("enum") or schema.get("examples") or ()
        if listed:
            return listed[draw.below(len(listed))]
        for combination in ("anyOf", "oneOf"):
            if schema.get(combination):
                chosen = schema[combination][draw.below(len(schema[combination]))]
                return self.value(_merged([schema, chosen], without=combination), f"{path}/{combination}", depth)
        if schema.get("allOf"):
            parts = [self._resolved(part) for part in schema["allOf"] if isinstance(part, Mapping)]
            return self.value(_merged([schema, *parts], without="allOf"), path, depth)
        return self._of_type(schema, _type(schema, draw), path, depth, draw)

    def _of_type(self, schema: Schema, kind: str, path: str, depth: int, draw: Draw) -> Any:
        if kind == "object":
            return self._object(schema, path, depth, draw)
        if kind == "array":
            return self._array(schema, path, depth, draw)
        return _SCALARS.get(kind, _string)(schema, draw)

    def _array(self, schema: Schema, path: str, depth: int, draw: Draw) -> list[Any]:
        least = schema.get("minItems", 0 if depth >= _DEEPEST else 1)
        count = draw.between(least, max(least, min(schema.get("maxItems", _LONGEST_ARRAY), _LONGEST_ARRAY)))
        prefix = schema.get("prefixItems", [])
        items = [*prefix, *[schema.get("items", {})] * (count - len(prefix))]
        return [self.value(item, f"{path}/{i}", depth + 1) for i, item in enumerate(items)]

    def _object(self, schema: Schema, path: str, depth: int, draw: Draw) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        wanted = [*required, *(n for n in properties if n not in required and depth < _DEEPEST and draw.below(2))]
        return {name: self.value(properties.get(name, {}), f"{path}/{name}", depth + 1) for name in wanted}

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
            schema = _merged([schema, target], without="$ref")
        return schema


def _merged(schemas: Sequence[Any], without: str) -> Schema:
    """One schema for a value that has to fit all of `schemas`: properties and required names of all."""
    merged: dict[str, Any] = {}
    for schema in schemas:
        if not isinstance(schema, Mapping):
            continue
        properties = dict(merged.get("properties", {}))
        for name, value in schema.get("properties", {}).items():
            properties[name] = {"allOf": [properties[name], value]} if name in properties else value
        required = [*merged.get("required", []), *schema.get("required", [])]
        own = {key: value for key, value in schema.items() if key != without or schema is not schemas[0]}
        merged = {**merged, **own}
        if properties:
            merged["properties"] = properties
        if required:
            merged["required"] = list(dict.fromkeys(required))
    return merged


def _type(schema: Schema, draw: Draw) -> str:
    kind = schema.get("type")
    if isinstance(kind, list) and kind:
        kind = kind[draw.below(len(kind))]
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _bounds(schema: Schema, step: float) -> tuple[float, float]:
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf) + step)
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf) - step)
    if low == -math.inf:
        low = 1 if high > 1 else high - _LARGEST_NUMBER  # unasked, no zero: what a load wants are everyday values
    return low, low + _LARGEST_NUMBER if high == math.inf else high


def _integer(schema: Schema, draw: Draw) -> int:
    low, high = _bounds(schema, 1)
    step = int(schema.get("multipleOf", 1)) or 1
    first, last = math.ceil(low / step), math.floor(high / step)
    return step * draw.between(first, max(first, last))


def _number(schema: Schema, draw: Draw) -> float:
    if "multipleOf" in schema:
        low, high = _bounds(schema, schema["multipleOf"])
        first = math.ceil(low / schema["multipleOf"])
        count = max(0, math.floor(high / schema["multipleOf"]) - first)
        return float((first + draw.below(count + 1)) * schema["multipleOf"])
    low, high = _bounds(schema, 1e-3)
    return float(round(low + (high - low) * draw.below(1001) / 1000, 6))


def _string(schema: Schema, draw: Draw) -> str:
    formatted = _FORMATS.get(str(schema.get("format")))
    if formatted is not None:
        return formatted(draw)
    least: int = schema.get("minLength", 0)
    text = _word(draw).ljust(least, "x")
    longest: int = schema.get("maxLength", max(_WORD, least))
    return text[:longest]


def _word(draw: Draw) -> str:
    return "".join(_LETTERS[draw.below(len(_LETTERS))] for _ in range(_WORD))


_SCALARS: dict[str, Callable[[Schema, Draw], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda _, draw: bool(draw.below(2)),
    "null": lambda _, __: None,
}
