from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from loadgen.client.sse import SseEvent, SseParser


def events(stream: bytes) -> list[SseEvent]:
    return SseParser().feed(stream)


def chunked(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


LINES = st.sampled_from(
    [
        b"",
        b"data",
        b"data:",
        b"data: x",
        b"data:  y",
        b'data: {"id":1}',
        b": ping",
        b"event: message",
        b"id: 7",
        b"retry: 5",
    ]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]))).map(
    lambda pairs: b"".join(line + end for line, end in pairs)
)


@given(st.one_of(STREAMS, st.binary(max_size=200)), st.lists(st.integers(min_value=0)))
def test_any_chunking_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    parser = SseParser()
    assert [event for chunk in chunked(stream, cuts) for event in parser.feed(chunk)] == events(stream)


@given(st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n"]))))
def test_any_line_end_gives_the_same_events(pairs: list[tuple[bytes, bytes]]) -> None:
    assert events(b"".join(line + end for line, end in pairs)) == events(b"".join(line + b"\n" for line, _ in pairs))


def test_data_lines_join_with_a_line_feed() -> None:
    assert events(b"data: a\r\ndata:b\r\n\r\n") == [SseEvent(b"a\nb")]


def test_only_one_leading_blank_of_a_value_goes() -> None:
    assert events(b"data:  a\n\n") == [SseEvent(b" a")]


def test_comments_and_unknown_fields_are_ignored() -> None:
    assert events(b": ping\n\nfoo: bar\ndata: a\n\n") == [SseEvent(b"a")]


def test_an_event_without_a_data_line_is_not_dispatched() -> None:
    assert events(b"event: message\nid: 3\n\n") == []


def test_a_priming_event_has_an_id_and_empty_data() -> None:
    assert events(b"id: 3\r\ndata: \r\nretry: 250\r\n\r\n") == [SseEvent(b"", id="3")]


def test_an_event_cut_short_by_the_end_is_not_dispatched() -> None:
    assert events(b"data: a\n\ndata: b\n") == [SseEvent(b"a")]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert events(b"\xef\xbb\xbfdata: a\n\n") == [SseEvent(b"a")]


def test_an_event_has_the_name_that_it_is_given_and_the_next_one_has_not() -> None:
    assert events(b"event: ping\ndata: a\n\ndata: b\n\n") == [SseEvent(b"a", "ping"), SseEvent(b"b")]


def test_an_id_with_a_nul_is_ignored() -> None:
    assert events(b"id: 3\ndata: a\n\nid: 4\x00\ndata: b\n\n") == [SseEvent(b"a", id="3"), SseEvent(b"b", id="3")]
