"""Places in results and in their schemas, by the steps of a JSON pointer: what is there, and what has to be."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from formats.schema_parts import items_of

_INDEX = re.compile(r"0|[1-9][0-9]{0,3}")
_MOST_REFERENCES = 16


def steps_of(pointer: str) -> tuple[str, ...]:
    """The names and numbers in `pointer`."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def put_at(value: Any, steps: Sequence[str], new: Any) -> Any:
    """A copy of `value` with `new` at `steps`; what leads there is made where it is missing."""
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if _INDEX.fullmatch(step) and not isinstance(value, dict):
        at, items = int(step), list(value) if isinstance(value, list) else []
        items += [items[-1] if items else {}] * (at + 1 - len(items))
        items[at] = put_at(items[at], rest, new)
        return items
    members = value if isinstance(value, dict) else {}
    return {**members, step: put_at(members.get(step), rest, new)}


def schema_at(root: Mapping[str, Any], schema: Any, steps: Sequence[str]) -> Any:
    """What `schema`, a part of `root`, says of what is at `steps` in a value; as little as {} when it says nothing."""
    for step in steps:
        schema = _below(root, _resolved(root, schema), step)
    return schema


def _below(root: Mapping[str, Any], schema: Any, step: str) -> Any:
    if not isinstance(schema, Mapping):
        return {}
    properties, first = schema.get("properties"), schema.get("prefixItems")
    if isinstance(properties, Mapping) and step in properties:
        return properties[step]
    if _INDEX.fullmatch(step) and isinstance(first, list) and int(step) < len(first):
        return first[int(step)]
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), Mapping) and (keyword != "items" or _INDEX.fullmatch(step)):
            return schema[keyword]
    branches = [part for each in ("allOf", "anyOf", "oneOf") for part in items_of(schema, each)]
    below = (_below(root, _resolved(root, part), step) for part in branches)
    return next((found for found in below if found != {}), {})


def _resolved(root: Mapping[str, Any], schema: Any) -> Any:
    for _ in range(_MOST_REFERENCES):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            return schema
        schema = root
        for step in steps_of(reference[1:]):
            schema = schema.get(step, {}) if isinstance(schema, Mapping) else {}
    return {}


def moved(schema: Any, to: str) -> Any:
    """`schema` as it has to be written as the part `to` of another one: its references begin there."""
    if isinstance(schema, Mapping):
        return {
            name: to + value[1:] if name == "$ref" and _is_local(value) else moved(value, to)
            for name, value in schema.items()
        }
    return [moved(each, to) for each in schema] if isinstance(schema, list) else schema


def _is_local(reference: Any) -> bool:
    return isinstance(reference, str) and reference.startswith("#")
