from typing import Any

import pytest

from servers.stub.schemas import CannotUse, Check

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("schema", "value", "problems"),
    [
        ({"type": "integer"}, 1, ""),
        ({"type": "integer"}, "x", 'it: "x" is not of type "integer"'),
        ({"required": ["a"]}, {}, 'it: "a" is a required property'),
        (
            {"properties": {"a": {"items": {"type": "integer"}}}, "required": ["b"]},
            {"a": [1, "x"]},
            'it: "b" is a required property; a[1]: "x" is not of type "integer"',
        ),
        ({"$schema": DRAFT_7, "items": [{"type": "integer"}, {"type": "string"}]}, [1, "x"], ""),
        ({"$schema": DRAFT_7, "items": [{"type": "integer"}]}, ["x"], '[0]: "x" is not of type "integer"'),
    ],
)
def test_what_is_wrong_is_told_in_clauses_with_their_places(schema: Any, value: Any, problems: str) -> None:
    check = Check(schema)
    assert check.problems(value, "it") == problems
    assert check.is_met(value) is (problems == "")


def test_clauses_are_short_and_few() -> None:
    check = Check({"items": {"type": "integer"}})
    problems = check.problems(["x" * 1000] * 1000, "it")
    assert problems.count(";") == 4
    assert len(problems) < 1100


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objekt"},
        {"$ref": "https://example.com/elsewhere.json"},
        {"$ref": "#/$defs/gone"},
        {"$schema": "https://example.com/unknown", "type": "object"},
        {"pattern": "("},
        7,
    ],
)
def test_a_schema_that_says_nothing_cannot_be_used(schema: Any) -> None:
    with pytest.raises(CannotUse) as failure:
        Check(schema)
    assert str(failure.value)
    assert "\n" not in str(failure.value)


def test_what_cannot_be_shown_because_it_is_nested_too_deeply_is_told_all_the_same() -> None:
    value: dict[str, Any] = {}
    for _ in range(300):
        value = {"a": value}
    check = Check({"type": "string"})
    assert not check.is_met(value)
    assert check.problems(value, "it") == "it cannot be checked: Recursion limit reached"
