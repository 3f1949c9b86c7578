import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from servers.faults.effects.sse import Sse
from servers.faults.effects.stream_fault import response_at
from tests.support.acting import QUIET, Acting, SocketClient, acting_server, seen


@pytest.fixture(scope="module")
def acting(response: str) -> Iterator[Acting]:
    with acting_server(response) as server:
        yield server


@pytest.fixture
def client(acting: Acting, era: str) -> SocketClient:
    return SocketClient(acting.url, era)


def sse(**settings: Any) -> Sse:
    return Sse.model_validate(settings)


CHATTER = sse(chatter=2)
RESPONSE = 'data: {"jsonrpc":"2.0","id":1,"result":'


def kinds(messages: list[Any]) -> list[str]:
    """Each message in short: the number of a notification, or `result`."""
    return [m["params"]["data"][6] if "method" in m else f"result {m['id']}" for m in messages]


def agrees(acting: Acting, era: str, *effects: Sse, hangs: bool = False) -> bool:
    """Whether the load generator reports what the last effect says it must."""
    with acting.on("tools/call", *effects):
        outcome = seen(acting, era, within=QUIET) if hangs else seen(acting, era)
    assert acting.acted == [True] * len(effects)
    return outcome == acting.expected[-1]


def test_log_notifications_come_before_the_response(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", CHATTER):
        reply = client.add()
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert kinds(reply.messages) == ["1", "2", "result 1"]
    assert len(reply.chunks) == 3
    assert reply.ended
    assert agrees(acting, era, CHATTER)


@pytest.mark.parametrize(("drop", "left"), [(1, ["2", "result 1"]), (2, ["1", "result 1"]), (3, ["1", "2"])])
def test_an_event_is_left_out(acting: Acting, client: SocketClient, era: str, drop: int, left: list[str]) -> None:
    with acting.on("tools/call", CHATTER, sse(drop=drop)):
        assert kinds(client.add().messages) == left
    assert agrees(acting, era, CHATTER, sse(drop=drop))
    assert acting.expected == [None, "sse_protocol" if drop == 3 else None]


def test_the_only_event_is_left_out(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", sse(drop=1)):
        assert client.add().body == b""
    assert agrees(acting, era, sse(drop=1))


def test_where_there_is_no_such_event_nothing_is_dropped(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(drop=2)):
        assert client.add().message["result"]["structuredContent"] == {"result": 3}
    assert acting.acted == [False]


@pytest.mark.parametrize(
    ("settings", "came"),
    [
        ({"duplicate": "response"}, ["1", "2", "result 1", "result 1"]),
        ({"duplicate": 2, "times": 2}, ["1", "2", "2", "2", "result 1"]),
    ],
)
def test_an_event_comes_again(
    acting: Acting, client: SocketClient, era: str, settings: dict[str, Any], came: list[str]
) -> None:
    with acting.on("tools/call", CHATTER, sse(**settings)):
        assert kinds(client.add().messages) == came
    assert agrees(acting, era, CHATTER, sse(**settings))


def test_events_come_in_reverse(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", CHATTER, sse(reorder="reverse")):
        assert kinds(client.add().messages) == ["result 1", "2", "1"]
    assert agrees(acting, era, CHATTER, sse(reorder="reverse"))


def test_events_are_shuffled_the_same_way_for_the_same_call(acting: Acting, client: SocketClient, era: str) -> None:
    came = []
    for _ in range(2):
        with acting.on("tools/call", sse(chatter=5), sse(reorder="shuffle")):
            came.append(kinds(client.add().messages))
    assert came[0] == came[1] != ["1", "2", "3", "4", "5", "result 1"]
    assert sorted(came[0]) == ["1", "2", "3", "4", "5", "result 1"]
    assert agrees(acting, era, CHATTER, sse(reorder="shuffle"))


def test_one_event_has_no_other_order(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(reorder="reverse"), sse(reorder="shuffle")):
        assert client.add().status == 200
    assert acting.acted == [False, False]


def test_the_stream_ends_without_its_response(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", CHATTER, sse(omit_response=True)):
        reply = client.add()
    assert kinds(reply.messages) == ["1", "2"]
    assert reply.ended
    assert agrees(acting, era, sse(omit_response=True))


def test_a_stream_may_be_left_with_nothing_at_all(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(omit_response=True)):
        reply = client.add()
    assert (reply.status, reply.body, reply.ended) == (200, b"", True)
    assert reply.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("n", [0, 1, 2])
def test_nothing_comes_after_so_many_events(acting: Acting, client: SocketClient, era: str, n: int) -> None:
    with acting.on("tools/call", CHATTER, sse(stall=n)):
        reply = client.add()
    assert kinds(reply.messages) == ["1", "2"][:n]
    assert not reply.ended
    assert agrees(acting, era, CHATTER, sse(stall=n), hangs=True)
    assert acting.expected == [None, "timeout"]


def test_the_stream_stays_open_after_its_response(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", sse(stall=1)):
        reply = client.add()
    assert kinds(reply.messages) == ["result 1"]
    assert not reply.ended
    assert agrees(acting, era, sse(stall=1))
    assert acting.expected == [None]


@pytest.mark.parametrize("then", ["end", "hang"])
def test_only_comments_come(acting: Acting, client: SocketClient, era: str, then: str) -> None:
    with acting.on("tools/call", sse(comments_only=3, every="5ms", then=then)):
        reply = client.add()
    assert reply.chunks == (b": ping\r\n\r\n",) * 3
    assert reply.ended is (then == "end")
    assert agrees(acting, era, sse(comments_only=3, then=then), hangs=then == "hang")


def test_a_stray_reply_comes_before_the_right_one(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", sse(stray_reply="before")):
        reply = client.add()
    assert kinds(reply.messages) == ["result 1000001", "result 1"]
    assert reply.messages[0]["result"] == reply.messages[1]["result"]
    assert agrees(acting, era, sse(stray_reply="before"))


def test_a_stray_reply_comes_instead_of_the_right_one(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", CHATTER, sse(stray_reply="instead")):
        assert kinds(client.add().messages) == ["1", "2", "result 1000001"]
    assert agrees(acting, era, sse(stray_reply="instead"))


def test_what_a_server_says_before_its_response_is_an_event_too(acting: Acting, response: str) -> None:
    if response == "json":
        pytest.skip("this server says nothing before its response")
    client = SocketClient(acting.url, "2025-11-25")
    params = {"name": "count", "arguments": {"to": 2}, "_meta": {"progressToken": "t"}}
    with acting.on("tools/call", sse(drop=1), sse(reorder="reverse")):
        messages = client.ask("tools/call", params).messages
    assert messages[0]["result"]["structuredContent"] == {"result": 2}
    assert [message["params"]["progress"] for message in messages[1:]] == [1]
    assert acting.expected == [None, None]


def test_a_reply_that_may_not_be_a_stream_stays_as_it_is(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(omit_response=True)):
        reply = client.add(Accept="application/json")
    assert acting.acted == [False]
    if reply.status != 406:  # as servers answer who would not take their stream
        assert reply.headers["content-type"] == "application/json"
        assert json.loads(reply.body)["result"]["structuredContent"] == {"result": 3}


def test_a_stream_without_a_response_has_none_to_act_on(acting: Acting, client: SocketClient) -> None:
    others = [
        sse(omit_response=True),
        sse(chatter=1),
        sse(drop=1),
        sse(duplicate="response"),
        sse(duplicate=1),
        sse(stray_reply="before"),
    ]
    with acting.on("tools/call", sse(omit_response=True), *others):
        assert client.add().body == b""
    assert acting.acted == [True] + [False] * 6


def test_comments_have_neither_data_nor_a_response(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(comments_only=2), sse(data_lines=2), sse(omit_response=True)):
        assert client.add().body == b": ping\r\n\r\n" * 2
    assert acting.acted == [True, False, False]


def test_what_hangs_already_stays_as_it_is(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(stall=0), sse(chatter=1), sse(stall=1)):
        assert not client.add().ended
    assert acting.acted == [True, False, False]


def test_a_refusal_stays_as_it_is(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(omit_response=True)):
        assert client.post("tools/call", {"name": "add"}, Accept="text/html").status == 406
    assert acting.acted == [False]


def test_a_notification_has_no_reply_to_break(acting: Acting, client: SocketClient) -> None:
    with acting.on("notifications/cancelled", sse(omit_response=True)):
        client.post("notifications/cancelled", {"requestId": 9}, id=None)
    assert acting.acted == [False]
    assert acting.expected == [None]


def test_the_response_is_found_among_other_events() -> None:
    request = b'data: {"jsonrpc":"2.0","id":1,"method":"ping"}\n\n'
    response = b'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'
    assert response_at([b": hello\n\n", request, response, request, b"data: soon\n\n"]) == 2
    assert response_at([request, b"data:\n\n"]) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"drop": 0},
        {"duplicate": "request"},
        {"duplicate": 0},
        {"reorder": True},
        {"omit_response": False},
        {"stall": -1},
        {"comments_only": 0},
        {"comments_only": 1, "then": "explode"},
        {"stray_reply": "after"},
        {"chatter": 10_001},
        {"chatter": 1, "every": "often"},
        {"stall": 1, "every": 1},
    ],
)
def test_a_bad_setting_is_one_complaint_that_names_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        sse(**settings)
    (complaint,) = caught.value.errors()
    assert complaint["loc"][-1] == list(settings)[-1]
