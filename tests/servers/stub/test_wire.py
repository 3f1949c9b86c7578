"""A stub on the wire, with the lane and without it, in both eras: it lists, says and answers what its contract does."""

import base64
import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from formats.contract import Contract
from servers.testing import RunningServer
from tests.support.differential import taken_by_lane
from tests.support.raw_mcp import HANDSHAKE, MODERN, PREFIX, RawClient, Reply, error_of, result_of, send
from tests.support.stub_contract import EXAMPLES, SAMPLE

CONTRACT = Contract.model_validate(SAMPLE)
INFO = {"name": "sample-server", "version": "9.8", "title": "A Sample"}


def read(raw: RawClient, uri: str) -> Reply:
    return raw.post("resources/read", {"uri": uri}, Mcp_Name=uri if raw.era == MODERN else "")


def test_everything_is_listed_word_for_word(raw: RawClient) -> None:
    for method, member, entries in (
        ("tools/list", "tools", CONTRACT.tools),
        ("resources/list", "resources", CONTRACT.resources),
        ("resources/templates/list", "resourceTemplates", CONTRACT.resource_templates),
        ("prompts/list", "prompts", CONTRACT.prompts),
    ):
        assert result_of(raw.post(method)) == {member: list(entries)}


def test_it_introduces_itself_as_the_server_did(stub: RunningServer) -> None:
    hello = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    first = result_of(RawClient(stub.url, HANDSHAKE).post("initialize", hello, Mcp_Session_Id=""))
    assert first["serverInfo"] == INFO
    assert first["instructions"] == "Be kind."
    assert first["protocolVersion"] == HANDSHAKE
    assert set(first["capabilities"]) == {"tools", "resources", "prompts", "logging", "completions", "extensions"}
    assert first["capabilities"]["resources"] == {"subscribe": True, "listChanged": False}
    discovered = RawClient(stub.url, MODERN).post("server/discover").message["result"]
    assert discovered["capabilities"] == {"tools": {}, "resources": {"listChanged": True}, "prompts": {}}
    assert discovered["instructions"] == "Be kind."
    assert discovered["_meta"][f"{PREFIX}serverInfo"] == INFO


def test_every_modern_reply_names_the_server(stub: RunningServer) -> None:
    raw = RawClient(stub.url, MODERN)
    for reply in (raw.call("forecast", {"city": "Rome"}), raw.post("tools/list"), read(raw, "memo://json")):
        assert reply.message["result"]["_meta"][f"{PREFIX}serverInfo"] == INFO
        assert reply.message["result"]["resultType"] == "complete"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["name"])
def test_an_example_is_answered_as_it_expects(raw: RawClient, example: dict[str, Any]) -> None:
    arguments = example.get("arguments", {})
    if "tool" in example:
        reply = raw.call(example["tool"], arguments)
    elif "prompt" in example:
        reply = raw.post("prompts/get", {"name": example["prompt"], "arguments": arguments})
    else:
        reply = read(raw, example["resource"])
    expect = example["expect"]
    if "error" in expect:
        assert error_of(reply) == expect["error"]
    elif "tool_error" in expect:
        assert reply.refusal == expect["tool_error"]
    elif "result" in expect:
        assert result_of(reply) == expect["result"] | ({"isError": False} if "tool" in example else {})
    else:
        structured = result_of(reply)["structuredContent"]
        assert set(structured) >= {"city", "unit", "days"}
        if "match" in expect:
            assert structured["city"] == "Oslo"
            assert -30 <= structured["days"][1]["low"] <= -20


def test_what_fastmcp_wraps_says_so(raw: RawClient) -> None:
    reply = raw.call("add", {"a": 1, "b": 2})
    assert reply.message["result"]["_meta"]["fastmcp"] == {"wrap_result": True}
    structured = result_of(reply)["structuredContent"]
    assert result_of(reply)["content"] == [{"type": "text", "text": str(structured["result"])}]


def test_arguments_are_validated_against_the_schema(raw: RawClient) -> None:
    assert raw.call("add", {"a": 1, "b": "2"}).refusal == 'invalid_arguments: b: "2" is not of type "integer".'
    assert "text: 5 is not" in raw.call("echo", {"text": 5}).refusal


def test_a_tool_whose_schema_cannot_be_used_takes_what_it_is_given(raw: RawClient) -> None:
    assert result_of(raw.call("odd", {"which": [1]})) == {"content": [], "given": [1], "isError": False}
    assert result_of(raw.call("odd", {}))["content"][0]["text"].startswith("odd: ")


def test_what_is_created_can_be_looked_up(raw: RawClient) -> None:
    made = result_of(raw.call("create", {"amount": 5, "note": "n"}))["structuredContent"]
    assert made == {"id": made["id"], "amount": 5, "note": "n"}
    assert result_of(raw.call("look", {"id": made["id"]}))["structuredContent"] == made
    another = result_of(raw.call("create", {"amount": 5}))["structuredContent"]
    assert another == {"id": another["id"], "amount": 5, "note": "none"}
    assert another["id"] != made["id"]


def test_a_key_gives_the_same_again(raw: RawClient) -> None:
    key = f"{raw.era}-{raw.headers.get('Mcp-Session-Id')}"
    first, second = (result_of(raw.call("create", {"amount": 5, "key": key}))["structuredContent"] for _ in range(2))
    assert first["id"] == second["id"]


