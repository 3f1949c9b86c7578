"""Which keys a document may have at which place, by the JSON Schema of its format."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from .nearest import did_you_mean

Location = tuple[int | str, ...]
"""The way to a value: keys of mappings and numbers in lists."""
_Schema = Mapping[str, Any]
_NOTHING = '""'
_VERY_NEAR = 0.8
_UNIONS = ("anyOf", "oneOf", "allOf")


def spelled(location: Location) -> str:
    """The way as a person writes it: `payments[2].amount`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step or _NOTHING}" for step in location)
    return "".join(steps).removeprefix(".")


class KnownKeys:
    """The keys of one format.

    Args:
        schema: of a whole document.
        homes: where keys belong that the schema does not have, by key: the key of the mapping around them.
    """

    def __init__(self, schema: _Schema, homes: Mapping[str, str] | None = None) -> None:
        self._schema = schema
        self._own_homes = homes or {}

    @classmethod
    def of(cls, adapter: TypeAdapter[Any], homes: Mapping[str, str] | None = None) -> "KnownKeys":
        """Those of what `adapter` reads; none where it has no schema."""
        try:
            return cls(adapter.json_schema(), homes)
        except PydanticUserError:
            return cls({}, homes)

    def hint(self, location: Location, document: object) -> str:
        """What may have been meant by the key at the end of `location`, which has no place there; or nothing.

        Args:
            location: as pydantic gives it, with the names of a union's members.
            document: in which it stands.
        """
        key = str(location[-1])
        free, taken = map(sorted, self.at(location[:-1], document))
        homes = self._homes.get(key, ())
        if homes:  # a word of the format, so that it looks a little like another is chance
            elsewhere = f" (it belongs {homes[0]})" if len(homes) == 1 else ""
            return did_you_mean(key, free, _VERY_NEAR) or did_you_mean(key, taken, _VERY_NEAR) or elsewhere
        return did_you_mean(key, free) or did_you_mean(key, taken)

    def at(self, location: Location, document: object) -> tuple[set[str], set[str]]:
        """The keys that the mapping at `location` may have besides those that it has, and those of them that it has."""
        node = document
        schemas = list(self._open(self._schema, node))
        outer: set[str] = set()
        for step in location:
            found = [child for schema in schemas for child in _children(schema, step)]
            inner = inside(node, step)
            if inner is not None:
                _, node = inner
                outer = set()
            elif found:  # the format takes the mapping apart: keys of both belong there
                outer |= _names(schemas) - {str(step)}
            if found or inner is not None:
                schemas = [opened for child in found for opened in self._open(child, node)]
        names = outer | _names(schemas)
        taken = {name for name in names if isinstance(node, dict) and name in node}
        return names - taken, taken

    def _open(self, schema: Any, node: object) -> Iterator[_Schema]:
        """The members of a union that `node` can be meant as, all of them when none is nearer than the others."""
        members = [*self._members(schema, ())]
        given = node if isinstance(node, dict) else {}
        right = [member for member in members if _has_constants_of(member, given)]
        whole = [member for member in right if given and all(name in given for name in member.get("required", ()))]
        yield from [member for member in whole if "properties" in member] or right or members

    def _members(self, schema: Any, seen: tuple[str, ...]) -> Iterator[_Schema]:
        if not isinstance(schema, Mapping):
            return
        name = schema.get("$ref")
        if isinstance(name, str) and name not in seen:
            yield from self._members(self._definition(name), (*seen, name))
        for union in _UNIONS:
            for member in schema.get(union, ()):
                yield from self._members(member, seen)
        if "properties" in schema or not any(key in schema for key in ("$ref", *_UNIONS)):
            yield schema

    def _definition(self, name: str) -> Any:
        return self._schema.get("$defs", {}).get(name.removeprefix("#/$defs/"))

    @cached_property
    def _homes(self) -> dict[str, list[str]]:
        """By key: the places where it belongs, as ends of sentences."""
        found: dict[str, list[str]] = {}
        for key, home in (*self._places(self._schema, ""), *self._own_homes.items()):
            place = f"under {home}" if home else "at the top"
            if place not in found.setdefault(key, []):
                found[key].append(place)
        return found

    def _places(self, schema: Any, home: str, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
        """Every key with that of the mapping around it."""
        if not isinstance(schema, Mapping):
            return
        name = schema.get("$ref")
        if isinstance(name, str) and name not in seen:
            yield from self._places(self._definition(name), home, seen | {name})
        for key, child in schema.get("properties", {}).items():
            yield key, home
            yield from self._places(child, key, seen)
        for child in (*_inner(schema), *(member for union in _UNIONS for member in schema.get(union, ()))):
            yield from self._places(child, home, seen)


def inside(node: object, step: int | str) -> tuple[int | str, Any] | None:
    """What stands in `node` at `step`, with its key as it was written; None: nothing."""
    if isinstance(node, dict):
        if isinstance(step, str) and step in node:
            return step, node[step]
        return next(((str(key), value) for key, value in node.items() if key == step or str(key) == step), None)
    if isinstance(node, Sequence) and not isinstance(node, str) and isinstance(step, int) and step < len(node):
        return step, node[step]
    return None


def _children(schema: _Schema, step: int | str) -> Iterator[Any]:
    properties = schema.get("properties", {})
    if isinstance(step, str) and step in properties:
        yield properties[step]
    else:
        yield from _inner(schema)


def _inner(schema: _Schema) -> Iterable[Any]:
    """The schemas of what a list, or a mapping with any keys, holds."""
    others = (schema.get(key) for key in ("items", "additionalProperties"))
    return (*schema.get("prefixItems", ()), *(each for each in others if isinstance(each, Mapping)))


def _names(schemas: Iterable[_Schema]) -> set[str]:
    return {name for schema in schemas for name in schema.get("properties", {})}


def _has_constants_of(schema: _Schema, node: Mapping[Any, Any]) -> bool:
    """Whether what tells the members of a union from one another is as this one has it, or not given."""
    constants = {name: each["const"] for name, each in schema.get("properties", {}).items() if "const" in each}
    return all(node.get(name, constant) == constant for name, constant in constants.items())
