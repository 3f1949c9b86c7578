from typing import Any

import pytest

from servers.stub.places import moved, put_at, schema_at, steps_of


def test_the_steps_of_a_pointer_are_unescaped() -> None:
    assert steps_of("/a~1b/~0/0") == ("a/b", "~", "0")
    assert steps_of("") == ()


@pytest.mark.parametrize(
    ("value", "pointer", "expected"),
    [
        ({"a": 1}, "/a", {"a": 9}),
        ({"a": 1}, "/b/c", {"a": 1, "b": {"c": 9}}),
        ({"a": [1, 2]}, "/a/1", {"a": [1, 9]}),
        ({"a": [{"x": 1}]}, "/a/2/y", {"a": [{"x": 1}, {"x": 1}, {"x": 1, "y": 9}]}),
        ({}, "/a/0", {"a": [9]}),
        ({"0": 1}, "/0", {"0": 9}),
        (None, "", 9),
    ],
)
def test_a_value_is_put_in_place_in_a_copy(value: Any, pointer: str, expected: Any) -> None:
    before = repr(value)
    assert put_at(value, steps_of(pointer), 9) == expected
    assert repr(value) == before


ROOT = {
    "$defs": {"day": {"properties": {"low": {"type": "integer"}}}, "chain": {"$ref": "#/$defs/day"}},
    "properties": {
        "days": {"items": {"$ref": "#/$defs/chain"}},
        "pair": {"prefixItems": [{"const": 1}], "items": {"const": 2}},
        "map": {"additionalProperties": {"const": 3}},
        "either": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/day"}]},
        "loop": {"$ref": "#/properties/loop"},
    },
}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", ROOT),
        ("/days/7/low", {"type": "integer"}),
        ("/pair/0", {"const": 1}),
        ("/pair/1", {"const": 2}),
        ("/map/x", {"const": 3}),
        ("/either/low", {"type": "integer"}),
        ("/loop/x", {}),
        ("/unknown/x", {}),
    ],
)
def test_what_a_schema_says_of_a_place_is_found(pointer: str, expected: Any) -> None:
    assert schema_at(ROOT, ROOT, steps_of(pointer)) == expected


def test_a_schema_that_moves_takes_its_references_along() -> None:
    schema = {"$ref": "#/$defs/a", "items": [{"$ref": "#"}], "$defs": {"a": {"$ref": "https://example.com/#/x"}}}
    assert moved(schema, "#/x") == {
        "$ref": "#/x/$defs/a",
        "items": [{"$ref": "#/x"}],
        "$defs": {"a": {"$ref": "https://example.com/#/x"}},
    }
