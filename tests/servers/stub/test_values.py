from typing import Any

import pytest

from servers.stub.schemas import Check
from servers.stub.values import Key, canonical_text


@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}), ({"a": -0.0}, {"a": 0}), ({"a": 1e3}, {"a": 1000})],
)
def test_equal_json_has_one_text(one: Any, other: Any) -> None:
    assert canonical_text(one) == canonical_text(other)


@pytest.mark.parametrize(
    ("one", "other"), [({"a": 1}, {"a": True}), ({"a": 0}, {"a": None}), ({"a": "1"}, {"a": 1}), ({}, {"a": None})]
)
def test_json_that_is_not_equal_has_not(one: Any, other: Any) -> None:
    assert canonical_text(one) != canonical_text(other)


def test_values_are_a_function_of_what_was_asked_alone() -> None:
    schema = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
    }
    check = Check(schema)
    key = Key(7, "tool", "{}")
    assert key == Key(7, "tool", "{}")
    assert key.fitting(schema, check) == Key(7, "tool", "{}").fitting(schema, check)
    assert key.uuid("x") == Key(7, "tool", "{}").uuid("x")
    others = [Key(8, "tool", "{}"), Key(7, "loot", "{}"), Key(7, "tool", "[]"), Key(7, "tool{}")]
    assert all(other != key and other.word() != key.word() for other in others)


def test_what_does_not_fit_is_drawn_again() -> None:
    schema = {"type": "array", "minItems": 3, "maxItems": 3, "uniqueItems": True, "items": {"enum": [1, 2, 3, 4]}}
    check = Check(schema)
    found = [Key(seed).fitting(schema, check) for seed in range(20)]
    assert all(len(set(value)) == 3 for (value,) in found)


def test_nothing_is_found_where_nothing_can_fit() -> None:
    assert Key(0).fitting({"not": {}}, Check({"not": {}})) == ()
