import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.client.messages import RpcResult
from loadgen.client.reply import PlainReply, RpcReply
from loadgen.client.transport import MAX_REPLY_BYTES
from loadgen.outcome import ContentType, Failure, HttpStatus, Parse, SseProtocol

RESPONSE = b'{"jsonrpc":"2.0","id":5,"result":{"x":1}}'


def answer(*chunks: bytes, status: int = 200, content_type: str | None = "application/json") -> RpcResult | Failure:
    reply = RpcReply(5)
    reply.head(status, {} if content_type is None else {b"content-type": content_type.encode()})
    for chunk in chunks:
        if reply.feed(chunk):
            break
    return reply.answer()


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_a_json_body_is_read_whole_whatever_its_pieces(content_type: str) -> None:
    assert answer(RESPONSE[:7], RESPONSE[7:], content_type=content_type) == RpcResult({"x": 1})


@given(st.integers(min_value=0, max_value=len(RESPONSE) + 20))
def test_an_event_stream_may_be_cut_anywhere(cut: int) -> None:
    stream = b": ping\r\n\r\ndata: " + RESPONSE + b"\r\n\r\n"
    assert answer(stream[:cut], stream[cut:], content_type="text/event-stream") == RpcResult({"x": 1})


def test_an_event_stream_is_enough_once_it_has_the_response() -> None:
    reply = RpcReply(5)
    reply.head(200, {b"content-type": b"text/event-stream"})
    assert not reply.feed(b"data: " + RESPONSE + b"\n")
    assert reply.feed(b"\n: and it goes on")


@pytest.mark.parametrize(
    ("chunks", "status", "content_type", "outcome"),
    [
        ([b""], 200, "application/json", Parse),
        ([b""], 200, "text/event-stream", SseProtocol),
        ([RESPONSE], 200, "text/html", ContentType),
        ([RESPONSE], 200, None, ContentType),
        ([RESPONSE], 202, "application/json", HttpStatus),
        ([b""], 202, None, HttpStatus),
        ([b""], 204, None, HttpStatus),
        ([RESPONSE], 500, "application/json", HttpStatus),
        ([b"no"], 503, "text/plain", HttpStatus),
        ([b"x" * MAX_REPLY_BYTES, b"x"], 200, "application/json", Parse),
        ([b"data: " + b"x" * MAX_REPLY_BYTES], 200, "text/event-stream", SseProtocol),
    ],
)
def test_any_other_reply_is_a_failure_of_its_kind(
    chunks: list[bytes], status: int, content_type: str | None, outcome: type[Failure]
) -> None:
    assert isinstance(answer(*chunks, status=status, content_type=content_type), outcome)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", bytes(range(256)) * 1_000),
        ("text/event-stream", b"data: " + bytes(range(32, 256)) * 1_000),
        ("text/event-stream", b"data:xy\n" * 30_000),
    ],
    ids=["a body", "a line", "data lines"],
)
def test_a_reply_in_small_pieces_takes_no_more_memory_than_its_bytes(content_type: str, body: bytes) -> None:
    reply = RpcReply(5)
    reply.head(200, {b"content-type": content_type.encode()})
    tracemalloc.start()
    try:
        for at in range(0, len(body), 2):
            assert not reply.feed(body[at : at + 2])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1.5 * len(body)


def test_a_status_is_told_with_the_first_words_of_its_body() -> None:
    assert answer(b"Too many open sessions", status=503, content_type="text/plain") == HttpStatus(
        "the server answered HTTP status 503: Too many open sessions", 503
    )


def test_the_body_of_an_error_is_not_read_without_end() -> None:
    reply = RpcReply(5)
    reply.head(500, {})
    assert reply.feed(b"x" * 10_000)


def test_the_session_is_named_by_the_header() -> None:
    reply = RpcReply(5)
    reply.head(200, {b"content-type": b"application/json", b"mcp-session-id": b"s"})
    assert reply.session_id == "s"


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (202, True), (204, True), (307, False), (404, False)])
def test_an_acknowledgement_is_any_success(status: int, accepted: bool) -> None:
    acknowledgement = PlainReply()
    acknowledgement.head(status, {})
    acknowledgement.feed(json.dumps({}).encode())
    assert (acknowledgement.failure() is None) is accepted


def test_the_body_of_an_acknowledgement_is_not_read_without_end() -> None:
    acknowledgement = PlainReply()
    acknowledgement.head(200, {})
    assert acknowledgement.feed(b"x" * 10_000)
