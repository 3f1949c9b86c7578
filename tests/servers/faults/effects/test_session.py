import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from loadgen.client.session import Session, call_tool
from loadgen.outcome import Ok, Outcome
from servers.faults.effects.session import Session as SessionFault
from tests.support.acting import Acting, SocketClient, SocketReply, acting_server, seen, speak
from tests.support.raw_mcp import CLIENT, HANDSHAKE, JSON_HEADERS, MODERN


@pytest.fixture(scope="module")
def acting(response: str) -> Iterator[Acting]:
    with acting_server(response) as server:
        yield server


@pytest.fixture
def client(acting: Acting) -> SocketClient:
    return SocketClient(acting.url, HANDSHAKE)


def session(**settings: Any) -> SessionFault:
    return SessionFault.model_validate(settings)


def initialize(acting: Acting) -> SocketReply:
    params = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": CLIENT}
    message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    return speak(acting.url, JSON_HEADERS, json.dumps(message).encode())


def refused(reply: SocketReply) -> tuple[int, int, str]:
    """Status, code and sentence of a refusal to the id null."""
    message = json.loads(reply.body)
    assert (message["jsonrpc"], message["id"]) == ("2.0", None)
    assert "mcp-session-id" not in reply.headers
    return reply.status, message["error"]["code"], message["error"]["message"]


@pytest.mark.parametrize("status", [403, 500, 503])
def test_initialize_is_refused(acting: Acting, status: int) -> None:
    with acting.on("initialize", session(refuse_initialize=status)):
        assert refused(initialize(acting)) == (status, -32603, "Initialize refused")
        assert seen(acting, HANDSHAKE) == "http_status" == acting.expected[-1]
    assert acting.executed == [False, False]


def test_initialize_is_slow(acting: Acting) -> None:
    with acting.on("initialize", session(slow_initialize="60ms")):
        assert initialize(acting).headers["mcp-session-id"]
        assert seen(acting, HANDSHAKE) is acting.expected[-1] is None
    assert min(acting.delays) >= 0.058  # uvloop counts in milliseconds


def test_too_many_sessions_are_open(acting: Acting) -> None:
    with acting.on("initialize", session(limit=0)):
        assert refused(initialize(acting)) == (503, -32603, "Too many open sessions")
        assert seen(acting, HANDSHAKE) == "http_status" == acting.expected[-1]


def test_below_the_limit_sessions_are_opened(acting: Acting) -> None:
    with acting.on("initialize", session(limit=9_999)):
        assert initialize(acting).status == 200
    assert acting.acted == [False]


@pytest.mark.parametrize("version", ["1999-01-01", MODERN])
def test_initialize_settles_on_a_wrong_version(acting: Acting, version: str) -> None:
    with acting.on("initialize", session(protocol_version=version)):
        reply = initialize(acting)
        assert seen(acting, HANDSHAKE) == "check_failed" == acting.expected[-1]
    assert reply.message["result"]["protocolVersion"] == version
    assert reply.headers["mcp-session-id"]


def test_an_older_version_is_no_failure(acting: Acting) -> None:
    with acting.on("initialize", session(protocol_version="2025-03-26")):
        assert initialize(acting).message["result"]["protocolVersion"] == "2025-03-26"
        assert seen(acting, HANDSHAKE) is acting.expected[-1] is None


