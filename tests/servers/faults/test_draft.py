import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.faults.draft import Draft, Piece, cut, data_of, frame

RESPONSE = {"jsonrpc": "2.0", "id": 1, "result": {"text": "grüße"}}
PING = b": ping\r\n\r\n"
PROGRESS = frame(b'{"jsonrpc":"2.0","method":"notifications/progress"}')


def json_reply() -> Draft:
    return Draft.from_json(200, RESPONSE, [(b"mcp-session-id", b"s")])


def stream(*events: bytes) -> Draft:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
    return Draft(200, headers, [Piece(event) for event in events])


def test_a_reply_of_the_server_loses_only_what_delivery_adds() -> None:
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"2"), (b"Date", b"now"), (b"X-Own", b"1")]
    draft = Draft.of_reply(200, headers, [b"{", b"", b"}"])
    assert draft == Draft(200, [(b"content-type", b"application/json"), (b"x-own", b"1")], [Piece(b"{"), Piece(b"}")])


def test_a_json_reply_has_its_message() -> None:
    draft = json_reply()
    assert not draft.is_stream
    assert draft.message == RESPONSE
    assert draft.events == []
    assert draft.length == len(draft.body)


def test_a_stream_has_the_message_of_its_last_event_with_data() -> None:
    reply = json_reply().as_stream()
    assert reply is not None
    draft = stream(PING, PROGRESS, reply.body, PING)
    assert draft.is_stream
    assert draft.message == RESPONSE
    assert [data_of(event) != b"" for event in draft.events] == [False, True, True, False]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_events_end_at_blank_lines_of_any_kind(end: bytes) -> None:
    events = [b"event: message" + end + b"data: {" + end + b'data: "a": 1}' + end * 2, b": ping" + end * 2]
    draft = stream(*events)
    assert draft.events == events
    assert draft.message == {"a": 1}


def test_what_is_no_message_is_none() -> None:
    assert Draft(200).message is None
    assert Draft(200, [], [Piece(b"[1]")]).message is None
    assert Draft(200, [], [Piece(b"\xff")]).message is None
    assert stream(PING).message is None


def test_json_becomes_a_stream_of_one_event_with_status_200() -> None:
    draft = Draft.from_json(400, RESPONSE, [(b"mcp-session-id", b"s")]).as_stream()
    assert draft is not None
    assert draft.status == 200
    assert draft.is_stream
    assert (b"mcp-session-id", b"s") in draft.headers
    assert len([name for name, _ in draft.headers if name == b"content-type"]) == 1
    assert draft.body.startswith(b'event: message\r\ndata: {"jsonrpc"')
    assert draft.events == [draft.body]
    assert draft.message == RESPONSE
    assert draft.as_stream() is draft


def test_json_over_several_lines_becomes_one_line_of_an_event() -> None:
    draft = Draft(200, [], [Piece(b'{\n"a":\r\n1}')]).as_stream()
    assert draft is not None
    assert draft.body == b'event: message\r\ndata: {"a":1}\r\n\r\n'


def test_a_stream_becomes_json_without_what_it_said_before() -> None:
    draft = stream(PING, PROGRESS, frame(b'{"id":1}')).as_json()
    assert draft == Draft(200, [(b"content-type", b"application/json")], [Piece(b'{"id":1}')])
    reply = json_reply()
    assert reply.as_json() is reply


def test_what_has_no_message_becomes_neither() -> None:
    text = Draft(503, [(b"content-type", b"text/plain")], [Piece(b"no")])
    assert text.as_stream() is None
    assert text.as_json() is None
    assert stream(PING).as_json() is None


def test_a_message_is_replaced_in_its_framing() -> None:
    other = {"id": 2}
    assert json_reply().with_message(other).body == b'{"id":2}'
    replaced = stream(PROGRESS, frame(b'{"id":1}'), PING).with_message(other)
    assert replaced.events == [PROGRESS, frame(b'{"id":2}'), PING]
    assert stream(PING).with_message(other).events == [PING, frame(b'{"id":2}')]


def test_a_copy_can_be_edited_alone() -> None:
    draft = json_reply()
    copy = draft.copy()
    copy.pieces[0].wait = 1.0
    copy.headers.append((b"x", b"y"))
    assert draft == json_reply()


def test_a_header_is_set_once_or_not_at_all() -> None:
    draft = Draft(200, [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert draft.with_header(b"a", b"4").headers == [(b"b", b"2"), (b"a", b"4")]
    assert draft.with_header(b"a", None).headers == [(b"b", b"2")]


def test_a_reply_that_is_cut_off_still_promises_its_length_unless_it_is_a_stream() -> None:
    draft = json_reply()
    cut_off = draft.cut_off(5, "reset")
    assert (cut_off.body, cut_off.declared_length, cut_off.ending) == (draft.body[:5], draft.length, "reset")
    assert stream(PING).cut_off(5, "close").declared_length is None


@given(st.lists(st.binary(max_size=5)), st.integers(0, 30))
def test_cutting_keeps_the_first_bytes_and_the_waits(datas: list[bytes], length: int) -> None:
    pieces = [Piece(data, float(i)) for i, data in enumerate(datas)]
    kept = cut(pieces, length)
    assert b"".join(piece.data for piece in kept) == b"".join(datas)[:length]
    assert [piece.wait for piece in kept] == [piece.wait for piece in pieces[: len(kept)]]


@given(st.lists(st.sampled_from([PING, PROGRESS, b"data: 1\n\n", b"id: 4\rdata:\r\r"])), st.binary(max_size=4))
def test_events_joined_are_the_body(events: list[bytes], rest: bytes) -> None:
    draft = stream(*events, rest.replace(b"\r", b"").replace(b"\n", b""))
    assert b"".join(draft.events) == draft.body
    assert draft.events[: len(events)] == events


def test_waits_add_up() -> None:
    assert Draft(200, [], [Piece(b"a", 1.0), Piece(b"b"), Piece(b"c", 0.5)]).wait == 1.5
