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
        "structuredContent.amounts[1] breaks the outputSchema: '2' is not of type 'integer'"
    )


def test_a_promised_result_that_is_missing_is_a_violation() -> None:
    assert violation(SCHEMA, {"content": []}) is not None


def test_a_tool_without_a_schema_may_answer_anything() -> None:
    assert violation(None, {}) is None


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"$ref": "http://127.0.0.1:9/other.json"}, {"$ref": "#/no"}])
def test_a_schema_that_cannot_be_used_is_a_violation_and_nothing_is_fetched(
    schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []

    def refuse(_: socket.socket, address: object) -> None:
        fetched.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert violation(schema, {"structuredContent": {}}) is not None
    assert fetched == []
