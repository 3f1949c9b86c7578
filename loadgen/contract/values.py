"""JSON values in contracts: whether two are the same, and how a sentence shows one."""

import json
from typing import Any

LARGEST = 60
"""Characters of a value that a sentence shows."""


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON; true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def shown(value: Any, most: int = LARGEST) -> str:
    """A value as JSON, short, without what no terminal should get."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def became(old: Any, new: Any) -> str:
    """What happened to a value; None: it is not there."""
    if old is None:
        return f"is new: {shown(new)}"
    if new is None:
        return f"is gone: {shown(old)}"
    return f"went from {shown(old)} to {shown(new)}"
