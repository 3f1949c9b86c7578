"""Where a change of a schema is told, in which words, and what is too much to compare."""

from typing import Any

import pytest

from loadgen.contract.change import Change
from loadgen.contract.schema import oracle
from loadgen.contract.schema_diff import diff_schemas

Schema = dict[str, Any]
S, Z = {"type": "string"}, {"type": "integer"}
NULL = {"type": "null"}


def some(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties}


def told(old: Schema, new: Schema, position: Any = "input") -> list[str]:
    return [f"{change.kind} {change.where}: {change.sentence}" for change in diff_schemas(old, new, position, "in")]


def of(name: str, **more: Any) -> Schema:
    return {"type": "object", "properties": {"kind": {"const": name}, **more}, "required": ["kind"]}


SENTENCES: list[tuple[Schema, Schema, list[str]]] = [
    (some(a=Z | {"maximum": 9}), some(a=Z | {"maximum": 5}), ["breaking in.a: maximum went from 9 to 5"]),
    (some(a=Z), some(a=Z | {"minimum": 1}), ["breaking in.a: minimum 1 is new"]),
    (some(a={"enum": ["x", "y"]}), some(a={"enum": ["x"]}), ['breaking in.a: no longer takes "y"']),
    (some(a={"enum": ["x"]}), some(a={"enum": ["x", "y", 1]}), ['compatible in.a: takes "y" and 1 as well']),
    (some(a=S), some(a={"enum": ["x", "y"]}), ['breaking in.a: takes only "x" and "y" now']),
    (some(a=S), some(a={"anyOf": [S, NULL]}), ["compatible in.a: takes null as well"]),
    (some(a={}), some(a=S), ["breaking in.a: takes only strings now"]),
    (some(a={"type": "number"}), some(a=Z), ["breaking in.a: no longer takes fractions"]),
    (some(a=S), some(a=Z), ["breaking in.a: no longer takes strings", "compatible in.a: takes integers as well"]),
    (some(a=S), some(a=S) | {"required": ["a"]}, ["breaking in.a: is required now"]),
    (some(), some(a=S) | {"required": ["a"]}, ["breaking in.a: is new, and required"]),
    (some(), some(a={}), ["compatible in.a: is new, and optional"]),
    (some(a=S), some() | {"additionalProperties": False}, [
        "breaking in: no longer takes properties that it does not name",
        "breaking in.a: is gone, and refused now",
    ]),
    (some(a=some(b=some(c=Z))), some(a=some(b=some(c=S))), [
        "breaking in.a.b.c: no longer takes integers",
        "compatible in.a.b.c: takes strings as well",
    ]),
    (some(a={"items": some(b=Z)}), some(a={"items": some(b=Z | {"maximum": 1})}), [
        "breaking in.a[].b: maximum 1 is new",
    ]),
    ({"prefixItems": [S, Z]}, {"prefixItems": [S, Z | {"minimum": 0}]}, ["breaking in[1]: minimum 0 is new"]),
    ({"prefixItems": [S]}, {"prefixItems": [S], "items": False}, ["breaking in: no longer takes items after item 0"]),
    ({"additionalProperties": Z}, {"additionalProperties": Z | {"minimum": 0}}, ["breaking in.*: minimum 0 is new"]),
    (some(**{"a.b": Z}), some(**{"a.b": Z | {"minimum": 0}}), ['breaking in["a.b"]: minimum 0 is new']),
    ({"patternProperties": {"^x-": S}}, {"patternProperties": {"^x-": S | {"maxLength": 1}}}, [
        'breaking in["/^x-/"]: maxLength 1 is new',
    ]),
    ({"oneOf": [of("a"), of("b")]}, {"oneOf": [of("a"), of("b", n=S) | {"required": ["kind", "n"]}, of("c")]}, [
        "breaking in.oneOf[1].n: is new, and required",
        'compatible in.oneOf[2]: the alternative of objects with kind "c" is new',
    ]),
    ({"oneOf": [of("a"), of("b")]}, {"oneOf": [of("b")]}, [
        'breaking in.oneOf[0]: the alternative of objects with kind "a" is gone',
    ]),
    ({"oneOf": [S, Z]}, {"oneOf": [S, Z, {"type": "number"}]}, [
        "breaking in: oneOf is new",
        "compatible in: takes fractions as well",
    ]),
    ({"oneOf": [of("a"), of("b")]}, {"oneOf": [of("a"), of("b"), {"type": "object"}]}, [
        "breaking in: oneOf: does not take all that it took",
        "compatible in.oneOf[2]: the alternative of objects is new",
    ]),
    (some(a={"$ref": "#n"}) | {"$defs": {"n": Z | {"$anchor": "n"}}}, some(a={"$ref": "#n"}) | {
        "$defs": {"n": S | {"$anchor": "n"}},
    }, ["unknown in.a: $ref may lead to what changed"]),
    ({"not": {"const": 1}}, {"not": {"const": True}}, ["breaking in: not changed"]),
    (some(a={"const": 1}), some(a={"const": 1.0}), []),
    ({"allOf": [Z, {"minimum": 1}]}, {"type": "integer", "exclusiveMinimum": 0}, [
        "compatible in: is written differently, and means the same",
    ]),
    ({"not": S}, {}, ["compatible in: not is gone"]),
    ({"strictly": True}, {}, ["unknown in: strictly is gone"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentences"), SENTENCES)
def test_a_change_of_arguments_is_told_at_its_place(old: Schema, new: Schema, sentences: list[str]) -> None:
    assert told(old, new) == sentences


OUTPUTS: list[tuple[Schema, Schema, list[str]]] = [
    (some(a=S), some(a={"type": ["string", "null"]}), ["breaking in.a: may be null now"]),
    (some(a={"enum": ["x"]}), some(a={"enum": ["x", "y"]}), ['breaking in.a: may be "y" now']),
    (some(a={"enum": ["x", "y"]}), some(a={"enum": ["x"]}), ['compatible in.a: is never "y" any more']),
    (some(a={"enum": ["x"]}), some(a=S), ['breaking in.a: may be something else than "x" now']),
    (some(a=S) | {"required": ["a"]}, some(a=S), ["breaking in.a: may be missing now"]),
    (some(a=S) | {"required": ["a"]}, some(), ["breaking in.a: is gone"]),
    (some(a=S), some(a=S) | {"required": ["a"]}, ["compatible in.a: is always there now"]),
    (some(a=S), some(a=S, b=S) | {"required": ["b"]}, ["compatible in.b: is new"]),
    (some() | {"additionalProperties": False}, some(b=S) | {"additionalProperties": False}, [
        "breaking in.b: is new, where the old schema has no further properties",
    ]),
    (some() | {"additionalProperties": False}, some(), ["breaking in: may have properties that it does not name"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentences"), OUTPUTS)
def test_a_change_of_results_is_told_at_its_place(old: Schema, new: Schema, sentences: list[str]) -> None:
    assert told(old, new, "output") == sentences


def money(**more: Any) -> Schema:
    definition = {"Money": some(amount=Z | more)}
    return {**some(price={"$ref": "#/$defs/Money"}, fee={"$ref": "#/$defs/Money"}), "$defs": definition}


def test_a_change_in_a_definition_is_told_once_and_there() -> None:
    assert told(money(), money(minimum=0)) == ["breaking in.$defs.Money.amount: minimum 0 is new"]


def test_a_change_in_a_definition_of_draft_07_is_told_once_and_there() -> None:
    def of_draft_07(schema: Schema) -> Schema:
        definitions = {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": schema["$defs"]}
        prices = some(price={"$ref": "#/definitions/Money"}, fee={"$ref": "#/definitions/Money"})
        return prices | definitions

    sentences = told(of_draft_07(money()), of_draft_07(money(minimum=0)))
    assert sentences == ["breaking in.$defs.Money.amount: minimum 0 is new"]


def tree(value: Schema) -> Schema:
    children = {"type": "array", "items": {"$ref": "#/$defs/Node"}}
    return {"$ref": "#/$defs/Node", "$defs": {"Node": some(value=value, children=children)}}


def test_schemas_that_contain_themselves_are_compared_to_the_end() -> None:
    assert told(tree(Z), tree({"type": "number"})) == ["compatible in.$defs.Node.value: takes fractions as well"]
    assert told(tree({"type": "number"}), tree(Z)) == ["breaking in.$defs.Node.value: no longer takes fractions"]


def test_two_definitions_that_contain_each_other_are_compared_to_the_end() -> None:
    def pair(value: Schema) -> Schema:
        definitions = {"A": some(b={"$ref": "#/$defs/B"}), "B": some(a={"$ref": "#/$defs/A"}, value=value)}
        return {"$ref": "#/$defs/A", "$defs": definitions}

    assert told(pair(Z), pair({"type": "number"})) == ["compatible in.$defs.B.value: takes fractions as well"]
    assert told(pair({"type": "number"}), pair(Z)) == ["breaking in.$defs.B.value: no longer takes fractions"]


def test_what_refers_to_nothing_but_itself_is_unknown() -> None:
    endless = {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}, **some(a={"$ref": "#/$defs/A"})}
    assert told(endless, some(a=S)) == ["breaking in.a: takes only strings now", "unknown in.a: $ref is gone"]


def test_what_is_an_alternative_of_itself_is_unknown() -> None:
    def endless(*others: Schema) -> Schema:
        return {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, *others]}}}

    kinds = {change.kind for change in diff_schemas(endless(of("a")), endless(of("a"), of("b")), "input", "in")}
    assert kinds == {"unknown", "compatible"}


def test_a_narrower_alternative_that_another_makes_up_for_is_compatible() -> None:
    old = {"anyOf": [of("a", n=Z), {"type": "object"}]}
    new = {"anyOf": [of("a", n=Z | {"minimum": 0}), {"type": "object"}]}
    assert told(old, new) == ["compatible in.anyOf[0].n: minimum 0 is new"]


def test_references_below_an_id_of_their_own_are_not_followed() -> None:
    def inner(value: Schema) -> Schema:
        return some(a={"$id": "urn:a", "$ref": "#/$defs/x", "$defs": {"x": value}}) | {"$defs": {"x": S}}

    kinds = [change.kind for change in diff_schemas(inner(S), inner(Z), "input", "in")]
    assert kinds == ["unknown"]  # the same reference, and what it leads to is another
    assert [change.kind for change in diff_schemas(some(a=S), inner(S), "input", "in")] == ["unknown", "compatible"]


def nested(levels: int, inner: Schema) -> Schema:
    for _ in range(levels):
        inner = some(a=inner)
    return inner


def test_what_is_nested_too_deeply_is_unknown() -> None:
    assert told(nested(2000, Z), nested(2000, S)) == ["unknown in: is nested too deeply to be compared"]
    assert told(nested(20, Z), nested(20, S))[0].startswith("breaking in.a.a.a.a.")


def test_what_is_too_much_to_compare_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "_MOST_WORK", 100)
    old, new = (some(**{f"p{number}": {"type": kind} for number in range(200)}) for kind in ("string", "number"))
    assert told(old, new) == ["unknown in: is too large to be compared"]


def test_combinations_that_would_take_minutes_to_multiply_out_are_not() -> None:
    def combined(least: int) -> Schema:
        choices = [{"anyOf": [{"required": [f"p{n}{m}"], "minProperties": least} for m in range(3)]} for n in range(20)]
        return {"type": "object", "allOf": choices}

    assert {change.kind for change in diff_schemas(combined(1), combined(2), "input", "in")} <= {"unknown", "breaking"}


INVALID: list[tuple[Schema, str]] = [
    ({"type": "text"}, 'it is not valid: type "text" is not valid'),
    ({"properties": {"a": {"minLength": "1"}}}, 'it is not valid: properties.a.minLength "1" is not of type "integer"'),
    ({"$schema": "http://json-schema.org/draft-04/schema#"}, "it is of neither draft 2020-12 nor draft-07"),
]


@pytest.mark.parametrize(("schema", "reason"), INVALID)
def test_a_schema_that_cannot_be_used_is_named(schema: Schema, reason: str) -> None:
    (old,), (new,) = diff_schemas(schema, S, "input", "in")[:1], diff_schemas(S, schema, "input", "in")[:1]
    assert old.sentence.startswith(f"the old schema cannot be compared: {reason}")
    assert new.sentence.startswith(f"the new schema cannot be compared: {reason}")
    assert old.kind == new.kind == "unknown"


def test_two_schemas_that_cannot_be_used_and_are_the_same_do_not_differ() -> None:
    assert diff_schemas({"type": "text"}, {"type": "text"}, "input", "in") == ()


def test_changes_are_ordered_and_each_is_there_once() -> None:
    old = some(b=S, a=Z, c={"enum": ["x"]}, d={"pattern": "^[0-9]{4}$"})
    new = some(b=Z, a=S, c={"enum": ["x", "y"]}, d={"pattern": "^[0-9]{4,5}$"})
    changes = diff_schemas(old, new, "input", "in")
    assert [change.kind for change in changes] == ["breaking", "breaking", "unknown", *["compatible"] * 3]
    assert [change.where for change in changes] == ["in.a", "in.b", "in.d", "in.a", "in.b", "in.c"]
    assert changes[2] == Change("unknown", "in.d", 'pattern went from "^[0-9]{4}$" to "^[0-9]{4,5}$"')
