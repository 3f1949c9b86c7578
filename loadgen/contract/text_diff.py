"""Texts that a model or a person reads and that are not the same any more: always for a person to look at."""

import unicodedata
from typing import Any

from .change import Change
from .values import became, shown

_BEFORE = 15
_AFTER = 45
_INVISIBLE = frozenset({"Cf", "Co", "Cn", "Cc"})
"""Categories of characters that no person sees and that a model reads all the same."""


def text_change(old: Any, new: Any, where: str) -> Change:
    """The change of a text at the place `where`; None: there is none. It is shown from where both begin to differ."""
    hidden = _hidden(new) - _hidden(old)
    warning = f"; characters in it that nobody sees: {hidden}" if hidden > 0 else ""
    if not isinstance(old, str) or not isinstance(new, str):
        return Change("review", where, f"{became(old, new)}{warning}")
    common = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(old))
    begin = max(0, min(common, len(new)) - _BEFORE)
    return Change("review", where, f"reads differently: {_from(old, begin)} became {_from(new, begin)}{warning}")


def _from(text: str, begin: int) -> str:
    return shown(f"{'…' if begin else ''}{text[begin:]}", _BEFORE + _AFTER)


def _hidden(text: Any) -> int:
    letters = text if isinstance(text, str) else ""
    return sum(unicodedata.category(letter) in _INVISIBLE and letter not in "\n\t\r" for letter in letters)
