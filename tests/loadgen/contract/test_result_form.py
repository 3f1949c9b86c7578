"""The form of a tool's result, and output schemas that say nothing."""

from typing import Any

import pytest

from loadgen.contract.result_form import faults_of_result, is_vacuous

TEXT = {"type": "text", "text": "x"}


@pytest.mark.parametrize(
    "result",
    [
        {"content": []},
        {"content": [TEXT], "structuredContent": {"a": 1}, "isError": False},
        {"content": [{"type": "image", "data": "AA==", "mimeType": "image/png"}]},
        {"content": [{"type": "resource", "resource": {"uri": "x://y", "blob": "AA=="}}]},
        {"content": [{"type": "resource_link", "uri": "x://y", "name": "y"}]},
    ],
)
def test_results_of_every_kind_of_content_are_good(result: dict[str, Any]) -> None:
    assert list(faults_of_result(result, modern=False)) == []


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        ({}, "the result has no content list"),
        ({"content": ["x"]}, "content[0] is no object"),
        ({"content": [TEXT, {"type": "text"}]}, "content[1] has no text"),
        ({"content": [{"type": "audio"}]}, "content[0] has no data and no mimeType"),
        ({"content": [{"type": "video"}]}, "content[0] is of no known type: video"),
        ({"content": [{"type": ["text"]}]}, "content[0] is of no known type: ['text']"),
        (
            {"content": [{"type": "resource", "resource": {"uri": "x://y"}}]},
            "content[0] has no resource with a uri and contents",
        ),
        ({"content": [], "isError": 0}, "isError is neither true nor false"),
        ({"content": [TEXT], "structuredContent": [1]}, "structuredContent is no object"),
        ({"content": [], "structuredContent": {}}, "the result has structuredContent and no text"),
    ],
)
def test_what_is_wrong_with_a_result_is_said(result: dict[str, Any], fault: str) -> None:
    assert [sentence for _, sentence in faults_of_result(result, modern=False)] == [fault]


def test_modern_results_may_be_any_json() -> None:
    assert list(faults_of_result({"content": [TEXT], "structuredContent": [1]}, modern=True)) == []


@pytest.mark.parametrize(
    ("schema", "vacuous"),
    [
        ({"type": "object"}, True),
        ({}, True),
        ({"type": "object", "properties": {"other": {"type": "string"}}}, True),
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, False),
        ({"type": "object", "required": ["a"]}, False),
        ({"type": "object", "properties": {"b": {"properties": {"c": {"type": "string"}}}}}, False),
    ],
)
def test_a_schema_that_takes_any_member_is_vacuous(schema: dict[str, Any], vacuous: bool) -> None:
    assert is_vacuous(schema, {"a": 1, "b": {"c": "d"}}) is vacuous
