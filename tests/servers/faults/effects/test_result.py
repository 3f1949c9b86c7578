from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from servers.faults.effects.result import Result
from tests.support.acting import Acting, Described, SocketClient, acting_server, seen
from tests.support.raw_mcp import HANDSHAKE, MODERN


@pytest.fixture(scope="module")
def acting(response: str) -> Iterator[Acting]:
    with acting_server(response) as server:
        yield server


@pytest.fixture
def client(acting: Acting, era: str) -> SocketClient:
    return SocketClient(acting.url, era)


def result(**settings: Any) -> Result:
    return Result.model_validate(settings)


def agrees(acting: Acting, era: str, effect: Result) -> bool:
    """Whether the load generator reports what `effect` says it must."""
    with acting.on("tools/call", effect):
        outcome = seen(acting, era)
    assert acting.acted == [True]
    return outcome == acting.expected[0]


@pytest.mark.parametrize("phase", ["before", "after"])
def test_the_tool_reports_an_error(acting: Acting, client: SocketClient, era: str, phase: str) -> None:
    effect = result(is_error="wallet is asleep", phase=phase)
    with acting.on("tools/call", effect):
        reply = client.add()
    said: dict[str, Any] = {"content": [{"type": "text", "text": "wallet is asleep"}], "isError": True}
    if era == MODERN:
        said["resultType"] = "complete"
    assert reply.status == 200
    assert reply.message == {"jsonrpc": "2.0", "id": 1, "result": said}
    assert reply.headers.get("mcp-session-id") == client.headers.get("Mcp-Session-Id")
    assert acting.executed == [phase == "after"]
    assert agrees(acting, era, effect)
    assert acting.expected == ["tool_error"]


@pytest.mark.parametrize(
    ("settings", "content"),
    [
        ({"structured": "missing"}, {}),
        ({"structured": "wrong_type"}, {"result": "3.0"}),
        ({"structured": "null"}, {"result": None}),
        ({"structured": None}, {"result": None}),
        ({"structured": "null", "field": "result"}, {"result": None}),
        ({"structured": "absent"}, "absent"),
    ],
)
def test_the_structured_result_breaks_its_schema(
    acting: Acting, client: SocketClient, era: str, settings: dict[str, Any], content: Any
) -> None:
    with acting.on("tools/call", result(**settings)):
        answer = client.add().message["result"]
    assert answer.get("structuredContent", "absent") == content
    assert answer["content"][0]["text"] == "3.0"
    assert answer["isError"] is False
    assert acting.executed == [True]
    assert agrees(acting, era, result(**settings))
    assert acting.expected == ["schema_violation"]


def test_a_member_too_many_breaks_a_schema_that_allows_none(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", result(structured="extra")):
        content = client.ask("tools/call", {"name": "describe", "arguments": {}}).message["result"]["structuredContent"]
    assert acting.acted == [True]
    with pytest.raises(ValidationError):
        Described.model_validate(content)


@pytest.mark.parametrize("settings", [{"structured": "extra"}, {"structured": "null", "field": "sum"}])
def test_what_cannot_be_broken_stays_as_it_is(acting: Acting, client: SocketClient, settings: dict[str, Any]) -> None:
    with acting.on("tools/call", result(**settings)):
        assert client.add().message["result"]["structuredContent"] == {"result": 3}
    assert acting.acted == [False]


def test_a_tool_error_has_no_structured_result_to_break(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", result(structured="missing")):
        assert client.ask("tools/call", {"name": "divide", "arguments": {"a": 1, "b": 0}}).refusal
    assert acting.acted == [False]


@pytest.mark.parametrize("kind", ["missing", "partial"])
def test_the_type_of_the_result_is_missing_or_wrong(acting: Acting, kind: str) -> None:
    with acting.on("tools/call", result(result_type=kind)):
        answer = SocketClient(acting.url, MODERN).add().message["result"]
    assert answer.get("resultType", "missing") == kind
    assert answer["structuredContent"] == {"result": 3}
    assert agrees(acting, MODERN, result(result_type=kind))
    assert acting.expected == [None if kind == "missing" else "schema_violation"]


def test_input_is_required_in_every_round(acting: Acting) -> None:
    client = SocketClient(acting.url, MODERN)
    call: dict[str, Any] = {"name": "add", "arguments": {"a": 1, "b": 2}}
    states = []
    with acting.on("tools/call", result(input_required="Pay?")):
        for _ in range(3):
            answer = client.ask("tools/call", call).message["result"]
            states.append(answer["requestState"])
            assert answer["resultType"] == "input_required"
            (asked,) = answer["inputRequests"].values()
            assert (asked["method"], asked["params"]["message"]) == ("elicitation/create", "Pay?")
            assert asked["params"]["requestedSchema"]["type"] == "object"
            inputs = {"confirm": {"action": "accept", "content": {"confirm": True}}}
            call |= {"inputResponses": inputs, "requestState": answer["requestState"]}
        for odd in (7, "round-x", "round-" + "9" * 5_000):
            answer = client.ask("tools/call", {**call, "requestState": odd}).message["result"]
            assert answer["requestState"] == "round-1"
    assert states == ["round-1", "round-2", "round-3"]
    assert acting.executed == [False] * 6
    assert agrees(acting, MODERN, result(input_required="Pay?"))
    assert acting.expected == ["schema_violation"]


@pytest.mark.parametrize("settings", [{"result_type": "missing"}, {"input_required": "Pay?"}])
def test_the_handshake_era_knows_no_types_of_result(acting: Acting, settings: dict[str, Any]) -> None:
    with acting.on("tools/call", result(**settings)):
        assert SocketClient(acting.url, HANDSHAKE).add().message["result"]["structuredContent"] == {"result": 3}
    assert (acting.acted, acting.expected) == ([False], [None])
    assert result(**settings).eras() == {"modern"}


@pytest.mark.parametrize(
    "settings",
    [
        {"is_error": 5},
        {"is_error": "x", "phase": "never"},
        {"structured": "wrong"},
        {"structured": "missing", "field": 1},
        {"result_type": "complete"},
        {"result_type": ""},
        {"input_required": ""},
        {"is_error": "x", "code": 1},
    ],
)
def test_a_bad_setting_is_one_complaint_that_names_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        result(**settings)
    (complaint,) = caught.value.errors()
    assert complaint["loc"][-1] == list(settings)[-1]
