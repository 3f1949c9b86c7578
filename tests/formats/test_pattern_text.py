import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from formats.draw import Draw
from formats.pattern_text import pattern_text

USUAL = [
    "^[a-z0-9-]+$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[A-Z]{3}$",
    r"^(foo|bar)(baz)?$",
    r"^pay_[0-9a-f]{24}$",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
    r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$",
    r"^\+?[1-9]\d{1,14}$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"^(?<year>\d{4})/(?:0[1-9]|1[0-2])$",
    r"^\S+$",
    r"^[^/\s]+(/[^/]+)*$",
    r"^\u0041\x42\u{43}\.\/\\$",
    r"^a{2,4}?b*c+$",
    r"^[\w.-]+$",
    r"^[a\]b\-c]$",
    r"^[-a]{3}[a-]{3}$",
    r"^.{3,5}\s\W\D$",
    "abc",
    "",
    r"\bword\b",
    "^é+$",
    "^[^a-z]+$",
    "^[^\\x20-\\x60]{4}$",
    r"^\n\t$",
    r"^(a|b|)$",
]


@pytest.mark.parametrize("pattern", USUAL)
def test_a_text_matches_a_usual_pattern(pattern: str) -> None:
    check = validator_for({"pattern": pattern})
    for seed in range(50):
        text = pattern_text(pattern, Draw(seed))
        assert text is not None
        assert check.is_valid(text), text
        assert text == pattern_text(pattern, Draw(seed))


def test_texts_are_various_and_long_enough_where_they_may_be() -> None:
    texts = {pattern_text("^[a-z]+$", Draw(seed), 12) for seed in range(100)}
    assert len(texts) > 60
    assert any(text is not None and len(text) >= 12 for text in texts)
    assert all(len(pattern_text("^[a-z]+$", Draw(seed)) or "") <= 4 for seed in range(100))


@pytest.mark.parametrize(
    "pattern",
    [r"(a)\1", r"^\p{Lu}$", "(", "a)", "[a", "[z-a]", "[]", r"\ud800", "^[^\\x00-\\xff]$", "a{5000}", "(a{99}){99}"],
)
def test_of_others_there_is_no_idea(pattern: str) -> None:
    assert pattern_text(pattern, Draw(0)) is None


@pytest.mark.parametrize("pattern", ["(?=b)a", "(?!b)a", "(?<=b)a", "(?<!b)a"])
def test_what_looks_around_is_passed_over(pattern: str) -> None:
    assert pattern_text(pattern, Draw(0)) == "a"


def test_an_expression_without_end_takes_no_time() -> None:
    assert pattern_text("(" * 5000, Draw(0)) is None
    assert pattern_text("((((((((a*)*)*)*)*)*)*)*)*", Draw(0), 500) is None


LITERALS = st.text("ab.*-é", max_size=4).map(re.escape)
PATTERNS = st.recursive(
    LITERALS | st.sampled_from(["[a-c]", "[^a-c]", r"\d", r"\w", ".", r"[\d_]"]),
    lambda inner: (
        st.builds("({}|{})".format, inner, inner)
        | st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}"]))
        | st.builds("{}{}".format, inner, inner)
    ),
    max_leaves=8,
)


@given(PATTERNS, st.integers(0, 99))
def test_a_text_that_is_drawn_matches(pattern: str, seed: int) -> None:
    text = pattern_text(f"^(?:{pattern})$", Draw(seed))
    if text is not None:
        assert re.search(f"^(?:{pattern})$", text), text


@given(st.text(), st.integers(0, 9))
def test_no_text_makes_it_fail(pattern: str, least: int) -> None:
    pattern_text(pattern, Draw(0), least)
