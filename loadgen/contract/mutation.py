"""Arguments made wrong on purpose, one thing at a time, each proven to break the inputSchema."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from .values import shown

_MOST = 24
"""Mutations of one set of arguments."""
_UNKNOWN = "no_such_argument"
_OTHER_TYPES: tuple[Any, ...] = ("a text", 1.5, True, None, ["a list"], {"an": "object"})
_LONGEST_TEXT = 10_000
_COMBINATIONS = ("anyOf", "oneOf", "allOf")


class Mutation(NamedTuple):
    """What was done to which arguments; `is_lax`: a value of another type that a lax server takes for the right one."""

    what: str
    arguments: Mapping[str, Any]
    is_lax: bool = False


def mutations(
    schema: Mapping[str, Any], valid: Mapping[str, Any], fits: Callable[[Mapping[str, Any]], bool]
) -> list[Mutation]:
    """As many as `_MOST` wrong sets of arguments, which `fits` denies, made from the `valid` one; of each kind some."""
    kinds: tuple[Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[Mutation]], ...] = (
        _missing,
        _of_other_type,
        _as_text,
        _unknown,
        _out_of_bounds,
        _outside_of_enum,
    )
    found: list[Mutation] = []
    for mutation in chain.from_iterable(zip_longest(*(kind(schema, valid) for kind in kinds))):
        if mutation is not None and not fits(mutation.arguments):
            found.append(mutation)
        if len(found) == _MOST:
            break
    return found


def _missing(schema: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Mutation]:
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        yield Mutation(f"without {name}", {key: value for key, value in valid.items() if key != name})


def _unknown(_: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Mutation]:
    yield Mutation(f"with {_UNKNOWN}", {**valid, _UNKNOWN: 1})


def _of_other_type(schema: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Mutation]:
    """Round after round another type for each argument, so that few mutations still concern all of them."""
    names = list(dict.fromkeys([*valid, *_properties(schema)]))
    for turn in range(len(_OTHER_TYPES)):
        for at, name in enumerate(names):
            value = _OTHER_TYPES[(at + turn) % len(_OTHER_TYPES)]
            is_lax = value is True and isinstance(valid.get(name), (int, float))
            yield Mutation(f"{name} = {shown(value)}", {**valid, name: value}, is_lax)


def _as_text(_: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Mutation]:
    """What a lax server takes for what was meant: "1" for 1, "true" for true."""
    for name, value in valid.items():
        if isinstance(value, (int, float)):
            text = str(value).lower()
            yield Mutation(f"{name} = {shown(text)}", {**valid, name: text}, is_lax=True)


def _out_of_bounds(schema: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Mutation]:
    for name, property_schema in _properties(schema).items():
        for part in _parts(property_schema):
            for what, value in _beyond(part):
                yield Mutation(f"{name} {what}", {**valid, name: value})


def _beyond(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        bound = schema.get(key)
        if isinstance(bound, (int, float)) and not isinstance(bound, bool):
            yield f"= {bound + step}, beyond {key}", bound + step
    for key, more in (("minLength", -1), ("maxLength", 1)):
        length = schema.get(key)
        if isinstance(length, int) and 0 <= length + more <= _LONGEST_TEXT:
            yield f"of {length + more} characters, beyond {key}", "x" * (length + more)
    if isinstance(schema.get("minItems"), int) and schema["minItems"] > 0:
        yield "= [], beyond minItems", []


def _outside_of_enum(schema: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Mutation]:
    for name, property_schema in _properties(schema).items():
        for part in _parts(property_schema):
            if isinstance(part.get("enum"), list) or "const" in part:
                yield Mutation(f"{name} = {shown('none of these')}", {**valid, name: "none of these"})


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema and the parts that it is combined of, one level down."""
    if isinstance(schema, Mapping):
        yield schema
        for key in _COMBINATIONS:
            branches = schema.get(key)
            yield from (part for part in (branches if isinstance(branches, list) else ()) if isinstance(part, Mapping))
