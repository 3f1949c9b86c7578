"""JSON Schemas, others near them, and values that fit them or nearly do: what a comparison of schemas is tried on."""

import copy
from collections.abc import Callable, Sequence
from random import Random
from re import search
from typing import Any

from hypothesis import strategies as st

Schema = Any
Strategy = st.SearchStrategy[Any]
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
NAMES = ["a", "b", "ab", "c"]
PATTERNS = ["^a", "^ab", "b$", "^[a-z]{2}$", "", "a|b"]
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
WORDS = ["", "a", "b", "ab", "ba", "abc", "é", "2026-01-31", "a@example.com", "192.0.2.1"]
PLAIN = [None, True, False, 0, 1, -1, 2, 3, 5, 1.0, 0.5, 1.5, *WORDS]
SCALARS = st.sampled_from(PLAIN)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "x"]), SCALARS, max_size=3)
NUMBERS = st.sampled_from([0, 1, 2, 3, -1, 0.5, 1.5, 5, 10])
COUNTS = st.integers(0, 3)


def schemas(depth: int, refs: tuple[str, ...] = ()) -> Strategy:
    """Schemas of at most `depth` levels, of up to four keywords each; some refer to one of `refs`."""
    kinds = [st.just(True), st.just(False)]
    kinds += [st.sampled_from([{"$ref": name} for name in refs])] if refs else []
    keywords = st.lists(st.sampled_from(LEAVES if depth <= 0 else INNER), min_size=1, max_size=4, unique=True)
    mappings = keywords.flatmap(
        lambda names: st.fixed_dictionaries({name: KEYWORDS[name](depth - 1, refs) for name in names})
    )
    return st.integers(0, 9).flatmap(lambda n: st.one_of(kinds) if n == 0 else mappings)


def _several(depth: int, refs: tuple[str, ...]) -> Strategy:
    return st.lists(schemas(depth, refs), min_size=1, max_size=3)


def _mapping(names: list[str]) -> Callable[[int, tuple[str, ...]], Strategy]:
    return lambda depth, refs: st.dictionaries(st.sampled_from(names), schemas(depth, refs), min_size=1, max_size=3)


def _plain(strategy: Strategy) -> Callable[[int, tuple[str, ...]], Strategy]:
    return lambda _, __: strategy


KEYWORDS: dict[str, Callable[[int, tuple[str, ...]], Strategy]] = {
    "type": _plain(st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True)),
    "enum": _plain(st.lists(VALUES, min_size=1, max_size=3)),
    "const": _plain(VALUES),
    "multipleOf": _plain(st.sampled_from([1, 2, 3, 4, 0.5, 0.1, 1.5])),
    "pattern": _plain(st.sampled_from(PATTERNS)),
    "format": _plain(st.sampled_from(["date", "email", "uuid", "ipv4", "unheard-of"])),
    "uniqueItems": _plain(st.booleans()),
    "required": _plain(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)),
    "dependentRequired": _plain(
        st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=1), min_size=1, max_size=1)
    ),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _plain(NUMBERS)),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"), _plain(COUNTS)),
    **dict.fromkeys(("minProperties", "maxProperties"), _plain(COUNTS)),
    **dict.fromkeys(("properties", "dependentSchemas"), _mapping(NAMES)),
    "patternProperties": _mapping(PATTERNS),
    **dict.fromkeys(
        ("additionalProperties", "items", "propertyNames", "contains", "not", "if", "then", "else"), schemas
    ),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), schemas),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _several),
    "nullable": _plain(st.booleans()),
}
LEAVES = ["enum", "const", "minimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"]
LEAVES += ["format", "required", "minItems", "maxItems", *["type"] * 5]
INNER = [*KEYWORDS, *["type", "properties"] * 5, *["required", "anyOf", "additionalProperties", "items"] * 2]
_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
_RAW = ("enum", "const", "dependentRequired", "required", "type")


def parts(schema: Schema) -> list[dict[str, Any]]:
    """All mappings of keywords in `schema`, itself first."""
    if not isinstance(schema, dict):
        return []
    found = [schema]
    for keyword, value in schema.items():
        inner = value.values() if keyword in _MAPS else value if isinstance(value, list) else [value]
        found += [part for each in (() if keyword in _RAW else inner) for part in parts(each)]
    return found