def test_a_session_expires_now(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", session(expire=404)):
        assert refused(client.add()) == (404, -32600, "Session not found")
        assert seen(acting, HANDSHAKE) == "session_lost" == acting.expected[-1]
    assert acting.executed == [False, False]


def test_each_answer_is_byte_for_byte_what_fastmcp_says(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", session(expire=404)):
        first = client.add()
    second = client.add()
    theirs = client.add(Mcp_Session_Id="0" * 32)
    for ours in (first, second):
        assert (ours.status, ours.body) == (theirs.status, theirs.body)
        assert ours.headers["content-type"] == theirs.headers["content-type"]


@pytest.mark.parametrize(("status", "expected"), [(404, "session_lost"), (400, "http_status")])
def test_whoever_goes_on_in_a_session_that_is_over_has_a_record_for_each_request(
    acting: Acting, client: SocketClient, status: int, expected: str
) -> None:
    with acting.on("tools/call", session(expire=status)):
        assert client.add().status == status
    assert [refused(client.add()), refused(client.ask("tools/list"))] == [(404, -32600, "Session not found")] * 2
    assert client.ask("notifications/initialized", id=None).status == 404
    assert acting.effects == ["session_expire", "session_gone", "session_gone"]
    assert acting.expected == [expected, "session_lost", "session_lost"]
    assert acting.acted == [True, True, True]
    assert acting.executed == [False, False, False]


def test_an_expired_session_is_a_bad_request(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", session(expire=400)):
        assert refused(client.add()) == (400, -32000, "Bad Request: No valid session ID provided")
        assert seen(acting, HANDSHAKE) == "http_status" == acting.expected[-1]
    assert client.add().status == 404, "the session is over all the same"


def test_a_session_that_is_over_cannot_expire(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", session(expire=404)):
        client.add()
        assert client.add().status == 404
    assert list(zip(acting.effects, acting.acted, strict=True)) == [
        ("session_expire", True),
        ("session_expire", False),
        ("session_gone", True),
    ]


def test_the_reply_names_another_session(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", session(rotate_id=True)):
        reply = client.add()
    rotated = reply.headers["mcp-session-id"]
    assert len(rotated) == 32
    assert rotated != client.headers["Mcp-Session-Id"]
    assert reply.head.lower().count(b"mcp-session-id:") == 1
    assert reply.message["result"]["structuredContent"] == {"result": 3}
    assert client.add(Mcp_Session_Id=rotated).status == 404
    assert (acting.effects, acting.expected) == (["session_rotate_id", "session_gone"], [None, "session_lost"])
    assert client.add().status == 200


async def _add_twice(opened: Session) -> Outcome:
    first = await call_tool(opened, "add", {"a": 1, "b": 2})
    return await call_tool(opened, "add", {"a": 1, "b": 2}) if isinstance(first, Ok) else first


def test_a_correct_client_keeps_its_session_id(acting: Acting) -> None:
    with acting.on("tools/call", session(rotate_id=True)):
        assert seen(acting, HANDSHAKE, _add_twice) is None
    assert acting.acted == [True, True]
    assert acting.expected == [None, None]


@pytest.mark.parametrize(
    "effect",
    [{"refuse_initialize": 503}, {"slow_initialize": 1}, {"limit": 0}, {"protocol_version": "x"}],
)
def test_faults_of_initialize_leave_calls_alone(acting: Acting, client: SocketClient, effect: dict[str, Any]) -> None:
    with acting.on("tools/call", session(**effect)):
        assert client.add().status == 200
    assert (acting.acted, acting.expected) == ([False], [None])


@pytest.mark.parametrize("effect", [{"expire": 404}, {"rotate_id": True}])
def test_the_modern_era_has_no_sessions(acting: Acting, effect: dict[str, Any]) -> None:
    with acting.on("tools/call", session(**effect)):
        assert SocketClient(acting.url, MODERN).add(Mcp_Session_Id="any").status == 200
    assert (acting.acted, acting.expected) == ([False], [None])
    assert session(**effect).eras() == {"handshake"}


@pytest.mark.parametrize("effect", [{"expire": 404}, {"rotate_id": True}])
def test_initialize_has_no_session_to_lose(acting: Acting, effect: dict[str, Any]) -> None:
    with acting.on("initialize", session(**effect)):
        assert initialize(acting).status == 200
    assert acting.acted == [False]


@pytest.mark.parametrize(
    "settings",
    [
        {"refuse_initialize": 200},
        {"slow_initialize": "soon"},
        {"slow_initialize": 0},
        {"limit": -1},
        {"protocol_version": 1},
        {"expire": 410},
        {"expire": True},
        {"rotate_id": False},
        {"limit": 1, "status": 429},
    ],
)
def test_a_bad_setting_is_one_complaint_that_names_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        session(**settings)
    (complaint,) = caught.value.errors()
    assert complaint["loc"][-1] == list(settings)[-1]
