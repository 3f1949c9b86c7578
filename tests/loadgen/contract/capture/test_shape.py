from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from loadgen.contract.capture.shape import shape_of

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

STRING, NUMBER = {"type": "string"}, {"type": "number"}


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (["a", "b"], STRING),
        ([1, 2.5], NUMBER),  # one kind of number: the next may be either
        ([True, 1], {"anyOf": [{"type": "boolean"}, NUMBER]}),
        ([None, "a"], {"anyOf": [{"type": "null"}, STRING]}),
        ([[], []], {"type": "array"}),
        ([[1], ["a"]], {"type": "array", "items": {"anyOf": [NUMBER, STRING]}, "minItems": 1}),
        ([[], [1]], {"type": "array", "items": NUMBER}),
        ([{}, {}], {"type": "object"}),
        (
            [{"id": 1, "note": "x"}, {"id": 2}],
            {"type": "object", "properties": {"id": NUMBER, "note": STRING}, "required": ["id"]},
        ),
    ],
)
def test_a_shape_is_types_and_names(values: list[Any], shape: dict[str, Any]) -> None:
    assert shape_of(values) == shape


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@PATIENT
@given(values=st.lists(JSON, min_size=1, max_size=3))
def test_every_value_fits_the_shape_of_all(values: list[Any]) -> None:
    validator = Draft202012Validator(shape_of(values))
    assert [value for value in values if not validator.is_valid(value)] == []


def test_what_has_another_type_or_less_does_not_fit() -> None:
    validator = Draft202012Validator(shape_of([{"id": 1, "tags": ["a"]}, {"id": 2, "tags": ["b"]}]))
    assert validator.is_valid({"id": 3, "tags": ["c", "d"], "more": None})
    assert not validator.is_valid({"id": "3", "tags": ["c"]})
    assert not validator.is_valid({"tags": ["c"]})
    assert not validator.is_valid({"id": 3, "tags": []})
    assert not validator.is_valid({"id": 3, "tags": [1]})