@st.composite
def pairs(draw: st.DrawFn, most_changes: int = 3) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two schemas, the second made of the first by at least one change, which may change nothing."""
    refs = draw(st.sampled_from([(), (), ("#/$defs/a",), ("#/$defs/a", "#/$defs/b")]))
    old = draw(schemas(2, refs).filter(lambda schema: isinstance(schema, dict)))
    if refs:
        old = {**old, "$defs": {name[-1]: draw(schemas(1, refs)) for name in refs}}
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(1, most_changes))):
        _change(draw, new, refs)
    for schema in draw(st.sampled_from([[], [], [], [old, new], [old], [new]])):
        schema["$schema"] = DRAFT_07
    return old, new


def _change(draw: st.DrawFn, schema: dict[str, Any], refs: tuple[str, ...]) -> None:
    """Drop, add or redraw a keyword somewhere, take something out of its value, or put a schema into a combination."""
    part = draw(st.sampled_from(parts(schema)))
    mine = [keyword for keyword in part if keyword in KEYWORDS]
    ways = ["add", "combine"] + (["drop", "redraw", "less", "more"] if mine else [])
    way = draw(st.sampled_from(ways))
    keyword = draw(st.sampled_from(mine)) if mine and way not in ("add", "combine") else draw(st.sampled_from(INNER))
    value = part.get(keyword)
    if way == "drop":
        del part[keyword]
    elif way == "combine":
        inner = {key: part.pop(key) for key in mine}
        part[draw(st.sampled_from(["anyOf", "allOf", "oneOf"]))] = [
            inner,
            *draw(st.lists(schemas(0, refs), max_size=1)),
        ]
    elif way == "less" and isinstance(value, (list, dict)) and len(value) > 1:
        del value[draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))]
    elif way == "more" and isinstance(value, list):
        more = draw(KEYWORDS[keyword](0, refs))
        value += [each for each in (more if isinstance(more, list) else [more]) if each not in value]
    elif way == "more" and isinstance(value, (int, float)) and not isinstance(value, bool):
        part[keyword] = max(value + draw(st.sampled_from([1, -1])), 0 if isinstance(value, int) else 0.5)
    else:
        part[keyword] = draw(KEYWORDS[keyword](0, refs))


def values_near(chance: Random, schemas_of: Sequence[Schema], count: int) -> list[Any]:
    """Values that are meant to fit one of the schemas; every other one is bent a little."""
    return [_one_near(chance, chance.choice(schemas_of)) for _ in range(count)]


def _one_near(chance: Random, schema: Schema) -> Any:
    value = _Fitting(chance, schema).value(schema, 3)
    return _bent(chance, value) if chance.random() < 0.5 else value


class _Fitting:
    """One walk through a schema; what it makes often fits, and often does not."""

    def __init__(self, chance: Random, root: Schema) -> None:
        self._chance = chance
        self._root = root

    def value(self, schema: Schema, depth: int) -> Any:
        if not isinstance(schema, dict) or depth < 0:
            return _any_value(self._chance)
        if "$ref" in schema:
            return self.value(self._root.get("$defs", {}).get(schema["$ref"][-1], True), depth - 1)
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema and self._chance.random() < 0.6:
                branch = self._chance.choice(schema[key])
                rest = {name: value for name, value in schema.items() if name != key}
                return self.value({**rest, **branch} if isinstance(branch, dict) else branch, depth)
        if "const" in schema or "enum" in schema:
            return copy.deepcopy(self._chance.choice([schema["const"]] if "const" in schema else schema["enum"]))
        named = schema.get("type") or _hints(schema)
        return self._of_type(self._chance.choice(named) if isinstance(named, list) else named, schema, depth)

    def _of_type(self, kind: str, schema: Schema, depth: int) -> Any:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind in ("integer", "number"):
            bounds = [value for key, value in schema.items() if "imum" in key or key == "multipleOf"] or [0]
            near = self._chance.choice(bounds) + self._chance.choice([0, 0, 1, -1, 2, 3, 0.5, 0.1])
            return int(near) if kind == "integer" else near
        others: dict[str, list[Any]] = {"null": [None], "boolean": [True, False]}
        return self._chance.choice(others.get(kind, WORDS))

    def _array(self, schema: Schema, depth: int) -> list[Any]:
        first = schema.get("prefixItems", [])
        about = [schema.get("minItems", 0), schema.get("maxItems", 2), len(first)]
        count = min(4, max(0, self._chance.choice(about) + self._chance.choice([-1, 0, 0, 1])))
        rest = schema.get("items", schema.get("contains", True))
        return [self.value(place, depth - 1) for place in [*first, *[rest] * count][:count]]

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        wanted = [name for name in [*properties, *NAMES, "x"] if self._chance.random() < 0.3]
        made: dict[str, Any] = {}
        for name in dict.fromkeys([*schema.get("required", ()), *wanted]):
            patterns = [each for pattern, each in schema.get("patternProperties", {}).items() if search(pattern, name)]
            fallback = patterns[0] if patterns else schema.get("additionalProperties", True)
            made[name] = self.value(properties.get(name, fallback), depth - 1)
        return made


def _hints(schema: Schema) -> list[str]:
    """Types that the keywords of a schema without one are about."""
    words = {"ropert": "object", "required": "object", "tems": "array", "ontains": "array", "imum": "number"}
    words |= {"Length": "string", "pattern": "string", "format": "string", "multiple": "number"}
    return [kind for part, kind in words.items() if any(part in key for key in schema)] or TYPES


def _any_value(chance: Random) -> Any:
    some = [chance.choice(PLAIN) for _ in range(chance.randrange(4))]
    return chance.choice([some, {chance.choice([*NAMES, "x"]): each for each in some}, *PLAIN])


def _bent(chance: Random, value: Any) -> Any:
    if isinstance(value, (dict, list)) and value:
        key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        bent = copy.copy(value)
        if chance.random() < 0.4:
            del bent[key]
        else:
            bent[key] = _bent(chance, value[key])
        return bent
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value + chance.choice([1, -1, 0.5, 0.1])
    return value + "a" if isinstance(value, str) and chance.random() < 0.5 else _any_value(chance)
