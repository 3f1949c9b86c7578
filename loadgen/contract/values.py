"""JSON values in sentences about contracts."""

import json
from typing import Any

LARGEST = 80
"""Characters of a value that a sentence shows."""


class _Nothing:
    """What is not there."""


NOTHING = _Nothing()


def shown(value: Any, most: int = LARGEST) -> str:
    """A value as JSON, short, without what no terminal should get; or nothing."""
    if value is NOTHING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = "".join(letter if letter.isprintable() else _escaped(letter) for letter in text[: most + 1])
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _escaped(letter: str) -> str:
    number = ord(letter)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004 - what four digits hold


def became(old: Any, new: Any) -> str:
    """What happened to a value; None: it is not there."""
    if old is None:
        return f"is new: {shown(new)}"
    if new is None:
        return f"is gone: {shown(old)}"
    return f"went from {shown(old)} to {shown(new)}"
