import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.errors import NothingMeasured
from loadgen.outcome import Category, Failure, HttpStatus, RpcError, Timeout, ToolError, printable


@given(st.text(max_size=2_000))
def test_a_detail_is_one_bounded_printable_line(text: str) -> None:
    detail = ToolError(text).detail
    assert len(detail) <= 300
    assert detail.isprintable()


@given(st.text(max_size=200), st.integers(min_value=1, max_value=50))
def test_printable_text_is_one_line_that_is_not_too_long(text: str, longest: int) -> None:
    shown = printable(text, longest)
    assert len(shown) <= longest
    assert shown.isprintable()


def test_an_error_of_ours_repeats_no_escape_sequences_of_a_server() -> None:
    assert str(NothingMeasured("the server has t\x1b[2J\nPASS: all")) == "the server has t [2J PASS: all"


def test_escape_sequences_do_not_reach_the_terminal() -> None:
    assert ToolError("a\x1b[31mb\nc").detail == "a [31mb c"


@pytest.mark.parametrize(
    ("failure", "label"),
    [
        (HttpStatus("x", 503), "http_status(503)"),
        (RpcError("x", -32602), "rpc_error(-32602)"),
        (Timeout("x", "first_byte"), "timeout(first_byte)"),
        (ToolError("x"), "tool_error"),
    ],
)
def test_a_label_holds_the_code_where_there_is_one(failure: Failure, label: str) -> None:
    assert failure.label == label


def test_the_kinds_are_the_documented_ones_and_every_category_is_used() -> None:
    kinds = typing.get_args(Failure)
    assert [kind.kind for kind in kinds] == [
        "connect",
        "tls",
        "reset",
        "timeout",
        "http_status",
        "content_type",
        "parse",
        "sse_protocol",
        "rpc_error",
        "tool_error",
        "schema_violation",
        "check_failed",
        "session_lost",
        "cancelled",
    ]
    assert {kind.category for kind in kinds} == set(Category)
