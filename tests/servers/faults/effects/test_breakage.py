import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from servers.faults.effects.breakage import Breakage, broken

CONTENT = {"id": "p1", "paid": True, "amount": 5, "note": None, "balances": {"USD": 1, "EUR": 2}, "lines": [{"n": 1}]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "paid", "amount", "note"],
    "properties": {
        "id": {"type": "string"},
        "paid": {"type": "boolean"},
        "amount": {"type": "integer"},
        "note": {"type": ["string", "null"]},
        "balances": {"type": "object", "additionalProperties": {"type": "integer"}},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]},
        },
    },
}


def all_of(breakage: Breakage, schema: dict[str, Any] = SCHEMA) -> list[str]:
    """Every content that some draw gives, as text."""
    found = (broken(CONTENT, schema, breakage, i / 100) for i in range(100))
    return list(dict.fromkeys(json.dumps(content) for content in found if content is not None))


@given(st.sampled_from(["missing", "wrong_type", "extra", "null"]), st.floats(0, 1, exclude_max=True))
def test_what_comes_out_always_breaks_the_schema(breakage: Breakage, draw: float) -> None:
    before = json.dumps(CONTENT)
    content = broken(CONTENT, SCHEMA, breakage, draw)
    assert content is not None
    assert not Draft202012Validator(SCHEMA).is_valid(content)
    assert json.dumps(CONTENT) == before
    assert content == broken(CONTENT, SCHEMA, breakage, draw)


def test_only_what_is_required_goes_missing() -> None:
    left = [set(CONTENT) - set(json.loads(text)) for text in all_of("missing")]
    assert left == [{"id"}, {"paid"}, {"amount"}, {"note"}, set()]
    assert json.loads(all_of("missing")[-1])["lines"] == [{}]


def test_what_may_be_null_is_not_made_null() -> None:
    contents = [json.loads(text) for text in all_of("null")]
    assert len(contents) == 8
    assert sum(content["balances"] == {"USD": None, "EUR": 2} for content in contents) == 1


def test_types_change_to_what_looks_like_the_value() -> None:
    contents = [json.loads(text) for text in all_of("wrong_type")]
    assert [c for c in contents if c["paid"] == "true"]
    assert [c for c in contents if c["amount"] == "5"]
    assert [c for c in contents if c["id"] == 0]
    assert [c for c in contents if c["lines"] == [{"n": "1"}]]


def test_members_are_added_where_none_may_be() -> None:
    contents = [json.loads(text) for text in all_of("extra")]
    assert [c.get("unpromised") for c in contents] == ["unpromised", None]
    assert contents[1]["balances"] == {"USD": 1, "EUR": 2, "unpromised": "unpromised"}


@pytest.mark.parametrize(
    ("at", "breakage", "there"),
    [
        ("balances.USD", "null", True),
        ("lines.0.n", "missing", True),
        ("note", "null", False),
        ("balances.CHF", "null", False),
    ],
)
def test_one_place_can_be_named(at: str, breakage: Breakage, there: bool) -> None:
    assert (broken(CONTENT, SCHEMA, breakage, 0.5, at) is not None) is there


@pytest.mark.parametrize(
    "schema",
    [{}, {"type": "object"}, {"type": "no such type"}, {"$ref": "https://elsewhere.example/schema"}, {"pattern": "("}],
)
def test_a_schema_that_allows_everything_or_is_of_no_use_cannot_be_broken(schema: dict[str, Any]) -> None:
    assert all_of("missing", schema) == []
