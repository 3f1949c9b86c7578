from typing import Any

import pytest

from loadgen.contract.schema.document import read_document
from loadgen.contract.schema.view import view

S, NULL = {"type": "string"}, {"type": "null"}
CLOSED = {"properties": {"a": {}}, "additionalProperties": False}
LOOKS_ON = {"properties": {"a": {}}, "unevaluatedProperties": False}


def viewed(schema: dict[str, Any]) -> Any:
    document = read_document(schema, draft_07=False)
    return view(document.root, document)


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"anyOf": [S, NULL]}, {"type": ["null", "string"]}),
        ({"oneOf": [S | {"maxLength": 3}, NULL]}, {"type": ["null", "string"], "maxLength": 3}),
        ({"anyOf": [{"enum": ["a"]}, NULL]}, {"enum": ["a", None]}),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["a", "b"]}),
        ({"anyOf": [{"$ref": "#/$defs/s"}, NULL], "$defs": {"s": S}}, {"type": ["null", "string"]}),
        ({"allOf": [S, {"minLength": 1}]}, {"type": ["string"], "minLength": 1}),
        ({"allOf": [{"type": ["string", "null"]}, {"type": ["string", "integer"]}]}, {"type": ["string"]}),
        ({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"required": ["a", "b"]}),
        ({"allOf": [{"properties": {"a": S}}, {"properties": {"b": S}}]}, {
            "properties": {"a": {"type": ["string"]}, "b": {"type": ["string"]}},
        }),
        ({"allOf": [{}, False]}, False),
        ({"enum": ["a", 1], "type": "string"}, {"enum": ["a"]}),
        ({"enum": [1], "type": "string"}, False),
        (S | {"minimum": 1, "minItems": 2}, {"type": ["string"]}),
        ({"type": "number", "minimum": 1.0}, {"type": ["number"], "minimum": 1}),
        ({"type": ["integer", "number"]}, {"type": ["number"]}),
        ({"minLength": 0, "required": [], "items": True, "if": {}, "then": {}}, {"if": {}, "then": {}}),
    ],
)  # fmt: skip
def test_what_is_said_in_several_places_is_in_one(schema: dict[str, Any], shown: Any) -> None:
    assert viewed(schema) == shown


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({"allOf": [CLOSED, {"properties": {"b": {}}}]}, "allOf"),  # b is refused by the first
        ({"allOf": [LOOKS_ON, {"properties": {"b": {}}}]}, "allOf"),
        ({"allOf": [{"enum": [1]}, {"enum": [True]}]}, "allOf"),  # true is not 1
        ({"allOf": [{"minimum": 1}, {"minimum": 2}]}, "allOf"),
        ({"oneOf": [{"enum": ["a"]}, {"enum": ["a", "b"]}]}, "oneOf"),  # a fits both
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "oneOf"),
        ({"anyOf": [S, {"minimum": 1}]}, "anyOf"),
        ({"anyOf": [S | {"not": {"const": "a"}}, NULL]}, "anyOf"),
    ],
)
def test_what_would_mean_something_else_together_stays_apart(schema: dict[str, Any], kept: str) -> None:
    assert kept in viewed(schema)
