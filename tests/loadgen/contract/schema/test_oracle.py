from typing import Any

import pytest

from loadgen.contract.schema.asked import asked
from loadgen.contract.schema.cases import MOST_CASES, count_cases
from loadgen.contract.schema.document import read_document
from loadgen.contract.schema.oracle import Answer, Oracle, matches

Schema = dict[str, Any]
S, Z = {"type": "string"}, {"type": "integer"}
LOOKS_ON = {"properties": {"a": {}}, "unevaluatedProperties": False}


def answer(wide: Schema, narrow: Schema) -> Answer:
    of_wide, of_narrow = (read_document(schema, draft_07=False) for schema in (wide, narrow))
    return Oracle().accepts_all(of_wide.root, of_wide, of_narrow.root, of_narrow)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ({"type": ["string", "null"]}, S, Answer.YES),
        (S, {"type": ["string", "null"]}, Answer.NO),
        (Z, {"type": "number"}, Answer.NO),
        ({"multipleOf": 3}, {"multipleOf": 2}, Answer.NO),
        ({"pattern": "^[0-9]{4,5}$"}, {"pattern": "^[0-9]{4}$"}, Answer.UNKNOWN),
        ({}, LOOKS_ON, Answer.YES),
        (LOOKS_ON, {}, Answer.NO),
        (LOOKS_ON, LOOKS_ON | {"minProperties": 1}, Answer.UNKNOWN),
        ({"minProperties": 1}, LOOKS_ON, Answer.NO),
        (S, {"strictly": True} | S, Answer.YES),
        ({"strictly": True} | S, S, Answer.UNKNOWN),
        ({"not": Z}, {"not": {"unevaluatedItems": False}}, Answer.UNKNOWN),
    ],
)
def test_whether_all_of_one_schema_is_accepted_by_another(wide: Schema, narrow: Schema, expected: Answer) -> None:
    assert answer(wide, narrow) is expected


@pytest.mark.parametrize(
    ("schema", "left"),
    [
        ({"properties": {"a": LOOKS_ON}}, {"properties": {"a": {"properties": {"a": {}}}}}),
        ({"not": LOOKS_ON, "minimum": 1}, {"minimum": 1}),
        ({"if": LOOKS_ON, "then": Z}, {}),
        ({"oneOf": [LOOKS_ON, Z]}, {}),
        ({"contains": LOOKS_ON, "maxContains": 1}, {"maxContains": 1}),
        ({"not": {"$ref": "#/$defs/a"}, "$defs": {"a": LOOKS_ON}}, {}),
    ],
)
def test_what_is_left_out_makes_a_schema_accept_more_and_never_less(schema: Schema, left: Schema) -> None:
    document = read_document(schema, draft_07=False)
    assert asked(document.root, document) == left


def choices(count: int, of: int) -> Schema:
    return {"allOf": [{"anyOf": [{"required": [f"p{n}{m}"]} for m in range(of)]} for n in range(count)]}


@pytest.mark.parametrize(
    ("schema", "cases"),
    [
        (S, 1),
        ({"anyOf": [S, Z]}, 2),
        ({"anyOf": [{"const": n} for n in range(300)]}, 300),
        ({"properties": {"a": {"anyOf": [S, Z]}, "b": {"anyOf": [S, Z, {"type": "null"}]}}}, 3),
        (choices(2, of=3), 72),
        (choices(20, of=3), MOST_CASES + 1),
        ({"not": choices(20, of=3)}, 20),
        ({"not": {"anyOf": [{"required": ["a"], "minProperties": 3, "maxProperties": 5}] * 9}}, MOST_CASES + 1),
        ({"dependentSchemas": {f"p{n}": {} for n in range(9)}}, MOST_CASES + 1),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, S]}}}, 2),
    ],
)
def test_what_multiplying_out_would_cost(schema: Schema, cases: int) -> None:
    document = read_document(schema, draft_07=False)
    assert count_cases(document.root, document.definitions) == cases


def test_what_would_take_minutes_is_not_asked() -> None:
    assert answer(choices(20, of=3), choices(19, of=3) | {"required": ["a"]}) in (Answer.UNKNOWN, Answer.NO)


@pytest.mark.parametrize(("pattern", "found"), [("^a", True), ("^b", False), ("(", None)])
def test_a_pattern_that_is_none_matches_nothing_for_certain(pattern: str, found: bool | None) -> None:
    assert matches(pattern, "ab") is found
