from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from formats.draw import Draw, Words


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


@given(st.integers(), st.text(), st.lists(st.integers(min_value=0, max_value=10**9), max_size=20))
def test_a_word_depends_on_key_and_index_and_not_on_what_was_looked_up_before(
    seed: int, name: str, ns: list[int]
) -> None:
    words = Words(seed, name)
    assert [words[n] for n in ns] == [Words(seed, name)[n] for n in ns]


def test_words_are_spread_over_64_bits() -> None:
    words = [Words("spread")[n] for n in range(1_000)]
    assert len(set(words)) == len(words)
    assert 0.47 < sum(words) / len(words) / 2**64 < 0.53
