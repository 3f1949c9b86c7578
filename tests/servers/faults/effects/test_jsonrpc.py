import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from servers.faults.effects.jsonrpc import Jsonrpc, other_id
from tests.support.acting import Acting, SocketClient, acting_server, listed, seen
from tests.support.raw_mcp import MODERN


@pytest.fixture(scope="module")
def acting(response: str) -> Iterator[Acting]:
    with acting_server(response) as server:
        yield server


@pytest.fixture
def client(acting: Acting, era: str) -> SocketClient:
    return SocketClient(acting.url, era)


def jsonrpc(**settings: Any) -> Jsonrpc:
    return Jsonrpc.model_validate(settings)


def agrees(acting: Acting, era: str, *effects: Jsonrpc) -> bool:
    """Whether the load generator reports what the last effect says it must."""
    with acting.on("tools/call", *effects):
        outcome = seen(acting, era)
    assert acting.acted == [True] * len(effects)
    return outcome == acting.expected[-1] is not None


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize(
    ("code", "modern_status"),
    [(-32700, 400), (-32600, 400), (-32602, 400), (-32601, 404), (-32603, 200), (-32022, 400), (7, 200)],
)
def test_an_error_stands_in_place_of_the_result(
    acting: Acting, client: SocketClient, era: str, code: int, modern_status: int, phase: str
) -> None:
    effect = jsonrpc(error=code, message="no", data={"why": None}, phase=phase)
    with acting.on("tools/call", effect):
        reply = client.add()
    assert reply.status == (modern_status if era == MODERN else 200)
    assert json.loads(reply.body) == {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": code, "message": "no", "data": {"why": None}},
    }
    assert reply.headers.get("mcp-session-id") == client.headers.get("Mcp-Session-Id")
    assert acting.executed == [phase == "after"]
    assert agrees(acting, era, effect)


def test_an_error_has_no_data_unless_it_is_given(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", jsonrpc(error=-32603)):
        error = client.add().message["error"]
    assert error == {"code": -32603, "message": "injected by the fault plane"}
    with acting.on("tools/call", jsonrpc(error=-32603, data=None)):
        assert client.add().message["error"]["data"] is None


def test_of_two_errors_the_first_counts(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", jsonrpc(error=1), jsonrpc(error=2)):
        assert client.add().message["error"]["code"] == 1
    assert acting.acted == [True, False]


@pytest.mark.parametrize(
    ("kind", "came"), [("wrong", 1_000_001), ("null", None), (None, None), ("string", "1"), ("missing", "absent")]
)
def test_the_reply_has_another_id(acting: Acting, client: SocketClient, era: str, kind: str | None, came: Any) -> None:
    with acting.on("tools/call", jsonrpc(id=kind)):
        message = client.add().message
    assert message.get("id", "absent") == came
    assert type(message.get("id", "absent")) is type(came)
    assert message["result"]["structuredContent"] == {"result": 3}
    assert agrees(acting, era, jsonrpc(id=kind))


def test_an_id_that_is_text_cannot_become_text(acting: Acting, client: SocketClient, era: str) -> None:
    meta = client.headers  # every part of the request but the id is an ordinary one's
    params: dict[str, Any] = {"name": "add", "arguments": {"a": 1, "b": 2}}
    own = {}
    if era == MODERN:
        prefix = "io.modelcontextprotocol/"
        params["_meta"] = {f"{prefix}protocolVersion": MODERN, f"{prefix}clientCapabilities": {}}
        own = {"Mcp-Method": "tools/call", "Mcp-Name": "add"}
    body = json.dumps({"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": params}).encode()
    with acting.on("tools/call", jsonrpc(id="string"), jsonrpc(id="wrong")):
        reply = client.post_bytes(body, **meta, **own)
    assert acting.acted == [False, True]
    assert reply.message["id"] == "x-other"


def test_the_reply_comes_twice(acting: Acting, client: SocketClient, era: str) -> None:
    right = client.add()
    with acting.on("tools/call", jsonrpc(duplicate=True)):
        reply = client.add()
    assert reply.headers["content-type"] == right.headers["content-type"]
    written = json.dumps(right.message, separators=(",", ":")).encode()
    assert reply.body == right.body.replace(written, written * 2) != right.body
    assert agrees(acting, era, jsonrpc(duplicate=True))
    assert acting.expected == ["parse"]


def test_what_is_wrong_in_a_stream_is_the_stream(acting: Acting, response: str, era: str) -> None:
    assert agrees(acting, era, jsonrpc(neither=True))
    assert acting.expected == ["sse_protocol" if (response, era) == ("sse", "2025-11-25") else "parse"]


def test_the_reply_has_both_a_result_and_an_error(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", jsonrpc(both=True)):
        message = client.add().message
    assert message["result"]["structuredContent"] == {"result": 3}
    assert message["error"]["code"] == -32603
    assert agrees(acting, era, jsonrpc(both=True))


def test_the_reply_has_neither_a_result_nor_an_error(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", jsonrpc(neither=True)):
        assert client.add().message == {"jsonrpc": "2.0", "id": 1}
    assert agrees(acting, era, jsonrpc(neither=True))


def test_a_result_holds_an_error(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", jsonrpc(error_in_result=-32000, message="deep")):
        message = client.add().message
    assert message["result"]["error"] == {"code": -32000, "message": "deep"}
    assert "content" not in message["result"]
    assert message["result"].get("resultType") == ("complete" if era == MODERN else None)
    assert agrees(acting, era, jsonrpc(error_in_result=-32000))


def test_a_list_holds_an_error(acting: Acting, era: str) -> None:
    with acting.on("tools/list", jsonrpc(error_in_result=-32000)):
        assert seen(acting, era, listed) == "schema_violation" == acting.expected[-1]


def test_an_error_of_initialize_opens_no_session(acting: Acting) -> None:
    with acting.on("initialize", jsonrpc(error=-32603)):
        assert seen(acting, "2025-11-25") == "rpc_error" == acting.expected[-1]


def test_an_error_is_no_response_that_could_be_broken_further(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", jsonrpc(error=-32603), jsonrpc(id="wrong"), jsonrpc(neither=True)):
        assert client.add().message["id"] == 1
    assert acting.acted == [True, False, False]


def test_another_id_is_of_the_same_type() -> None:
    assert (other_id(8), other_id("8")) == (1_000_008, "8-other")


@pytest.mark.parametrize(
    "settings",
    [
        {"error": "-32603"},
        {"error": 2**31},
        {"error": 1, "message": 2},
        {"error": 1, "phase": "during"},
        {"id": "other"},
        {"duplicate": False},
        {"both": "yes"},
        {"neither": "no"},
        {"error_in_result": None},
        {"id": "wrong", "data": 1},
    ],
)
def test_a_bad_setting_is_one_complaint_that_names_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        jsonrpc(**settings)
    (complaint,) = caught.value.errors()
    assert complaint["loc"][-1] == list(settings)[-1]
