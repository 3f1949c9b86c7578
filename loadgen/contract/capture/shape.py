"""The shape that several answers have in common, as a JSON Schema: types and names, no values."""

from collections.abc import Sequence
from typing import Any


def shape_of(values: Sequence[Any]) -> dict[str, Any]:
    """A JSON Schema that all `values` fit: which members there always are, and of which types everything is.

    >>> shape_of([{"id": 1, "at": None}, {"id": 2, "at": "noon"}])["properties"]["at"]
    {'anyOf': [{'type': 'null'}, {'type': 'string'}]}
    """
    by_type: dict[str, list[Any]] = {}
    for value in values:
        by_type.setdefault(_type(value), []).append(value)
    shapes = [_shape(kind, by_type[kind]) for kind in sorted(by_type)]
    if len(shapes) > 1:
        return {"anyOf": shapes}
    return shapes[0] if shapes else {}


def _shape(kind: str, values: list[Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": kind}
    if kind == "object":
        members: dict[str, list[Any]] = {}
        for value in values:
            for name, member in value.items():
                members.setdefault(name, []).append(member)
        always = sorted(name for name, found in members.items() if len(found) == len(values))
        if members:
            shape["properties"] = {name: shape_of(members[name]) for name in sorted(members)}
        if always:
            shape["required"] = always
    elif kind == "array":
        items = [item for value in values for item in value]
        if items:
            shape["items"] = shape_of(items)
        if all(values):
            shape["minItems"] = 1
    return shape


def _type(value: Any) -> str:
    """The JSON type; integers are numbers: 12 ms today may be 12.5 ms tomorrow."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
