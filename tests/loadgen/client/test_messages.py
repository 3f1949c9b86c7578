import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.client.messages import (
    RpcResult,
    encode_notification,
    encode_request,
    parse_json_response,
    parse_sse_response,
)
from loadgen.outcome import Parse, RpcError, SseProtocol


def response(**members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


def frames(*bodies: bytes) -> bytes:
    return b"".join(b"event: message\r\ndata: " + body + b"\r\n\r\n" for body in bodies)


def test_a_request_has_version_id_method_and_params() -> None:
    assert json.loads(encode_request(3, "tools/list", {"cursor": "x"})) == {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "tools/list",
        "params": {"cursor": "x"},
    }


def test_a_notification_has_no_id() -> None:
    assert json.loads(encode_notification("notifications/initialized")) == {
        "jsonrpc": "2.0",
        "method": "notifications/initialized",
    }


def test_a_result_with_my_id_is_the_answer() -> None:
    assert parse_json_response(response(id=5, result={"x": 1}), 5) == RpcResult({"x": 1})


def test_an_error_carries_its_code() -> None:
    answer = parse_json_response(response(id=5, error={"code": -32602, "message": "bad"}), 5)
    assert answer == RpcError("bad", -32602)


def test_an_error_without_an_id_is_mine_too() -> None:
    assert isinstance(parse_json_response(response(id=None, error={"code": 1, "message": "m"}), 5), RpcError)


MALFORMED = {
    "empty": b"",
    "not JSON": b"<html>",
    "cut short": b'{"jsonrpc":"2.0","id":5,"res',
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "no version": json.dumps({"id": 5, "result": {}}).encode(),
    "another id": response(id=6, result={}),
    "my id as text": response(id="5", result={}),
    "my id as a float": b'{"jsonrpc":"2.0","id":5.0,"result":{}}',
    "no id": response(result={}),
    "an error with another id": response(id=6, error={"code": 1, "message": "m"}),
    "both result and error": response(id=5, result={}, error={"code": 1, "message": "m"}),
    "neither result nor error": response(id=5),
    "a result that is no object": response(id=5, result=[1]),
    "an error that is no object": response(id=5, error="no"),
    "an error without a code": response(id=5, error={"message": "m"}),
    "an error with a code that is true": response(id=5, error={"code": True, "message": "m"}),
    "an error without a message": response(id=5, error={"code": 1}),
    "NaN": b'{"jsonrpc":"2.0","id":5,"result":{"x":NaN}}',
    "not UTF-8": b'{"jsonrpc":"2.0","id":5,"result":{"x":"\xff"}}',
    "nested without end": b"[" * 100_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_json_reply_is_a_parse_failure(body: bytes) -> None:
    assert isinstance(parse_json_response(body, 5), Parse)


def test_true_is_not_the_id_one() -> None:
    assert isinstance(parse_json_response(response(id=True, result={}), 1), Parse)


def test_the_response_is_found_behind_notifications_and_requests_of_the_server() -> None:
    stream = frames(
        response(method="notifications/progress", params={}),
        response(method="ping", id=5),
        response(id=5, result={"x": 1}),
        response(id=5, result={"x": 2}),
    )
    assert parse_sse_response(stream, 5) == RpcResult({"x": 1})


def test_an_event_with_empty_data_is_passed_over() -> None:
    assert parse_sse_response(b"id: 1\ndata: \n\n" + frames(response(id=5, result={})), 5) == RpcResult({})


@pytest.mark.parametrize(
    "stream",
    [b"", b": ping\n\n", frames(response(method="notifications/message")), frames(response(id=5, result={}))[:-4]],
    ids=["empty", "a comment", "a notification", "cut short"],
)
def test_a_stream_that_ends_without_a_response_breaks_the_protocol(stream: bytes) -> None:
    assert isinstance(parse_sse_response(stream, 5), SseProtocol)


@pytest.mark.parametrize("body", [response(id=4, result={}), response(id=5), b"[]"])
def test_a_frame_that_is_no_response_to_me_breaks_the_protocol(body: bytes) -> None:
    assert isinstance(parse_sse_response(frames(body), 5), SseProtocol)


def test_a_frame_that_is_not_json_does_not_parse() -> None:
    assert isinstance(parse_sse_response(frames(b"{"), 5), Parse)


@given(st.binary(max_size=300))
def test_no_bytes_raise(body: bytes) -> None:
    parse_json_response(body, 1)
    parse_sse_response(body, 1)
    parse_sse_response(b"data: " + body + b"\n\n", 1)
