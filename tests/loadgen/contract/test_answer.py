"""Answers of any shape: what they are, in words, and what is wrong with them as JSON-RPC responses."""

import json
from typing import Any

import pytest

from loadgen.contract.answer import Answer, fault_of_id, fault_of_response


def of(message: Any, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/json; charset=utf-8"}, json.dumps(message).encode())


def events(*messages: Any) -> Answer:
    body = "".join(f"event: message\r\ndata: {json.dumps(message)}\r\n\r\n" for message in messages)
    return Answer(200, {"content-type": "text/event-stream"}, b": ping\r\n\r\n" + body.encode())


def response(**members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, **members}


def test_the_response_of_a_stream_is_its_first_message_that_is_one() -> None:
    answer = events(
        {"jsonrpc": "2.0", "method": "notifications/progress"}, response(result={"a": 1}), response(result={})
    )
    assert answer.result == {"a": 1}
    assert fault_of_response(answer, 1) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (of(response(result={})), "HTTP 200 with a result"),
        (of(response(result={"isError": True})), "HTTP 200 with a result with isError"),
        (of(response(error={"code": -32600, "message": "no"}), 400), "HTTP 400 with error -32600"),
        (of([1]), "HTTP 200 with other JSON"),
        (Answer(404, {"content-type": "text/plain"}, b"Not\nFound"), "HTTP 404: Not Found"),
        (Answer(405), "HTTP 405 without a body"),
        (Answer(200, {"content-type": "application/json"}, b"{"), "HTTP 200: {"),
        (Answer(200, {"content-type": "application/json"}, b'{"a": NaN}'), 'HTTP 200: {"a": NaN}'),
        (Answer(200, {"content-type": "application/json"}, b"\xff"), "HTTP 200: �"),
    ],
)
def test_what_came_is_told_in_one_line(answer: Answer, words: str) -> None:
    assert str(answer) == words


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(200), "there is no JSON-RPC response to the request 1"),
        (of({"id": 1, "result": {}}), 'the response has no "jsonrpc": "2.0"'),
        (of(response()), "the response has neither result and error"),
        (of(response(result={}, error={"code": 1, "message": ""})), "the response has both result and error"),
        (of(response(result=[])), "the result is no object"),
        (of(response(error={"code": "1", "message": ""})), "the error has no integer code or no message"),
        (of(response(error={"code": True, "message": ""})), "the error has no integer code or no message"),
        (of(response(error={"code": 1})), "the error has no integer code or no message"),
        (of(response(error="no")), "the error has no integer code or no message"),
    ],
)
def test_what_is_no_response_is_said(answer: Answer, fault: str) -> None:
    assert fault_of_response(answer, 1) == fault


@pytest.mark.parametrize(("sent", "back"), [(1, "1"), ("1", 1), (1, True), (1, 1.0), (1, None), (2**53 - 1, 2**53)])
def test_an_id_has_to_come_back_with_its_value_and_its_type(sent: Any, back: Any) -> None:
    assert (
        fault_of_id(of({"jsonrpc": "2.0", "id": back, "result": {}}), sent)
        == f"the response to {sent!r} has the id {back!r}"
    )
    assert fault_of_id(of({"jsonrpc": "2.0", "id": sent, "result": {}}), sent) is None


def test_json_without_bottom_is_no_message() -> None:
    deep = Answer(200, {"content-type": "application/json"}, b'{"a":' * 5_000 + b"1" + b"}" * 5_000)
    assert deep.messages == ()
    shallow = Answer(200, {"content-type": "application/json"}, b'{"a":' * 300 + b"1" + b"}" * 300)
    assert shallow.messages == ()
