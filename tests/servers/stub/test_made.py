"""Results that are made up keep what the entry promises, whatever it is."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from servers.stub.made import ToolResults, prompt_result, read_result
from servers.stub.values import Key
from tests.support.stub_contract import FORECAST, SUM, tool

KEY = Key(0, "x")


def test_a_tool_without_an_output_schema_answers_a_text() -> None:
    results = ToolResults(tool("greet"))
    made = results.make(KEY)
    assert made == {"content": [{"type": "text", "text": f"greet: {KEY.word('text', 0)}"}], "isError": False}
    assert made != results.make(Key(0, "y"))


def test_structured_content_fits_and_its_json_is_the_text() -> None:
    results = ToolResults(tool("forecast", output=FORECAST))
    for seed in range(50):
        made = results.make(Key(seed))
        assert made is not None
        assert validator_for(FORECAST).is_valid(made["structuredContent"])
        assert json.loads(made["content"][0]["text"]) == made["structuredContent"]
        assert made == results.make(Key(seed))


@pytest.mark.parametrize(
    ("schema", "structured", "text"),
    [
        (SUM, {"result": 3}, "3"),
        ({**SUM, "properties": {"result": {"type": "string"}}}, {"result": "three"}, "three"),
        (FORECAST, {"result": "three"}, '{"result":"three"}'),
        ({"type": "array"}, [1, "ü"], '[1,"ü"]'),
    ],
)
def test_the_text_is_that_of_the_result_which_fastmcp_wrapped(schema: Any, structured: Any, text: str) -> None:
    made = ToolResults(tool("x", output=schema)).of(structured)
    assert made["content"] == [{"type": "text", "text": text}]
    assert made["structuredContent"] == structured


@pytest.mark.parametrize("schema", [{"not": {}}, {"type": "objekt"}, {"$ref": "https://example.com/x"}])
def test_where_nothing_fits_there_is_no_result(schema: Any) -> None:
    assert ToolResults(tool("x", output=schema)).make(KEY) is None


def test_an_output_schema_that_cannot_be_used_is_told() -> None:
    assert ToolResults(tool("x", output={"not": {}})).fault is None
    assert str(ToolResults(tool("x", output={"type": "objekt"})).fault).startswith("the outputSchema cannot be used: ")


SCALARS = (
    st.builds(
        lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more},
        st.integers(-99, 99),
        st.integers(0, 9),
    )
    | st.builds(lambda low: {"type": "number", "exclusiveMinimum": low}, st.integers(-99, 99))
    | st.builds(
        lambda least, more: {"type": "string", "minLength": least, "maxLength": least + more},
        st.integers(0, 9),
        st.integers(0, 9),
    )
    | st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1, None]}, {"const": [1]}, {"type": ["string", "null"]}]
    )
    | st.sampled_from(
        [{"type": "string", "format": each} for each in ("date", "date-time", "email", "uri", "uuid", "ipv4")]
    )
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: (
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 3))
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4).map(
            lambda properties: {
                "type": "object",
                "properties": properties,
                "required": sorted(properties)[:2],
                "additionalProperties": False,
            }
        )
        | st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
        | inner.map(
            lambda inside: {"$defs": {"it": inside}, "$ref": "#/$defs/it"} if "$defs" not in str(inside) else inside
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS, st.integers(0, 9))
def test_any_usual_schema_is_kept(schema: dict[str, Any], seed: int) -> None:
    if "$defs" in str(schema) and "$defs" not in schema:
        return  # a reference leads to the root, where nothing is
    made = ToolResults(tool("x", output=schema)).make(Key(seed))
    assert made is not None
    assert validator_for(schema).is_valid(made["structuredContent"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (None, f"n: {KEY.word('text', 0)}"),
        ("text/plain; charset=utf-8", f"n: {KEY.word('text', 0)}"),
        ("application/yaml", f"n: {KEY.word('text', 0)}"),
        ("text/html", "<!doctype html><title>n</title>"),
        ("image/svg+xml", "<text>n"),
        ("application/json", '{"name":"n"'),
        ("application/geo+json", '{"name":"n"'),
    ],
)
def test_a_resource_is_a_text_of_its_kind(kind: str | None, expected: str) -> None:
    entry = {"uri": "x://y", "name": "n"} | ({} if kind is None else {"mimeType": kind})
    (content,) = read_result("x://y", entry, KEY)["contents"]
    assert content["text"].startswith(expected)
    assert content.get("mimeType") == kind
    assert content["uri"] == "x://y"


def test_a_resource_that_is_no_text_is_a_blob() -> None:
    (content,) = read_result("x://y", {"uri": "x://y", "title": "T", "mimeType": "image/png"}, KEY)["contents"]
    assert base64.b64decode(content["blob"]).decode().startswith("T: ")
    assert "text" not in content


def test_a_prompt_is_a_message_with_the_description() -> None:
    made = prompt_result({"name": "greet", "description": "A greeting."}, KEY)
    assert made["description"] == "A greeting."
    assert made["messages"][0]["content"]["text"].startswith("greet: ")
    assert "description" not in prompt_result({"name": "greet"}, KEY)
