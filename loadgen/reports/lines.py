"""Lines of reports for terminals of 80 columns."""

import textwrap
from collections.abc import Iterable

WIDTH = 80
RULE = "=" * WIDTH


def wrapped(text: str, later: int = 0) -> list[str]:
    """`text` in lines that fit, the first as far from the left as it begins, `later` ones so many columns.

    Words with hyphens, such as flags and paths, stay whole.
    """
    words = text.lstrip(" ")
    first = text[: len(text) - len(words)]
    return textwrap.wrap(words, WIDTH, initial_indent=first, subsequent_indent=" " * later, break_on_hyphens=False)


def section(title: str, lines: Iterable[str]) -> list[str]:
    """The lines under a heading; nothing where there are none."""
    body = list(lines)
    return [title, "-" * len(title), *body] if body else []
