"""How a sentence shows a value."""

from typing import Any

import pytest

from loadgen.contract.values import LARGEST, NOTHING, became, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NOTHING, "nothing"),
        (None, "null"),
        ({"b": 1, "a": [True, "ü"]}, '{"a": [true, "ü"], "b": 1}'),
        ("a\x1b[2Jb", '"a\\u001b[2Jb"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("x" * 100, f'"{"x" * (LARGEST - 2)}…'),
        (object, "\"<class 'object'>\""),
    ],
)
def test_it_is_one_short_line_of_json_that_moves_no_cursor(value: Any, text: str) -> None:
    assert shown(value) == text
    assert len(text) <= LARGEST


def test_what_became_of_it() -> None:
    assert became(None, 1) == "is new: 1"
    assert became(1, None) == "is gone: 1"
    assert became(1, [2]) == "went from 1 to [2]"
