import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from formats.schema_values import draw_arguments


def object_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


T = {"$ref": "#/$defs/t"}
PAIR = object_of(l=T, r=T)
SCHEMAS = [
    object_of(a={"type": "number"}, b={"type": "number", "minimum": 0.5, "exclusiveMaximum": 1}),
    object_of(n={"type": "integer", "exclusiveMinimum": -5, "maximum": 5}, m={"type": "integer", "maximum": -2000}),
    object_of(n={"type": "integer", "multipleOf": 7, "minimum": 1}, m={"type": "number", "multipleOf": 0.5}),
    object_of(s={"type": "string", "minLength": 12, "maxLength": 14}, t={"type": "string", "maxLength": 3}),
    object_of(u={"type": "string", "format": "uuid"}, d={"type": "string", "format": "date-time"}),
    object_of(e={"enum": ["x", 1, None]}, c={"const": {"k": 1}}),
    object_of(l={"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 5}),
    object_of(l={"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "minItems": 2}),
    object_of(o=object_of(deep=object_of(deeper={"type": "boolean"}))),
    object_of(x={"anyOf": [{"type": "string"}, {"type": "null"}]}, y={"oneOf": [{"type": "integer"}, {"const": "z"}]}),
    object_of(x={"type": ["string", "null"]}, y={"type": "null"}),
    {"$defs": {"p": object_of(q={"type": "integer"})}, **object_of(r={"$ref": "#/$defs/p"})},
    {
        "$defs": {"t": {"type": "object", "properties": {"t": {"$ref": "#/$defs/t"}}}},
        **object_of(t={"$ref": "#/$defs/t"}),
    },
    {"$defs": {"t": {"anyOf": [{"type": "null"}, PAIR]}}, **object_of(t=T)},
    {"$defs": {"t": {"anyOf": [PAIR, {"oneOf": [{"type": "boolean"}, PAIR]}]}}, **object_of(t=T)},
    {"$defs": {"t": {**PAIR, "type": ["object", "null"]}}, **object_of(t=T)},
    {"$defs": {"t": {"anyOf": [PAIR, {"type": "array", "items": T}]}}, **object_of(t=T)},
    object_of(s={"type": "string", "minLength": 12.0, "maxLength": 14.0}, t={"type": "string", "maxLength": 2.0}),
    object_of(l={"type": "array", "items": {"type": "integer"}, "minItems": 2.0, "maxItems": 3.0}),
    object_of(x={"type": "number", "multipleOf": 1e-308}),
    {"allOf": [object_of(a={"type": "integer"}), {"properties": {"a": {"minimum": 3}}}], "type": "object"},
    object_of(p={"type": "string", "pattern": "^[a-z]{2}-[0-9]+$"}, q={"pattern": r"^\d{8}$", "minLength": 8}),
    {
        "allOf": [
            object_of(a={"type": "integer", "minimum": 5, "maximum": 90}, s={"minLength": 2, "maxLength": 9}),
            {"properties": {"a": {"minimum": 2, "maximum": 7}, "s": {"minLength": 4, "maxLength": 20}}},
        ]
    },
    {
        "allOf": [
            object_of(l={"type": "array", "minItems": 1, "items": object_of(e={"enum": [1, 2, 3]}, t={})}),
            {"properties": {"l": {"minItems": 2, "items": {"properties": {"e": {"enum": [3, 4]}, "t": {"const": 0}}}}}},
        ]
    },
    {"type": "object", "properties": {"optional": {"type": "integer"}}},
    {"type": "object"},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_is_drawn_from_a_schema_fits_it(schema: dict[str, Any]) -> None:
    validator = validator_for(schema, validate_formats=True)
    for n in range(50):
        arguments = draw_arguments(schema, 7, "tool", n)
        assert validator.is_valid(arguments), arguments


def test_of_a_format_and_a_pattern_one_is_aimed_at_each_time() -> None:
    schema = object_of(d={"type": "string", "format": "date", "pattern": "^x+$"})
    drawn = {draw_arguments(schema, 7, n)["d"][:2] for n in range(50)}
    assert {"20", "xx"} <= drawn


def test_the_same_key_draws_the_same_arguments_and_others_differ() -> None:
    schema = object_of(a={"type": "number"}, s={"type": "string"})
    drawn = [draw_arguments(schema, 7, "tool", n) for n in range(20)]
    assert drawn == [draw_arguments(schema, 7, "tool", n) for n in range(20)]
    assert len({str(arguments) for arguments in drawn}) == 20


def test_a_number_without_bounds_is_an_everyday_one_and_never_zero() -> None:
    schema = object_of(i={"type": "integer"}, x={"type": "number"})
    drawn = [draw_arguments(schema, n) for n in range(3000)]
    assert all(1 <= arguments[name] <= 1001 for arguments in drawn for name in ("i", "x"))


def test_an_optional_property_is_given_now_and_then() -> None:
    schema = {"type": "object", "properties": {"o": {"type": "integer"}}}
    assert {len(draw_arguments(schema, n)) for n in range(20)} == {0, 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "$ref", "items", "x"]), inner),
    max_leaves=8,
)


@given(properties=st.dictionaries(st.text(max_size=3), JSON, max_size=3))
def test_no_schema_that_is_valid_makes_the_drawing_fail(properties: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": properties}
    try:
        validator_for(schema)
    except Exception:  # noqa: BLE001 - whatever the validator calls it: not a schema
        return
    assert isinstance(draw_arguments(schema, 1), dict)


ENDLESS = {
    "a required self": object_of(s={"$ref": "#"}),
    "two required selves": object_of(s={"$ref": "#"}, t={"$ref": "#"}),
    "a choice of itself alone": object_of(a={"anyOf": [{"$ref": "#/properties/a"}]}),
    "combinations of each other": object_of(
        a={"allOf": [{"$ref": "#/properties/b"}]}, b={"allOf": [{"$ref": "#/properties/a"}]}
    ),
    "arrays of itself": object_of(l={"type": "array", "minItems": 1, "items": {"$ref": "#/properties/l"}}),
    "a billion items": object_of(l={"type": "array", "minItems": 10**9}),
    "a million strings": object_of(l={"type": "array", "minItems": 10**3, "items": {"minLength": 10**3}}),
    "a billion letters": object_of(s={"type": "string", "minLength": 10**9}),
    "an infinite bound": object_of(i={"type": "integer", "minimum": math.inf}),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("schema", ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_or_is_too_much_is_not_drawn(schema: dict[str, Any]) -> None:
    assert all(draw_arguments(schema, 7, "tool", n) == {} for n in range(100))


@pytest.mark.timeout(10)
def test_a_choice_of_the_root_alone_is_not_drawn() -> None:
    assert draw_arguments({"anyOf": [{"$ref": "#"}]}, 1) == {}
    assert draw_arguments({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, 1) == {}


def values_in(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(values_in(part) for part in parts)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("of", [{"$ref": "#"}, {"type": "array", "items": {"$ref": "#"}}], ids=["objects", "arrays"])
def test_of_many_optional_parts_that_hold_the_whole_again_there_are_some_but_not_without_end(of: Any) -> None:
    schema = {"type": "object", "properties": {f"p{n}": of for n in range(9)}}
    validator = validator_for(schema)
    for n in range(100):
        arguments = draw_arguments(schema, 7, n)
        assert validator.is_valid(arguments)
        assert 1 <= values_in(arguments) <= 500
    assert max(values_in(draw_arguments(schema, 7, n)) for n in range(10)) > 50


@pytest.mark.timeout(10)
def test_a_schema_of_very_many_parts_is_not_looked_at_over_and_over() -> None:
    schema = {"type": "object", "properties": {f"p{n}": {"$ref": "#"} for n in range(20_000)}}
    assert all(values_in(draw_arguments(schema, 7, n)) <= 500 for n in range(50))
