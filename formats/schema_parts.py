"""Parts of JSON Schemas, read without trust in their shape, and what several schemas say of one value together."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

Schema = Mapping[str, Any]

_NARROWER: dict[str, Callable[[float, float], float]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), min),
}


def merged(schemas: Sequence[Any], without: str) -> Schema:
    """One schema for a value that has to fit all of `schemas`: properties and required names of all."""
    whole: dict[str, Any] = {}
    for schema in schemas:
        if not isinstance(schema, Mapping):
            continue
        properties = dict(properties_of(whole))
        for name, value in properties_of(schema).items():
            properties[name] = {"allOf": [properties[name], value]} if name in properties else value
        required = [*items_of(whole, "required"), *items_of(schema, "required")]
        own = {key: value for key, value in schema.items() if key != without or schema is not schemas[0]}
        both = {key: _narrowed(key, whole[key], own[key]) for key in own.keys() & whole.keys()}
        whole = {**whole, **own, **both}
        if properties:
            whole["properties"] = properties
        if required:
            whole["required"] = list(dict.fromkeys(required))
    return whole


def _narrowed(key: str, one: Any, other: Any) -> Any:
    """What both say under `key`, where that can be said in one; else the latter."""
    if key == "items" and isinstance(one, Mapping) and isinstance(other, Mapping):
        return {"allOf": [one, other]}
    if key == "enum" and isinstance(one, list) and isinstance(other, list):
        return [value for value in one if value in other] or other
    if key in _NARROWER and _is_number(one) and _is_number(other):
        return _NARROWER[key](one, other)
    return other


def properties_of(schema: Schema) -> Schema:
    """What it says of each property."""
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def items_of(schema: Schema, key: str) -> list[Any]:
    """The list under `key`."""
    items = schema.get(key)
    return items if isinstance(items, list) else []


def whole_number(schema: Schema, key: str, default: int) -> int:
    """A number of things: 2.0 is a whole number, too."""
    return math.floor(bound(schema, key, default))


def bound(schema: Schema, key: str, default: float) -> float:
    """The number under `key`."""
    value = schema.get(key)
    return value if _is_number(value) else default


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
