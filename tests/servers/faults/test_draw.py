from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.faults.draw import Draws, draw

KEYS = st.tuples(st.integers(), st.text(), st.text(), st.integers(min_value=0), st.text())


@given(KEYS)
def test_a_draw_lies_in_the_half_open_unit_interval_and_is_the_same_each_time(
    key: tuple[int, str, str, int, str],
) -> None:
    assert 0.0 <= draw(*key) < 1.0
    assert draw(*key) == draw(*key) == Draws(*key[:3]).draw(*key[3:])


@given(KEYS, KEYS)
def test_two_keys_have_two_draws(one: tuple[int, str, str, int, str], other: tuple[int, str, str, int, str]) -> None:
    assert (draw(*one) == draw(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "ab", "c", 1, ""), (1, "a", "bc", 1, "")),
        ((1, "a", "b", 11, ""), (1, "a", "b", 1, "1")),
        ((11, "a", "b", 1, ""), (1, "1a", "b", 1, "")),
        ((1, "a:1", "b", 1, ""), (1, "a", "1:b", 1, "")),
    ],
)
def test_keys_that_would_be_written_alike_differ(
    one: tuple[int, str, str, int, str], other: tuple[int, str, str, int, str]
) -> None:
    assert draw(*one) != draw(*other)


def test_the_draws_of_a_seed_never_change() -> None:
    assert [draw(42, "slow-creates", "create_payment", n) for n in (1, 2, 3)] == [
        pytest.approx(value, abs=1e-15) for value in GOLDEN
    ]


GOLDEN = (0.7278906940717149, 0.5279731115274814, 0.1378147715359539)


def test_draws_are_spread_evenly_over_calls_rules_and_salts() -> None:
    values = sorted(
        draw(7, rule, tool, n, salt)
        for rule, tool, n, salt in product(("a", "b"), ("x", "y"), range(1, 1251), ("", "w"))
    )
    distance = max(abs(value - i / len(values)) for i, value in enumerate(values))
    assert distance < 1.63 / len(values) ** 0.5  # Kolmogorov and Smirnov, 1 %
