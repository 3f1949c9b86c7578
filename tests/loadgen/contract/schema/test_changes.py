"""One line for each kind of change of a schema, with what it means for arguments (input) and for results (output).

A row that breaks has a value that shows it: one that was fine and is refused.
"""

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from jsonschema_rs import validator_for

from loadgen.contract.change import KINDS
from loadgen.contract.schema_diff import diff_schemas

Schema = dict[str, Any]


@dataclass(frozen=True)
class B:
    """Breaking; with the value that was fine and is refused, unless it breaks although all values are fine."""

    value: Any = ...


U, R, C, SAME = "unknown", "review", "compatible", "no change"
Row = tuple[str, Schema, Schema, str | B, str | B]
"""What changes, before, after, what that is for arguments, and for results."""

S, Z, N, T = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": ["string", "null"]}
NULL, X, Y, NODE = {"type": "null"}, {"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}, {"$ref": "#/$defs/node"}
DYNAMIC = {"$dynamicRef": "#/$defs/x"}
D7 = {"$schema": "http://json-schema.org/draft-07/schema#"}


def some(required: str = "", **properties: Any) -> Schema:
    """An object that may have other properties, too."""
    return {"type": "object", "properties": properties} | ({"required": required.split()} if required else {})


def only(required: str = "", **properties: Any) -> Schema:
    """An object that has no other properties."""
    return some(required, **properties) | {"additionalProperties": False}


def items(schema: Any, **more: Any) -> Schema:
    return {"type": "array", "items": schema, **more}


def first(*schemas: Any, **more: Any) -> Schema:
    return {"type": "array", "prefixItems": list(schemas), **more}


def any_of(*schemas: Any) -> Schema:
    return {"anyOf": list(schemas)}


def one_of(*schemas: Any) -> Schema:
    return {"oneOf": list(schemas)}


def defs(schema: Schema, **definitions: Any) -> Schema:
    return {**schema, "$defs": definitions}


def at(reference: str, schema: Schema, keyword: str = "") -> Schema:
    """A document called `urn:d` that refers to `schema`, which is called `n` by that keyword."""
    return {"$id": "urn:d"} | defs(some(a={"$ref": reference}), x=schema | ({keyword: "n"} if keyword else {}))


def named(patterns: Schema) -> Schema:
    return {"patternProperties": patterns}


def values(schema: Any, **properties: Any) -> Schema:
    """An object of such values, some of them by name."""
    return {"additionalProperties": schema} | ({"properties": properties} if properties else {})


def kind(name: str, **more: Any) -> Schema:
    return some("k", k={"const": name}, **more)


def tree(value: Any) -> Schema:
    return defs(some(root=NODE), node=some("v", v=value, next=any_of(NODE, NULL)))


IF = {"if": some("a", a={"const": 1}), "then": {"required": ["b"]}}
K = kind("b")
FROM_0 = {"minimum": 0}
CLOSED = {"unevaluatedProperties": False}

NUMBERS: list[Row] = [
    ("a minimum", Z, Z | {"minimum": 0}, B(-1), C),
    ("a maximum", N, N | {"maximum": 9}, B(10), C),
    ("a higher minimum", Z | {"minimum": 0}, Z | {"minimum": 1}, B(0), C),
    ("a lower minimum", Z | {"minimum": 1}, Z | {"minimum": 0}, C, B(0)),
    ("a lower maximum", {"maximum": 10}, {"maximum": 5}, B(7), C),
    ("no maximum any more", {"maximum": 10}, {}, C, B(11)),
    ("a bound that is excluded now", {"maximum": 5}, {"exclusiveMaximum": 5}, B(5), C),
    ("a bound of integers said in another way", Z | {"minimum": 1}, Z | {"exclusiveMinimum": 0}, C, C),
    ("the same bound as a fraction", {"maximum": 10}, {"maximum": 10.0}, SAME, SAME),
    ("a step", Z, Z | {"multipleOf": 5}, B(1), C),
    ("a finer step", {"multipleOf": 4}, {"multipleOf": 2}, C, B(2)),
    ("a step that does not divide the old one", {"multipleOf": 4}, {"multipleOf": 3}, B(4), B(3)),
    ("integers where there were numbers", N, Z, B(0.5), C),
    ("numbers where there were integers", Z, N, C, B(0.5)),
    ("integers said as a step", Z, N | {"multipleOf": 1}, C, C),
]
STRINGS: list[Row] = [
    ("a longest text", S, S | {"maxLength": 5}, B("abcdef"), C),
    ("a shorter longest text", S | {"maxLength": 9}, S | {"maxLength": 5}, B("abcdef"), C),
    ("a shortest text", S, S | {"minLength": 1}, B(""), C),
    ("no shortest text any more", S | {"minLength": 1}, S, C, B("")),
    ("a pattern", S, S | {"pattern": "^a"}, B("b"), C),
    ("no pattern any more", S | {"pattern": "^a"}, S, C, B("b")),
    ("another pattern", {"pattern": "^[0-9]{4}$"}, {"pattern": "^[0-9]{4,5}$"}, U, U),
    ("another pattern, plainly", {"pattern": "^a"}, {"pattern": "^b"}, B("a"), B("b")),
    ("a pattern in place of a length", S | {"maxLength": 3}, S | {"pattern": "^.?.?.?$"}, U, U),
    ("a length beside a pattern", S | {"pattern": "^[a-z]{3}$"}, S | {"pattern": "^[a-z]{3}$", "maxLength": 3}, U, C),
    ("a format", S, S | {"format": "date"}, B("x"), C),
    ("another format", S | {"format": "date"}, S | {"format": "date-time"}, B("2026-01-01"), B("2026-01-01T00:00:00Z")),
    ("no format any more", S | {"format": "date"}, S, C, B("x")),
    ("a format that nobody knows", S, S | {"format": "money"}, U, C),
    ("a format of 2020-12 in draft-07", D7 | S, D7 | S | {"format": "uuid"}, U, C),
]
TYPES: list[Row] = [
    ("null as well", S, T, C, B(None)),
    ("null as an alternative", S, any_of(S, NULL), C, B(None)),
    ("null no longer", T, S, B(None), C),
    ("null in a list and as an alternative", T, any_of(S, NULL), SAME, SAME),
    ("null as one of two", T, one_of(S, NULL), SAME, SAME),
    ("null with a limit on the text", T, any_of(S | {"maxLength": 3}, NULL), B("abcd"), C),
    ("nullable", S | {"nullable": True}, S, B(), C),
    ("nullable now", S, S | {"nullable": True}, C, B()),
    ("a type where there was none", {}, S, B(1), C),
    ("no type any more", S, {}, C, B(1)),
    ("another type", S, Z, B("a"), B(1)),
    ("a further type", {"type": ["string", "integer"]}, {"type": ["string", "integer", "boolean"]}, C, B(True)),
    ("types in another order", {"type": ["string", "null"]}, {"type": ["null", "string"]}, SAME, SAME),
    ("nothing any more", some(a=S), some(a=False), B({"a": "x"}), C),
    ("anything", some(a=S), some(a=True), C, B({"a": 1})),
]
VALUES: list[Row] = [
    ("a value more", {"enum": ["a"]}, {"enum": ["a", "b"]}, C, B("b")),
    ("a value less", {"enum": ["a", "b"]}, {"enum": ["a"]}, B("b"), C),
    ("values in another order", {"enum": ["a", "b"]}, {"enum": ["b", "a"]}, SAME, SAME),
    ("a value more and one less", {"enum": ["a", "b"]}, {"enum": ["a", "c"]}, B("b"), B("c")),
    ("values where all texts were fine", S, {"enum": ["a", "b"]}, B("c"), C),
    ("all texts where there were values", {"enum": ["a", "b"]}, S, C, B("c")),
    ("texts where a value is a number", {"enum": ["a", 1]}, S, B(1), B("c")),
    ("one value", S, {"const": "a"}, B("b"), C),
    ("another value", {"const": "a"}, {"const": "b"}, B("a"), B("b")),
    ("one value said as a list", {"const": "a"}, {"enum": ["a"]}, SAME, SAME),
    ("true is not 1", {"const": 1}, {"const": True}, B(1), B(True)),
    ("1.0 is 1", {"const": 1}, {"const": 1.0}, SAME, SAME),
    ("values as alternatives", {"enum": ["a", "b"]}, any_of({"const": "a"}, {"const": "b"}), SAME, SAME),
    ("a type beside values that all have it", {"enum": ["a"]}, {"enum": ["a"], "type": "string"}, SAME, SAME),
]
OBJECTS: list[Row] = [
    ("required now", some(a=S), some("a", a=S), B({}), C),
    ("optional now", some("a", a=S), some(a=S), C, B({})),
    ("new and required", some(a=S), some("b", a=S, b=S), B({}), C),
    ("new and optional, open", some(a=S), some(a=S, b=S), R, C),
    ("new and optional, closed", only(a=S), only(a=S, b=S), C, B({"b": "x"})),
    ("new, and anything goes, open", some(a=S), some(a=S, b={}), C, C),
    ("gone, open", some(a=S, b=S), some(a=S), R, B({"b": 1})),
    ("gone, closed", only(a=S, b=S), only(a=S), B({"b": "x"}), B()),
    ("gone and was required", only("b", a=S, b=S), only(a=S), B({"b": "x"}), B({})),
    ("renamed", only(a=S), only(b=S), B({"a": "x"}), B({"b": "x"})),
    ("another type of a property", some(a=S), some(a=Z), B({"a": "x"}), B({"a": 1})),
    ("a narrower property, deep down", some(a=some(b=Z)), some(a=some(b=Z | {"maximum": 5})), B({"a": {"b": 6}}), C),
    ("closed now", some(a=S), only(a=S), B({"x": 1}), C),
    ("open now", only(a=S), some(a=S), C, B({"x": 1})),
    ("closed said as false, open as true", some(a=S), some(a=S) | {"additionalProperties": True}, SAME, SAME),
    ("other properties of one type", some(a=S), some(a=S) | values(S), B({"x": 1}), C),
    ("a map of something wider", values(Z), values(N), C, B({"x": 0.5})),
    ("a name in a map", values(S), values(S, a=S), C, C),
    ("a name in a map, of another type", values(S), values(S, a=Z), B({"a": "x"}), B({"a": 1})),
    ("fewest properties", {}, {"minProperties": 1}, B({}), C),
    ("most properties", {"maxProperties": 2}, {"maxProperties": 1}, B({"a": 1, "b": 1}), C),
    ("names", {"propertyNames": {"enum": ["a", "b"]}}, {"propertyNames": {"enum": ["a"]}}, B({"b": 1}), C),
    ("names by pattern", named({"^x": S}), named({"^x": Z}), B({"x": "a"}), B({"x": 1})),
    ("a further pattern", named({"^x": S}), named({"^x": S, "^y": S}), B({"y": 1}), C),
    ("a property that needs another", some(a=S), some(a=S) | {"dependentRequired": {"a": ["b"]}}, B({"a": "x"}), C),
    ("a property that no longer needs another", {"dependentRequired": {"a": ["b"]}}, {}, C, B({"a": 1})),
    ("a property that needs a schema", {}, {"dependentSchemas": {"a": {"required": ["b"]}}}, B({"a": 1}), C),
    ("dependencies of draft-07", D7, D7 | {"dependencies": {"a": ["b"]}}, B({"a": 1}), C),
    ("required where one value is fine anyway", {"const": {"a": 1}}, {"const": {"a": 1}, "required": ["a"]}, C, C),
]
ARRAYS: list[Row] = [
    ("wider items", items(Z), items(N), C, B([0.5])),
    ("narrower items", items(S), items(S | {"maxLength": 1}), B(["ab"]), C),
    ("items where there were none", {"type": "array"}, items(S), B([1]), C),
    ("no items", items(S), items(False), B(["a"]), C),
    ("fewer items", items(S, maxItems=3), items(S, maxItems=2), B(["a", "b", "c"]), C),
    ("at least one item", items(S), items(S, minItems=1), B([]), C),
    ("items that differ", items(S), items(S, uniqueItems=True), B(["a", "a"]), C),
    ("items that need not differ", items(S, uniqueItems=True), items(S), C, B(["a", "a"])),
    ("a place in a list", first(S), first(S, Z), B(["a", "b"]), C),
    ("a place less", first(S, Z), first(S), C, B(["a", "b"])),
    ("another type at a place", first(S, Z), first(S, S), B(["a", 1]), B(["a", "b"])),
    ("nothing after the places", first(S), first(S, items=False), B(["a", 1]), C),
    ("one that has to be there", {"type": "array"}, {"type": "array", "contains": S}, B([1]), C),
    ("another that has to be there", {"contains": S}, {"contains": Z}, B(["a"]), B([1])),
    ("places of draft-07", D7 | {"items": [S], "additionalItems": False}, first(S, items=False), B(1), R),
]
ALTERNATIVES: list[Row] = [
    ("an alternative more", any_of(S, Z), any_of(S, Z, NULL), C, B(None)),
    ("an alternative less", any_of(S, Z), any_of(S), B(1), C),
    ("no alternative at all", {}, any_of(False, False), B(1), C),
    ("an alternative that nothing fits", any_of(S, Z), any_of(S, Z, False), SAME, SAME),
    ("alternatives that nothing fits, elsewhere", some(a=S), defs(some(a=any_of(X, X)), x=False), B({"a": ""}), C),
    ("alternatives in another order", any_of(S, Z), any_of(Z, S), SAME, SAME),
    ("an alternative that was covered", any_of(N, Z), N, C, C),
    ("a kind more", one_of(kind("a"), kind("b")), one_of(kind("a"), kind("b"), kind("c")), C, B({"k": "c"})),
    ("a kind less", one_of(kind("a"), kind("b")), one_of(kind("a")), B({"k": "b"}), C),
    ("a kind that is narrower", one_of(kind("a", n=N), K), one_of(kind("a", n=Z), K), B({"k": "a", "n": 0.5}), C),
    ("alternatives that overlap now", one_of(S, Z), one_of(S, Z, N), B(1), B(0.5)),
    ("anyOf in place of oneOf", one_of(S, Z), any_of(S, Z), SAME, SAME),
    ("a union where there was one", some(p=kind("a")), some(p=one_of(kind("a"), kind("b"))), C, B({"p": {"k": "b"}})),
    ("an open one that is narrower", any_of(some("a"), some("b")), any_of(some("a c"), some("b")), B({"a": 1}), C),
    ("ranges that do together", Z | FROM_0, any_of(Z | {"minimum": 5}, Z | FROM_0 | {"maximum": 6}), C, C),
    ("joined by allOf", {"allOf": [some(a=S), some("a")]}, some("a", a=S), SAME, SAME),
    ("a part more in allOf", {"allOf": [some(a=S)]}, {"allOf": [some(a=S), {"maxProperties": 0}]}, B({"b": 1}), C),
    ("not", {}, {"not": S}, B("a"), C),
    ("a narrower not", {"not": {"maximum": 5}}, {"not": {"maximum": 3}}, C, B(4)),
    ("if and then", {}, IF, B({"a": 1}), C),
    ("another if", IF, IF | {"if": {"properties": {"a": {"const": 2}}}}, B({"a": 2}), B({"a": 1})),
    ("a bound beside if", IF | {"maxProperties": 3}, IF | {"maxProperties": 4}, C, B({"a": 2, "b": 2, "c": 2, "d": 2})),
]
REFERENCES: list[Row] = [
    ("a definition in place", defs(some(a=X), x=S), some(a=S), SAME, SAME),
    ("a definition that is narrower", defs(some(a=X), x=S), defs(some(a=X), x=Z), B({"a": ""}), B({"a": 1})),
    ("a definition of another name", defs(some(a=X), x=S), defs(some(a=Y), y=S), SAME, SAME),
    ("a definition that nothing uses", some(a=S), defs(some(a=S), x=Z), SAME, SAME),
    ("a reference with a bound beside it", defs(X, x=Z), defs(X | {"maximum": 5}, x=Z), B(6), C),
    ("a bound beside a reference of draft-07", D7 | defs(X, x=Z), D7 | defs(X | {"maximum": 5}, x=Z), SAME, SAME),
    ("a tree of wider values", tree(Z), tree(N), C, B({"root": {"v": 0.5}})),
    ("a tree of narrower values", tree(N), tree(Z), B({"root": {"v": 1, "next": {"v": 0.5}}}), C),
    ("the root itself", some(a={"$ref": "#"}), some(a={"$ref": "#"}, b={}), C, C),
    ("a reference to nowhere", some(a=X), some(a=Y), U, U),
    ("a reference elsewhere", some(a={"$ref": "urn:a"}), some(a={"$ref": "urn:b"}), U, U),
    ("the same reference elsewhere", some(a={"$ref": "urn:a"}), some(a={"$ref": "urn:a"}, b={}), C, C),
    ("what a name in its own document stands for", at("#n", S, "$anchor"), at("#n", Z, "$anchor"), U, U),
    ("what the name of the document leads to", at("urn:d#/$defs/x", S), at("urn:d#/$defs/x", Z), U, U),
    ("what a reference below another name leads to", at("#/$defs/x", S, "$id"), at("#/$defs/x", Z, "$id"), U, U),
    ("what a dynamic reference leads to", defs(some(a=DYNAMIC), x=S), defs(some(a=DYNAMIC), x=Z), U, U),
    ("a dynamic reference", {"$dynamicRef": "#a"}, {"$dynamicRef": "#b"}, U, U),
]
UNDECIDED: list[Row] = [
    ("a keyword that nobody knows", {}, {"strictly": True}, U, U),
    ("no keyword that nobody knows", {"strictly": True}, {}, U, U),
    ("a known change beside it", {"strictly": 1, "maximum": 5}, {"strictly": 1, "maximum": 3}, B(4), C),
    ("unevaluated properties", some(a=S), some(a=S) | CLOSED, B({"x": 1}), C),
    ("a property more that is evaluated", some(a=S) | CLOSED, some(a=S, b=S) | CLOSED, U, B({"b": "x"})),
    ("a property that stays evaluated", some(a=S) | CLOSED, some(a={}) | CLOSED, C, B({"a": 1})),
    ("evaluated by alternatives", any_of(some(a=S), some(b=S)) | CLOSED, some(a=S, b=S) | CLOSED, U, U),
    ("unevaluated items", first(S), first(S, unevaluatedItems=False), B(["a", 1]), C),
    ("encoded content", S, S | {"contentEncoding": "base64"}, R, R),
    ("encoded content of draft-07", D7 | S, D7 | S | {"contentEncoding": "base64"}, U, U),
    ("another draft", D7 | S, S, R, R),
    ("a draft that is not compared", {"$schema": "http://json-schema.org/draft-04/schema#"}, {}, U, U),
    ("a schema that is none", {"type": "text"}, S, U, U),
]
WORDS: list[Row] = [
    ("a description", S, S | {"description": "Always."}, R, R),
    ("a title", S | {"title": "A"}, S | {"title": "B"}, R, R),
    ("an example", S | {"examples": ["a"]}, S | {"examples": ["b"]}, R, R),
    ("a default", S | {"default": "a"}, S | {"default": "b"}, R, R),
    ("a default null", T, T | {"default": None}, R, R),
    ("deprecated", S, S | {"deprecated": True}, R, R),
    ("an extension", S, S | {"x-mcp-header": "Region"}, R, R),
    ("a property called title", some(title=S), some(title=Z), B({"title": ""}), B({"title": 1})),
]
ROWS = [*NUMBERS, *STRINGS, *TYPES, *VALUES, *OBJECTS, *ARRAYS, *ALTERNATIVES, *REFERENCES, *UNDECIDED, *WORDS]


def worst(old: Schema, new: Schema, position: Any) -> str:
    found = [change.kind for change in diff_schemas(old, new, position, "schema")]
    return min(found, key=KINDS.index) if found else SAME


def shown(row: Row) -> str:
    return row[0]


@pytest.mark.parametrize("row", ROWS, ids=shown)
def test_each_change_has_its_class_for_arguments_and_for_results(row: Row) -> None:
    _, old, new, *expected = row
    kinds = ["breaking" if isinstance(each, B) else each for each in expected]
    assert [worst(old, new, "input"), worst(old, new, "output")] == kinds


@pytest.mark.parametrize("row", ROWS, ids=shown)
def test_what_breaks_has_a_value_that_was_fine_and_is_refused(row: Row) -> None:
    _, old, new, as_input, as_output = row
    for narrow, wide, expected in ((old, new, as_input), (new, old, as_output)):
        if isinstance(expected, B) and expected.value is not ...:
            assert validator_for(narrow, validate_formats=True).is_valid(expected.value)
            assert not validator_for(wide, validate_formats=True).is_valid(expected.value)


@pytest.mark.parametrize("row", ROWS, ids=shown)
def test_a_schema_does_not_differ_from_itself(row: Row) -> None:
    for schema in row[1:3]:
        assert diff_schemas(schema, copy.deepcopy(schema), "input", "schema") == ()


def test_no_row_is_there_twice() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS) >= 100
