import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from loadgen.client.sse import SseParser
from servers.faults.draft import frame
from servers.faults.effects.sse import Sse
from servers.faults.effects.sse_bytes import LineEnds
from tests.support.acting import Acting, SocketClient, acting_server, seen


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


def agrees(acting: Acting, era: str, *effects: Sse) -> bool:
    """Whether the load generator reports what the last effect says it must: that is nothing, here."""
    with acting.on("tools/call", *effects):
        outcome = seen(acting, era)
    assert acting.acted == [True] * len(effects)
    return outcome is None and acting.expected[-1] is None


def said(body: bytes) -> Any:
    """What the one event of a stream says."""
    (event,) = SseParser().feed(body)
    return json.loads(event.data)["result"]["structuredContent"]


@pytest.mark.parametrize("size", [1, 7])
def test_the_stream_comes_in_chunks_of_so_many_bytes(acting: Acting, client: SocketClient, era: str, size: int) -> None:
    with acting.on("tools/call", sse(split=size)):
        reply = client.add()
    assert {len(chunk) for chunk in reply.chunks[:-1]} == {size}
    assert 0 < len(reply.chunks[-1]) <= size
    assert said(reply.body) == {"result": 3}
    assert agrees(acting, era, sse(split=size))


def test_a_stream_that_fits_one_chunk_is_not_split(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", sse(split=100_000)):
        client.add()
    assert acting.acted == [False]


def test_the_stream_is_cut_at_one_byte(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", sse(split_at=17, every="5ms")):
        reply = client.add()
    assert [len(reply.chunks), len(reply.chunks[0])] == [2, 17]
    assert said(reply.body) == {"result": 3}
    assert agrees(acting, era, sse(split_at=17, every="5ms"))


def test_the_stream_is_cut_at_a_drawn_byte(acting: Acting, client: SocketClient, era: str) -> None:
    cuts = []
    for _ in range(2):
        with acting.on("tools/call", sse(split_at="random")):
            reply = client.add()
        assert len(reply.chunks) == 2
        cuts.append(len(reply.chunks[0]))
    assert cuts[0] == cuts[1]
    assert agrees(acting, era, sse(split_at="random"))


def test_all_events_come_in_one_chunk(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", CHATTER, sse(merge=True)):
        reply = client.add()
    assert len(reply.chunks) == 1
    assert len(reply.messages) == 3
    assert agrees(acting, era, CHATTER, sse(merge=True))


@pytest.mark.parametrize(("name", "end"), [("cr", b"\r"), ("lf", b"\n"), ("crlf", b"\r\n")])
def test_lines_end_as_they_are_told(acting: Acting, client: SocketClient, era: str, name: str, end: bytes) -> None:
    with acting.on("tools/call", CHATTER, sse(line_ends=name)):
        reply = client.add()
    other = reply.body.replace(end, b"")
    assert reply.body.count(end * 2) == 3
    assert b"\r" not in other
    assert b"\n" not in other
    if name != "crlf":
        assert agrees(acting, era, CHATTER, sse(line_ends=name))


def test_line_ends_that_are_there_already_are_no_fault(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", CHATTER, sse(line_ends="crlf")):
        client.add()
    assert acting.acted == [True, False]


def test_lines_end_in_all_ways_at_once(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/call", CHATTER, sse(line_ends="mixed")):
        reply = client.add()
    assert reply.chunks[0].startswith(b"event: message\r\ndata: ")
    assert reply.chunks[0].endswith(b"}\n\r")
    assert len(SseParser().feed(reply.body)) == 3
    assert agrees(acting, era, CHATTER, sse(line_ends="mixed"))


@pytest.mark.parametrize("fields", [1, 2, 3, 4])
def test_mixed_line_ends_never_join_into_one(fields: int) -> None:
    event = frame(b"{}", b"event: message\r\n" * (fields - 1))
    stream = LineEnds(line_ends="mixed")._mix([event] * 6)
    assert len(SseParser().feed(b"".join(stream))) == 6


@pytest.mark.parametrize(("asked", "most"), [(2, 2), (5, 5), (10_000, 100)])
def test_data_comes_in_several_lines(acting: Acting, client: SocketClient, era: str, asked: int, most: int) -> None:
    with acting.on("tools/call", sse(data_lines=asked)):
        reply = client.add()
    assert 2 <= reply.body.count(b"data: ") <= most
    assert said(reply.body) == {"result": 3}
    assert agrees(acting, era, sse(data_lines=asked))


@pytest.mark.parametrize("kind", ["reused", "descending", "unknown"])
def test_events_have_ids_that_are_of_no_use(acting: Acting, client: SocketClient, era: str, kind: str) -> None:
    with acting.on("tools/call", CHATTER, sse(ids=kind)):
        reply = client.add()
    ids = [event.id for event in SseParser().feed(reply.body)]
    if kind == "unknown":
        assert len(set(ids)) == 3
    else:
        assert ids == (["1", "1", "1"] if kind == "reused" else ["3", "2", "1"])
    assert agrees(acting, era, CHATTER, sse(ids=kind))


@pytest.mark.parametrize("retry", [0, -1, 4_000_000_000, "soon"])
def test_the_time_to_reconnect_is_absurd(acting: Acting, client: SocketClient, era: str, retry: int | str) -> None:
    with acting.on("tools/call", sse(retry=retry)):
        reply = client.add()
    assert reply.body.startswith(f"retry: {retry}\r\nevent: message\r\ndata: ".encode())
    assert agrees(acting, era, sse(retry=retry))


@pytest.mark.parametrize(
    "later", [{"line_ends": "cr"}, {"data_lines": 3}, {"ids": "reused"}, {"retry": 0}, {"duplicate": "response"}]
)
def test_a_cut_outlasts_what_is_done_to_the_stream_later(
    acting: Acting, client: SocketClient, later: dict[str, Any]
) -> None:
    with acting.on("tools/call", sse(split_at=17), sse(**later)):
        reply = client.add()
    assert [len(reply.chunks), len(reply.chunks[0])] == [2, 17]
    assert len(SseParser().feed(reply.body)) == (2 if "duplicate" in later else 1)
    assert acting.acted == [True, True]


def test_a_cut_past_the_end_of_what_is_left_is_none(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/call", CHATTER, sse(split=150), sse(drop=3), sse(drop=2), sse(drop=1)):
        assert client.add().body == b""


@pytest.mark.parametrize("later", [{"drop": 2}, {"line_ends": "lf"}, {"reorder": "reverse"}, {"ids": "reused"}])
def test_a_wait_outlasts_what_is_done_to_the_stream_later(
    acting: Acting, client: SocketClient, later: dict[str, Any]
) -> None:
    with acting.on("tools/call", sse(chatter=2, every="20ms"), sse(**later)):
        client.add()
    assert acting.delays[0] > 0.015
    assert acting.acted == [True, True]


@pytest.mark.parametrize(
    "settings",
    [
        {"split": 0},
        {"split_at": 0},
        {"split_at": "middle"},
        {"line_ends": "none"},
        {"data_lines": 1},
        {"ids": "lost"},
        {"retry": "two\nlines"},
        {"retry": True},
        {"merge": False},
    ],
)
def test_a_bad_setting_is_one_complaint_that_names_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        sse(**settings)
    (complaint,) = caught.value.errors()
    assert complaint["loc"][-1] == list(settings)[-1]
