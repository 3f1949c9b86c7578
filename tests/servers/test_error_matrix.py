"""What a server answers to requests that a client gets wrong, in both eras, answering JSON and SSE."""

import pytest

from servers.testing import RunningServer, running_server
from tests.support.raw_mcp import HANDSHAKE, JSON_HEADERS, MODERN, RawClient, send

ADD = {"a": 1, "b": 2}


def test_an_unknown_tool_is_an_is_error_result(raw: RawClient) -> None:
    reply = raw.call("nope", {})
    assert reply.status == 200
    assert reply.refusal == "Unknown tool: 'nope'"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"a": "1", "b": 2}, 'invalid_arguments: a should be a valid number, got "1".'),
        ({"a": [], "c": 1}, "invalid_arguments: a should be a valid number, got []; b is required; c is not known."),
        ({"a": 1}, "invalid_arguments: b is required."),
        ({"a": 1, "b": 2, "c": 3}, "invalid_arguments: c is not known."),
        ({"a": float("nan"), "b": 2}, "invalid_arguments: a should be a finite number, got NaN."),
        ({"a": 1, "b": float("inf")}, "invalid_arguments: b should be a finite number, got Infinity."),
    ],
)  # fmt: skip
def test_wrong_arguments_are_an_is_error_result_of_one_sentence(
    raw: RawClient, arguments: dict[str, object], sentence: str
) -> None:
    reply = raw.call("add", arguments)
    assert reply.status == 200
    assert reply.refusal == sentence


def test_a_refused_calculation_is_an_is_error_result_of_one_sentence(raw: RawClient) -> None:
    assert raw.call("divide", {"a": 1, "b": 0}).refusal == "division_by_zero: b must not be zero."
    assert raw.call("multiply", {"a": 1e308, "b": 10}).refusal == (
        "overflow: 1e+308 * 10.0 is too large for a 64-bit float."
    )


def test_a_body_of_ten_megabytes_is_refused_with_413(raw: RawClient) -> None:
    reply = raw.call("add", {"a": 1, "b": "2" * 10_000_000})
    assert (reply.status, reply.body) == (413, b"Request body too large")


def test_a_body_that_is_no_json_is_a_parse_error(raw: RawClient) -> None:
    headers = {"Mcp-Method": "tools/call", "Mcp-Name": "add"} if raw.era == MODERN else {}
    reply = raw.post_bytes(b"{", **headers)
    assert reply.status == 400
    assert (reply.message["id"], reply.message["error"]["code"]) == (None, -32700)


def test_a_call_without_a_tool_name_is_an_error(raw: RawClient) -> None:
    reply = raw.post("tools/call", {"arguments": ADD})
    assert (reply.status, reply.message["error"]["code"]) == {
        HANDSHAKE: (200, -32602),
        MODERN: (400, -32602),
    }[raw.era]


def test_an_unknown_method_is_an_error(raw: RawClient) -> None:
    reply = raw.post("tools/burn")
    assert (reply.status, reply.message["error"]["code"]) == {
        HANDSHAKE: (200, -32601),
        MODERN: (404, -32601),
    }[raw.era]


def test_a_protocol_version_that_nobody_speaks_is_an_error(raw: RawClient) -> None:
    reply = raw.call("add", ADD, MCP_Protocol_Version="2099-01-01")
    assert reply.status == 400
    error = reply.message["error"]
    if raw.era == MODERN:
        assert error["code"] == -32022
        assert error["data"] == {"supported": [MODERN], "requested": "2099-01-01"}
    else:
        assert error["code"] == -32602


def test_a_missing_session_is_an_error_in_the_handshake_era_only(raw: RawClient) -> None:
    reply = raw.call("add", ADD, Mcp_Session_Id="")
    if raw.era == HANDSHAKE:
        assert reply.status == 400
        assert reply.message["error"] == {"code": -32600, "message": "Bad Request: Missing session ID"}
    else:
        assert reply.message["result"]["structuredContent"] == {"result": 3.0}


def test_an_unknown_session_is_an_error_in_the_handshake_era_only(raw: RawClient) -> None:
    reply = raw.call("add", ADD, Mcp_Session_Id="unknown")
    if raw.era == HANDSHAKE:
        assert reply.status == 404
        assert reply.message["error"] == {"code": -32600, "message": "Session not found"}
    else:
        assert reply.message["result"]["structuredContent"] == {"result": 3.0}


def test_a_deleted_session_is_unknown(calculator: RunningServer) -> None:
    client = RawClient(calculator.url, HANDSHAKE)
    assert send(client.url, "DELETE", client.headers).status == 200
    assert client.call("add", ADD).status == 404


def test_a_reply_that_the_client_does_not_accept_is_refused_with_406(raw: RawClient) -> None:
    assert raw.call("add", ADD, Accept="text/html").status == 406


@pytest.mark.parametrize("path", ["/mcp", "/health", "/metrics"])
@pytest.mark.parametrize(("header", "status"), [("Host", 421), ("Origin", 403)])
def test_a_foreign_host_or_origin_is_refused_on_every_route(
    calculator: RunningServer, path: str, header: str, status: int
) -> None:
    value = {"Host": "evil.example", "Origin": "http://evil.example"}[header]
    reply = send(calculator.base_url + path, "GET", {**JSON_HEADERS, header: value})
    assert reply.status == status


def test_a_call_is_answered_as_the_response_mode_says(raw: RawClient, response: str) -> None:
    streamed = response == "sse" and raw.era == HANDSHAKE  # a modern reply is a stream only once a notification came
    content_type = raw.call("add", ADD).headers["content-type"]
    assert content_type.split(";")[0] == ("text/event-stream" if streamed else "application/json")


@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
@pytest.mark.parametrize("method", ["tools/call", "tools/list"])
def test_max_body_bounds_what_the_lane_and_fastmcp_take(era: str, method: str) -> None:
    five_mib = {"name": "add", "arguments": {"a": 1, "b": 2}} | {"cursor": "x" * 5 * 2**20}
    with running_server("calculator", max_body=2**12) as small, running_server("calculator", max_body=2**23) as large:
        assert RawClient(small.url, era).post(method, five_mib).status == 413
        assert RawClient(large.url, era).post(method, five_mib).status == 200
