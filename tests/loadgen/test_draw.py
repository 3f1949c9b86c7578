from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from loadgen.draw import Draw


@given(st.integers(), st.text(), st.integers(min_value=1, max_value=10**9))
def test_the_same_key_draws_the_same_numbers(seed: int, name: str, limit: int) -> None:
    first, second = Draw(seed, name), Draw(seed, name)
    assert [first.below(limit) for _ in range(5)] == [second.below(limit) for _ in range(5)]


def test_the_parts_of_a_key_do_not_run_together() -> None:
    assert Draw(1, "23").uuid() != Draw(12, "3").uuid()


@given(st.integers(), st.integers(min_value=-1000, max_value=1000), st.integers(min_value=0, max_value=1000))
def test_between_stays_between(seed: int, low: int, width: int) -> None:
    assert low <= Draw(seed).between(low, low + width) <= low + width


def test_every_number_of_a_range_is_drawn_about_as_often() -> None:
    drawn = [Draw("range", n).between(1, 4) for n in range(4_000)]
    assert all(abs(drawn.count(number) - 1_000) < 120 for number in (1, 2, 3, 4))


def test_a_uuid_is_a_version_4_one() -> None:
    assert UUID(Draw(1).uuid()).version == 4
