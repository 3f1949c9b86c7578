"""Whether an answer is what an example expects: a sentence that says what was expected and what came, or nothing."""

import json
from typing import Any

import pytest

from formats.contract import Expectation
from loadgen.contract.answer import Answer
from loadgen.contract.expectation import find_fault

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def answer(result: Any = None, error: Any = None, status: int = 200) -> Answer:
    message = {"jsonrpc": "2.0", "id": 1} | ({"result": result} if error is None else {"error": error})
    return Answer(status, {"content-type": "application/json"}, json.dumps(message).encode())


def tool(structured: Any = None, text: str = "", **more: Any) -> Answer:
    said = {} if structured is None else {"structuredContent": structured}
    return answer({"content": [{"type": "text", "text": text}], **said, **more})


REFUSED = tool(text="no such thing", isError=True)
INVALID = answer(error={"code": -32602, "message": "Unknown"})


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (
            {"result": {"content": [], "structuredContent": {"n": 1}}},
            answer({"content": [], "structuredContent": {"n": 1.0}}),
        ),
        ({"result": {"content": []}}, answer({"content": [], "isError": False, "_meta": {"x": 1}, "ttlMs": 5})),
        ({"fits": True}, tool({"n": 1})),
        ({"fits": {"required": ["content"]}}, tool({"n": 1})),
        ({"match": {"/structuredContent/n": {"const": 1}, "/content/0/text": True}}, tool({"n": 1})),
        ({"tool_error": True}, REFUSED),
        ({"tool_error": "no such thing"}, REFUSED),
        ({"tool_error": {"pattern": "^no"}}, REFUSED),
        ({"error": {"code": -32602}}, INVALID),
        ({"error": {"code": -32602, "message": "Unknown"}}, INVALID),
    ],
)
def test_an_answer_as_expected_has_no_fault(expected: Any, got: Answer) -> None:
    assert find_fault(Expectation.model_validate(expected), got, SCHEMA) is None


@pytest.mark.parametrize(
    ("expected", "got", "fault"),
    [
        (
            {"result": {"content": [], "n": 1}},
            answer({"content": [], "n": True}),
            "the result differs at /n: expected 1, got true",
        ),
        (
            {"result": {"content": [], "n": 1}},
            answer({"content": []}),
            "the result differs at /n: expected 1, got nothing",
        ),
        (
            {"result": {"content": []}},
            answer({"content": [], "n": 1}),
            "the result differs at /n: expected nothing, got 1",
        ),
        ({"result": {"content": []}}, INVALID, 'a result expected, got HTTP 200 with error -32602 "Unknown"'),
        ({"fits": True}, tool({"n": "1"}), 'structuredContent.n breaks the outputSchema: "1" is not of type "integer"'),
        ({"fits": True}, tool(), "the tool has an outputSchema, but the result has no structuredContent"),
        ({"fits": True}, REFUSED, 'a result without isError expected, got the tool\'s error "no such thing"'),
        ({"fits": {"required": ["n"]}}, tool({"n": 1}), 'the result is not as expected: "n" is a required property'),
        (
            {"match": {"/structuredContent/m": True}},
            tool({"n": 1}),
            "/structuredContent/m: something expected, got nothing",
        ),
        (
            {"match": {"/structuredContent/n": {"const": True}}},
            tool({"n": 1}),
            "/structuredContent/n is not as expected: true was expected",
        ),
        (
            {"match": {"/content": {"items": {"required": ["uri"]}}}},
            tool(),
            '/content/0 is not as expected: "uri" is a required property',
        ),
        (
            {"match": {"/content": True}},
            REFUSED,
            'a result without isError expected, got the tool\'s error "no such thing"',
        ),
        ({"tool_error": True}, tool({"n": 1}), 'a result with isError expected, got one without: {"n": 1}'),
        ({"tool_error": "no"}, REFUSED, 'the tool\'s error "no" expected, got "no such thing"'),
        (
            {"tool_error": {"pattern": "^yes"}},
            REFUSED,
            'the tool\'s error is not as expected: "no such thing" does not match "^yes"',
        ),
        ({"error": {"code": -32602}}, tool(), "error -32602 expected, got HTTP 200 with a result"),
        ({"error": {"code": -32601}}, INVALID, 'error -32601 expected, got HTTP 200 with error -32602 "Unknown"'),
        (
            {"error": {"code": -32602, "message": "No"}},
            INVALID,
            'error -32602 "No" expected, got HTTP 200 with error -32602 "Unknown"',
        ),
        ({"fits": True}, Answer(503, {}, b"busy"), "a result expected, got HTTP 503: busy"),
    ],
)
def test_what_was_expected_and_what_came_is_said(expected: Any, got: Answer, fault: str) -> None:
    assert find_fault(Expectation.model_validate(expected), got, SCHEMA) == fault


def test_a_sentence_is_bounded_whatever_comes() -> None:
    fault = find_fault(Expectation.model_validate({"tool_error": "no"}), tool(text="n\n" * 100_000, isError=True))
    assert fault is not None
    assert len(fault) <= 300
    assert "\n" not in fault
