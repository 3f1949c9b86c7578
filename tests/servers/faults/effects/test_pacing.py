import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.faults.draft import Draft, Piece, frame
from servers.faults.effects.pacing import paced_as

ONE, TWO, THREE = frame(b"1"), frame(b"2"), frame(b"3")
STREAM = [(b"content-type", b"text/event-stream")]


def stream(*pieces: tuple[bytes, float]) -> Draft:
    return Draft(200, list(STREAM), [Piece(data, wait) for data, wait in pieces])


def json_reply(*pieces: tuple[bytes, float]) -> Draft:
    return Draft(200, [(b"content-type", b"application/json")], [Piece(data, wait) for data, wait in pieces])


def pieces_of(draft: Draft) -> list[tuple[bytes, float]]:
    return [(piece.data, piece.wait) for piece in draft.pieces]


def test_an_event_keeps_its_wait_wherever_it_goes() -> None:
    before = stream((ONE, 0.1), (TWO, 0.2))
    assert pieces_of(paced_as(before, before.with_events([TWO, THREE, ONE]))) == [(TWO, 0.2), (THREE, 0.0), (ONE, 0.1)]


def test_an_event_that_is_rewritten_keeps_the_wait_of_its_place() -> None:
    before = stream((ONE, 0.1), (TWO, 0.2))
    assert pieces_of(paced_as(before, before.with_events([ONE, THREE]))) == [(ONE, 0.1), (THREE, 0.2)]


def test_a_wait_of_its_own_counts_more() -> None:
    assert pieces_of(paced_as(stream((ONE, 0.1)), stream((ONE, 0.5)))) == [(ONE, 0.5)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"abcdefgh", [(b"ab", 0.0), (b"cd", 0.1), (b"efgh", 0.2)]),
        (b"abc", [(b"ab", 0.0), (b"c", 0.1)]),
        (b"ab", [(b"ab", 0.0)]),
        (b"", []),
    ],
)
def test_a_body_is_cut_where_the_one_before_was(body: bytes, expected: list[tuple[bytes, float]]) -> None:
    before = json_reply((b"12", 0.0), (b"34", 0.1), (b"5", 0.2))
    assert pieces_of(paced_as(before, before.with_body(body))) == expected


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=5), st.lists(st.binary(max_size=20), max_size=4))
def test_no_byte_is_lost_or_added(before: list[bytes], after: list[bytes]) -> None:
    old = stream(*((data, 0.1) for data in before))
    new = old.with_body(*after)
    assert paced_as(old, new).body == new.body
