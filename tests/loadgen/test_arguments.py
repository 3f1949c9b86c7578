from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from loadgen.arguments import Arguments, UnusableSchemaError

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ADD = {
    "type": "object",
    "properties": {"a": {"type": "number"}, "note": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def test_fitting_arguments_fit_and_depend_on_seed_and_name_alone() -> None:
    drawn = list(islice(Arguments("add", ADD, 1).fitting(), 20))
    assert [arguments for arguments in drawn if not validator_for(ADD).is_valid(arguments)] == []
    assert len(drawn) == 20
    assert list(islice(Arguments("add", ADD, 1).fitting(), 20)) == drawn
    assert list(islice(Arguments("add", ADD, 2).fitting(), 20)) != drawn
    assert list(islice(Arguments("sub", ADD, 1).fitting(), 20)) != drawn


def test_the_search_for_fitting_arguments_ends() -> None:
    assert list(Arguments("no", {"not": {}}, 1).fitting()) == []


@pytest.mark.parametrize(
    ("schema", "misfit"),
    [
        (ADD, {}),  # the required one is missing
        ({"properties": {"on": {"type": "boolean"}}}, {"on": ["wrong"]}),
        ({"properties": {"any": {}, "tags": {"type": "array"}}, "required": []}, {"tags": {"wrong": True}}),
        ({"type": "object", "additionalProperties": False}, {"unexpected_argument": True}),
        ({"required": "a", "properties": 3, "additionalProperties": False}, None),  # no schema at all
        ({"type": "object"}, None),  # anything fits
    ],
)
def test_a_misfit_breaks_one_thing(schema: Any, misfit: dict[str, Any] | None) -> None:
    try:
        found = Arguments("tool", schema, 1).misfit()
    except UnusableSchemaError:
        found = None
    if misfit is None:
        assert found is None
    else:
        assert found is not None
        assert {**found, **misfit} == found
        assert not validator_for(schema).is_valid(found)


NAMES = st.sampled_from(["a", "b", "c"])
PROPERTIES = st.dictionaries(
    NAMES,
    st.sampled_from([{}, {"type": "integer"}, {"type": "string"}, {"type": ["array", "null"]}, {"enum": [1, "x"]}]),
)


@PATIENT
@given(properties=PROPERTIES, required=st.lists(NAMES, unique=True), closed=st.booleans())
def test_what_is_called_fitting_fits_and_what_is_called_a_misfit_does_not(
    properties: dict[str, Any], required: list[str], closed: bool
) -> None:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": not closed}
    arguments, validator = Arguments("tool", schema, 1), validator_for(schema)
    assert all(validator.is_valid(drawn) for drawn in islice(arguments.fitting(), 5))
    misfit = arguments.misfit()
    assert misfit is None or not validator.is_valid(misfit)
    assert misfit is not None or not (required or closed)


def test_what_is_no_schema_is_said() -> None:
    with pytest.raises(UnusableSchemaError, match="the inputSchema of add is not valid JSON Schema: "):
        Arguments("add", {"type": "text"}, 1)


def test_a_fault_is_told() -> None:
    arguments = Arguments("add", ADD, 1)
    assert arguments.fault({"a": 1}) is None
    assert arguments.fault({}) == '"a" is a required property'


def test_a_text_of_another_format_fits_when_formats_do_not_count() -> None:
    schema = {"properties": {"id": {"type": "string", "format": "uuid"}}}
    assert not Arguments("tool", schema, 1).fits({"id": "no uuid"})
    assert Arguments("tool", schema, 1, formats=False).fits({"id": "no uuid"})
    assert not Arguments("tool", schema, 1, formats=False).fits({"id": 1})
