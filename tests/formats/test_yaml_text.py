"""Text that is no YAML: what is said about it is for people who write YAML, not for people who write parsers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.errors import InvalidDocument
from formats.yaml_text import read_yaml


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\n\tb: 2\n", ":2: not valid YAML: a tab cannot indent; use blanks"),
        ("a: `x`\n", ":1: not valid YAML: a text that begins with ` has to be in quotes"),
        ("a: @x\n", ":1: not valid YAML: a text that begins with @ has to be in quotes"),
        ("a: *\n", ":1: not valid YAML: a text that begins with * or & has to be in quotes"),
        ("a: 1\n---\nb: 2\n", ":2: not valid YAML: has a second document, after ---; there should be one"),
        ("a: b: c\n", ":1: not valid YAML: a text with a colon and a blank in it has to be in quotes"),
        ("a:\n  - b: 1\n   c: 2\n", ":3: not valid YAML: the indentation does not fit the lines above, or a quote is"),
        ("a: {b: 1\n", ":2: not valid YAML: a bracket is open at the end: } is missing"),
        ("a: [\n", ":2: not valid YAML: there should be a value here"),
        ("a: [1, 2}\n", ":1: not valid YAML: there should be , or ] here"),
        ("a: 1\nbc\nd: 2\n", ":3: not valid YAML: there should be a colon and a blank behind a key"),
        ('a: "b\n', ":2: not valid YAML: a quote is open at the end"),
        ("? [a]\n: 3\n", ":1: not valid YAML: a key should be a text, not a list or a mapping"),
        ("a: 1\nb: c\x01\n", ":2: not valid YAML: the character U+0001 cannot stand in it as it is"),
        ("a: 1\nb: 2026-02-30\n", ":2: not valid YAML: 2026-02-30: day is out of range for month"),
        ("a: 1\nb: !!int x\n", ":2: not valid YAML: x: invalid literal for int() with base 10: 'x'"),
        ("a: !!python/name:os.system x\n", ":1: not valid YAML: could not determine a constructor for the tag"),
        ("[" * 5000, ": not valid YAML: it is nested too deeply"),
        ("a: &a [*a]\n", ": not valid YAML: it is nested too deeply"),
        ("a: 1\nb:\n  - c: {d: 1, e: 2, d: 3}\n", ":3: b[0].c.d is given twice"),
    ],
)
def test_it_says_where_and_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        read_yaml(text, "file")
    (problem,) = refused.value.problems
    assert problem.startswith(f"file{sentence}")
    assert "\n" not in problem


def test_the_value_comes_with_nodes_that_know_their_lines() -> None:
    root, value = read_yaml("a: 1\nb: [x]\n", "file")
    assert value == {"a": 1, "b": ["x"]}
    assert root is not None
    assert root.value[1][0].start_mark.line == 1


@given(st.text(alphabet="ab:-[]{},*&!|>'\"%@`#?\t\n 01\x00\x85\ud800é", max_size=30))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        read_yaml(text, "file")
    except InvalidDocument as error:
        problems = error.problems
    assert all("\n" not in problem for problem in problems)
