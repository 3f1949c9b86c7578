import socket
from typing import Any

import pytest

from loadgen.schemas import OutputSchemas

SCHEMA = {
    "type": "object",
    "properties": {"amounts": {"type": "array", "items": {"type": "integer"}}},
    "required": ["amounts"],
}


def violation(schema: dict[str, Any] | None, result: dict[str, Any]) -> str | None:
    return OutputSchemas([("tool", schema)]).violation("tool", result)


def test_a_result_that_fits_is_no_violation() -> None:
    assert violation(SCHEMA, {"structuredContent": {"amounts": [1, 2]}}) is None


def test_a_violation_names_the_place() -> None:
    assert violation(SCHEMA, {"structuredContent": {"amounts": [1, "2"]}}) == (
        'structuredContent.amounts[1] breaks the outputSchema: "2" is not of type "integer"'
    )


def test_a_promised_result_that_is_missing_is_a_violation() -> None:
    assert violation(SCHEMA, {"content": []}) is not None


def test_a_tool_without_a_schema_may_answer_anything() -> None:
    assert violation(None, {}) is None


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "nonsense"}, '"nonsense" is not valid'),
        ({"$ref": "#/no"}, "Pointer '/no' does not exist"),
        ({"pattern": "("}, '"(" is not a "regex"'),
    ],
)
def test_a_schema_that_cannot_be_used_is_a_violation(schema: dict[str, Any], reason: str) -> None:
    sentence = violation(schema, {"structuredContent": {}})
    assert sentence is not None
    assert sentence.startswith(f"the tool's outputSchema cannot be used: {reason}")


def test_a_schema_never_makes_us_fetch_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        schema = {"$ref": f"http://127.0.0.1:{elsewhere.getsockname()[1]}/other.json"}
        sentence = violation(schema, {"structuredContent": {}})
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert sentence is not None
    assert "cannot be used" in sentence


def test_a_reply_nested_a_thousand_times_is_no_crash() -> None:
    content: dict[str, Any] = {}
    for _ in range(1000):
        content = {"deeper": content}
    sentence = violation({"additionalProperties": {"$ref": "#"}}, {"structuredContent": content})
    assert sentence is None or "cannot be checked" in sentence
