import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import decode_header_value, encode_header_value, mcp_param_headers, x_mcp_header_map

from loadgen.client.modern import header_value, mirrors
from loadgen.mirrored import mirrored

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "x-mcp-header": "City"},
        "days": {"type": "integer", "x-mcp-header": "Days"},
        "dry": {"type": "boolean", "x-mcp-header": "Dry"},
        "plain": {"type": "string"},
        "deep": {"type": "object", "properties": {"er": {"type": "string", "x-mcp-header": "Deeper"}}},
        "list": {"type": "array", "items": {"x-mcp-header": "Never"}},
    },
}


@given(st.text(max_size=30))
def test_a_header_value_is_what_the_sdk_makes_and_reads_back(text: str) -> None:
    assert header_value(text) == encode_header_value(text)
    assert decode_header_value(header_value(text)) == text


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"city": "Bern", "days": 3, "dry": True, "plain": "x"},
        {"city": "Zürich ", "days": 0, "dry": False, "deep": {"er": "down"}, "list": [1]},
        {"city": None, "deep": 3},
        {"deep": {"er": None}},
    ],
)
def test_arguments_are_mirrored_as_the_sdk_mirrors_them(arguments: dict[str, object]) -> None:
    assert dict(mirrors(mirrored(SCHEMA), arguments)) == mcp_param_headers(x_mcp_header_map(SCHEMA), arguments)


@pytest.mark.parametrize("schema", [None, 3, {}, {"properties": []}, {"properties": {"a": 1}}])
def test_a_schema_that_is_none_mirrors_nothing(schema: object) -> None:
    assert mirrored(schema) == {}


def test_a_name_that_no_header_can_have_is_passed_over() -> None:
    assert mirrored({"properties": {"a": {"type": "string", "x-mcp-header": "a b\r\n"}}}) == {}
