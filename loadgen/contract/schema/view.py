"""One level of a schema with everything that is said of it in one place, as far as that changes nothing.

References are followed, `allOf` is joined, alternatives of different types become one schema with a list of types: so
a nullable string is the same however it was written. What cannot be joined stays in `allOf`, `anyOf` and `oneOf`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..difference import same
from .document import Document, Schema
from .keywords import KIND_OF, NOT_UNDERSTOOD, UNEVALUATED, UNIONS, group_of

TYPES = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
"""Of values; a fraction is a number that is no integer."""
_NULL = {"type": ["null"]}
_FINITE: Mapping[str, list[Any]] = {"null": [None], "boolean": [False, True]}


def view(schema: Schema, document: Document, seen: frozenset[str] = frozenset()) -> Schema:
    """What `schema` says, to be looked at: equivalent to it, without `$ref` at the top."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in seen:  # it refers to nothing but itself
            return {f"{NOT_UNDERSTOOD}$ref": schema["$ref"]}
        return view(document.definitions[name], document, seen | {name})
    parts: list[Schema] = [{key: value for key, value in schema.items() if key != "allOf"}]
    parts += [view(each, document, seen) for each in schema.get("allOf", ())]
    made = _joined(parts)
    for key in UNIONS:
        if isinstance(made, dict) and key in made:
            united = _united([view(each, document, seen) for each in made[key]])
            if united is not None:
                made = _joined([{name: value for name, value in made.items() if name != key}, united])
    return _relevant(made)


def without_null(schema: Schema, document: Document) -> Schema | None:
    """The schema that `schema` accepts null besides, if that is all that it says."""
    if not isinstance(schema, dict) or len(schema) != 1:
        return None
    for key in UNIONS:
        others = [each for each in schema.get(key, ()) if each != _NULL]
        if len(others) == 1 and len(schema[key]) == len(others) + 1:
            inner: Schema = others[0]
            return inner if "null" not in types_of(view(inner, document)) else None
    return None


def types_of(shown: Schema) -> frozenset[str]:
    """The types (`TYPES`) of the values that a view accepts at most."""
    if not isinstance(shown, dict):
        return TYPES if shown else frozenset()
    if "enum" in shown:
        return frozenset(_type_of(value) for value in shown["enum"])
    if "type" not in shown:
        return TYPES
    return frozenset(each for name in shown["type"] for each in _split(name))


def upper_types(shown: Mapping[str, Any], document: Document) -> frozenset[str]:
    """As `types_of`, also of a view whose types its alternatives say."""
    types = types_of(dict(shown))
    for key in UNIONS:
        if key in shown:
            types &= frozenset().union(*(types_of(view(each, document)) for each in shown[key]))
    return types


def _split(name: str) -> tuple[str, ...]:
    return ("integer", "fraction") if name == "number" else (name,)


def _type_of(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "fraction"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "null" if value is None else "object"


def _named(types: Iterable[str]) -> list[str]:
    """Types as a schema names them: those of all numbers are `number`."""
    left = set(types)
    if "fraction" in left:
        left = left - {"integer", "fraction"} | {"number"}
    return sorted(left)


def _joined(parts: Iterable[Schema]) -> Schema:
    """One schema for what fits all `parts`; parts that say something of the same thing stay apart."""
    made: dict[str, Any] = {}
    apart: list[Schema] = []
    for number, part in enumerate(parts):
        if not isinstance(part, dict):
            if not part:
                return False
            continue
        own = {key: value for key, value in part.items() if key != "allOf"}
        further = part.get("allOf", [])
        if number and UNEVALUATED & own.keys():  # it looks at what stands beside it, and must not see more
            apart.append(part)
            continue
        joined = _join(made, own)
        if joined is None:
            apart.append(own)
        else:
            made = joined
        apart += further
    return {**made, "allOf": apart} if apart else made


def _join(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """Both in one mapping, or None where that would change what they say."""
    made = {**one, **other}
    for keyword in one.keys() | other.keys():
        mine, others = ({key: each[key] for key in group_of(keyword) if key in each} for each in (one, other))
        if not mine or not others or same(mine, others):
            continue
        if keyword == "type":
            made["type"] = _named(types_of({"type": one["type"]}) & types_of({"type": other["type"]}))
        elif keyword == "required":
            made["required"] = sorted({*one["required"], *other["required"]})
        elif keyword == "properties" and mine.keys() == others.keys() == {"properties"}:
            names = one["properties"].keys() & other["properties"].keys()
            if any(not same(one["properties"][name], other["properties"][name]) for name in names):
                return None
            made["properties"] = {**one["properties"], **other["properties"]}
        else:
            return None
    return made


def _united(branches: list[Schema]) -> Schema | None:
    """One schema for what fits any of `branches`, if their types differ and all that they say is about their types."""
    known = [branch for branch in branches if isinstance(branch, dict)]
    if len(known) < len(branches):
        return None
    if any("enum" in branch for branch in known):
        listed = [_as_enum(branch) for branch in known]
        if None in listed:
            return None
        values = [value for branch in listed if branch is not None for value in branch]
        return {"enum": values} if len({json.dumps(each, sort_keys=True) for each in values}) == len(values) else None
    seen: set[str] = set()
    made: dict[str, Any] = {}
    for branch in known:
        types = types_of(branch)
        if "type" not in branch or types & seen or any(key not in KIND_OF for key in branch if key != "type"):
            return None
        seen |= types
        made |= branch
    return {**made, "type": _named(seen)}


def _as_enum(branch: Mapping[str, Any]) -> list[Any] | None:
    """The values that fit `branch`, if they are few and nothing else is said."""
    if branch.keys() == {"enum"}:
        values: list[Any] = branch["enum"]
        return values
    if branch.keys() == {"type"} and all(name in _FINITE for name in branch["type"]):
        return [value for name in branch["type"] for value in _FINITE[name]]
    return None


def _relevant(made: Schema) -> Schema:
    """`made` without what is about values that it does not accept anyway."""
    if not isinstance(made, dict) or ("type" not in made and "enum" not in made):
        return made
    if "enum" in made and "type" in made:
        types = types_of({"type": made["type"]})
        kept = [value for value in made["enum"] if _type_of(value) in types]
        made = {**{key: value for key, value in made.items() if key != "type"}, "enum": kept}
    if "enum" in made and not made["enum"]:
        return False
    if "type" in made and not made["type"]:
        return False
    types = types_of(made)
    numbers = types & {"integer", "fraction"}
    about = types | ({"number"} if numbers else set())
    return {key: value for key, value in made.items() if KIND_OF.get(key, "") in about or key not in KIND_OF}
