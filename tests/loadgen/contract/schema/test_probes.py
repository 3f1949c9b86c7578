from typing import Any

import pytest
from jsonschema_rs import validator_for

from loadgen.contract.schema.document import read_document
from loadgen.contract.schema.probes import probes

Schema = dict[str, Any]
Z = {"type": "integer"}
SCHEMAS: list[Schema] = [
    Z | {"minimum": 3, "maximum": 3},
    Z | {"exclusiveMinimum": 3, "multipleOf": 7},
    {"type": "string", "minLength": 4, "maxLength": 9},
    {"type": "string", "format": "uuid"},
    {"enum": [{"a": 1}, "b"]},
    {"type": "array", "items": Z, "minItems": 2, "maxItems": 3},
    {"type": "array", "prefixItems": [Z, {"type": "boolean"}], "items": False, "minItems": 2},
    {"type": "object", "properties": {"a": Z, "b": {"type": "null"}}, "required": ["a", "b"]},
    {"type": "object", "patternProperties": {"^x-": Z}, "additionalProperties": False, "minProperties": 1},
    {"type": "object", "minProperties": 4},
    {"anyOf": [{"type": "object", "required": ["k"], "properties": {"k": {"const": "card"}}}, {"type": "null"}]},
    {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_some_probes_fit_a_schema_and_some_do_not(schema: Schema) -> None:
    document = read_document(schema, draft_07=False)
    fits = [validator_for(schema, validate_formats=True).is_valid(value) for value in probes(document.root, document)]
    assert any(fits)
    assert len(fits) <= 120


def test_probes_are_always_the_same() -> None:
    document = read_document(SCHEMAS[7], draft_07=False)
    assert probes(document.root, document) == probes(document.root, document)


def test_of_a_schema_that_says_billions_there_are_few_and_small_ones() -> None:
    schema = {"minLength": 10**9, "minItems": 10**9, "minProperties": 10**9, "minimum": 10**400}
    document = read_document(schema, draft_07=False)
    assert max(len(str(value)) for value in probes(document.root, document)) < 10_000