def test_rules_refuse_and_fail(raw: RawClient) -> None:
    assert raw.call("create", {"amount": 500}).refusal == "declined: 500 is too much."
    reply = raw.call("look", {"id": "nobody"})
    assert error_of(reply) == {"code": -32044, "message": "no order nobody", "data": {"id": "nobody"}}


def test_an_unknown_tool_is_refused(raw: RawClient) -> None:
    assert raw.call("what", {}).refusal == "Unknown tool: 'what'"


def test_resources_are_read_as_their_kind(raw: RawClient) -> None:
    (made,) = result_of(read(raw, "memo://json"))["contents"]
    assert json.loads(made["text"])["name"] == "json"
    (picture,) = result_of(read(raw, "memo://picture"))["contents"]
    assert (picture["uri"], picture["mimeType"]) == ("memo://picture", "image/png")
    assert base64.b64decode(picture["blob"])
    (person,) = result_of(read(raw, "memo://people/ada"))["contents"]
    assert person["uri"] == "memo://people/ada"
    assert person["text"].startswith("<!doctype html>")
    assert result_of(read(raw, "memo://people/ada")) == result_of(read(raw, "memo://people/ada"))


def test_a_resource_that_is_not_there_is_the_error_of_its_era(raw: RawClient) -> None:
    reply = read(raw, "memo://nowhere")
    assert error_of(reply)["code"] == (-32002 if raw.era == HANDSHAKE else -32602)
    assert error_of(reply)["data"] == {"uri": "memo://nowhere"}
    assert reply.status == (200 if raw.era == HANDSHAKE else 400)


def test_a_prompt_is_a_message_once_it_has_what_it_requires(raw: RawClient) -> None:
    made = result_of(raw.post("prompts/get", {"name": "greet", "arguments": {"who": "Bob"}}))
    assert made["messages"][0]["role"] == "user"
    assert made["description"] == "A greeting."
    assert error_of(raw.post("prompts/get", {"name": "greet"})) == {"code": -32602, "message": "who is required"}
    assert error_of(raw.post("prompts/get", {"name": "nobody"})) == {
        "code": -32602,
        "message": "Unknown prompt: 'nobody'",
    }


def test_what_was_claimed_is_served(stub: RunningServer) -> None:
    raw = RawClient(stub.url, HANDSHAKE)
    for method in ("resources/subscribe", "resources/unsubscribe"):
        assert result_of(raw.post(method, {"uri": "memo://json"})) == {}
    assert result_of(raw.post("logging/setLevel", {"level": "debug"})) == {}
    reference = {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "who", "value": "A"}}
    assert result_of(raw.post("completion/complete", reference)) == {"completion": {"values": []}}
    assert result_of(raw.post("ping")) == {}


def test_what_was_not_claimed_is_unknown(stub: RunningServer) -> None:
    raw = RawClient(stub.url, MODERN)
    reference = {"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "who", "value": "A"}}
    reply = raw.post("completion/complete", reference)
    assert (reply.status, error_of(reply)["code"]) == (404, -32601)


@pytest.mark.parametrize(("method", "params"), [("tools/call", {}), ("prompts/get", {}), ("resources/read", {})])
def test_parameters_that_are_none_are_refused_by_fastmcp(raw: RawClient, method: str, params: dict[str, Any]) -> None:
    reply = raw.post(method, params, Mcp_Name="x" if raw.era == MODERN else "")
    assert error_of(reply)["code"] in (-32602, -32020)


def test_a_parameter_in_a_header_is_checked(stub: RunningServer) -> None:
    raw = RawClient(stub.url, MODERN)
    assert error_of(raw.call("routed", {"region": "eu"}))["code"] == -32020
    assert "routed: " in result_of(raw.call("routed", {"region": "eu"}, Mcp_Param_Region="eu"))["content"][0]["text"]


def test_calls_go_by_the_lane_where_there_is_one(stub: RunningServer, raw: RawClient, lane: bool) -> None:
    before = taken_by_lane(stub)
    for name, arguments in (("echo", {"text": "hi"}), ("forecast", {"city": "Rome"}), ("look", {"id": "x"})):
        raw.call(name, arguments)
    assert taken_by_lane(stub) - before == (3 if lane else 0)


def test_health_tells_what_it_does_not(stub: RunningServer) -> None:
    health = json.loads(send(f"{stub.base_url}/health", "GET", {}).body)
    assert (health["name"], health["testbed"]) == ("sample-server", True)
    assert set(health["limitations"]) == {
        "capabilities.tasks",
        "capabilities.extensions.com.example/odd",
        "capabilities.experimental",
        "tools.odd.inputSchema",
        "tools.impossible.outputSchema",
    }


def test_its_tools_are_the_labels_of_its_metrics(stub: RunningServer, raw: RawClient) -> None:
    raw.call("forecast", {"city": "Rome"})
    raw.call("made-up-by-a-client", {})
    text = send(f"{stub.base_url}/metrics", "GET", {}).body.decode()
    assert 'gen_ai_tool_name="forecast"' in text
    assert "made-up-by-a-client" not in text


def test_a_body_that_is_no_json_is_refused_as_by_every_server(stub: RunningServer) -> None:
    connection = HTTPConnection(urlsplit(stub.url).netloc, timeout=20)
    try:
        connection.request("POST", "/mcp", b"{", {"Content-Type": "application/json", "Accept": "*/*"})
        assert connection.getresponse().status == 400
    finally:
        connection.close()
