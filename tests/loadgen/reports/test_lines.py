"""Lines of reports: what fits, and what stays whole."""

import pytest

from loadgen.reports.lines import RULE, WIDTH, section, wrapped

LONG = "one-word-with-hyphens " * 9


@pytest.mark.parametrize(("text", "later"), [(LONG, 0), (f"  - {LONG}", 4), ("x" * 300, 2), (f"name: {'y' * 100}", 6)])
def test_no_line_is_wider_than_a_terminal_and_nothing_is_lost(text: str, later: int) -> None:
    lines = wrapped(text, later)
    assert max(map(len, [*lines, RULE])) <= WIDTH == 80
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line.startswith(" " * later) for line in lines[1:])


def test_flags_and_paths_stay_whole() -> None:
    assert {word for line in wrapped(LONG) for word in line.split()} == {"one-word-with-hyphens"}


def test_the_first_line_begins_where_the_text_does() -> None:
    assert wrapped(f"    {LONG}", 8)[0].startswith("    one")


def test_a_section_without_lines_has_no_heading() -> None:
    assert section("Notes", iter(())) == []
    assert section("Notes", ["one"]) == ["Notes", "-----", "one"]
