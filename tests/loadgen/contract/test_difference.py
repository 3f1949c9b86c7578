"""The first place in which two JSON values differ."""

from typing import Any

import pytest

from loadgen.contract.difference import first_difference, same


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ([1, [2]], [1, [2.0]]), (None, None), ((1, 2), [1, 2])],
)
def test_numbers_that_are_equal_and_members_in_any_order_are_the_same(one: Any, other: Any) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (1, True, "the whole: expected 1, got true"),
        (0, False, "the whole: expected 0, got false"),
        ("1", 1, 'the whole: expected "1", got 1'),
        (None, False, "the whole: expected null, got false"),
        ({"a": [1, 2]}, {"a": [1, 3]}, "/a/1: expected 2, got 3"),
        ({"a": [1, 2]}, {"a": [1]}, "/a/1: expected 2, got nothing"),
        ({"a": [1]}, {"a": [1, None]}, "/a/1: expected nothing, got null"),
        ({"a": None}, {}, "/a: expected null, got nothing"),
        ({}, {"a/b~c": 1}, "/a~1b~0c: expected nothing, got 1"),
        ({"a": {}}, {"a": []}, "/a: expected {}, got []"),
    ],
)
def test_the_place_and_both_values_are_told(one: Any, other: Any, told: str) -> None:
    assert str(first_difference(one, other)) == told


def test_long_values_are_shown_in_one_bounded_line() -> None:
    assert len(str(first_difference("a" * 10_000, "b\n" * 10_000))) < 250
