"""Wrong arguments: each breaks the schema, by one thing, and all kinds are among them."""

from typing import Any

import pytest

from loadgen.arguments import Arguments
from loadgen.contract.mutation import Mutation, mutations

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 1, "maximum": 9},
        "word": {"type": "string", "minLength": 2, "maxLength": 4},
        "kind": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
        "items": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    },
    "required": ["n", "word"],
    "additionalProperties": False,
}
VALID = {"n": 5, "word": "abc", "kind": "a", "items": ["x"]}


def made(schema: dict[str, Any] = SCHEMA, valid: dict[str, Any] | None = None) -> list[Mutation]:
    return mutations(schema, VALID if valid is None else valid, Arguments("tool", schema, 1, formats=False).fits)


def test_every_one_breaks_the_schema_and_there_are_not_too_many() -> None:
    fits = Arguments("tool", SCHEMA, 1, formats=False).fits
    assert fits(VALID)
    assert 12 <= len(made()) <= 24
    assert not any(fits(mutation.arguments) for mutation in made())


@pytest.mark.parametrize(
    "what",
    [
        "without n",
        "without word",
        'n = "5"',
        "with no_such_argument",
        "n = 0, beyond minimum",
        "n = 10, beyond maximum",
        "word of 1 characters, beyond minLength",
        "word of 5 characters, beyond maxLength",
        'kind = "none of these"',
        "items = [], beyond minItems",
    ],
)
def test_each_kind_is_among_them(what: str) -> None:
    assert what in {mutation.what for mutation in made()}


def test_what_a_lax_server_takes_for_the_right_value_is_marked() -> None:
    assert {mutation.what for mutation in made() if mutation.is_lax} == {'n = "5"', "n = true"}


def test_where_everything_fits_there_are_none() -> None:
    assert made({"type": "object"}, {}) == []


def test_a_text_of_another_format_is_no_mutation_of_a_schema_that_only_names_one() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}
    assert {
        type(mutation.arguments["id"]) for mutation in made(schema, {"id": "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"})
    } == {
        float,
        bool,
        type(None),
        list,
        dict,
    }
