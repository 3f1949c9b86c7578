"""JSON files that a person or a program wrote, read strictly: a key given twice, NaN and Infinity are errors."""

import json
import math
from pathlib import Path
from typing import Any, TypeVar

from .document import as_shape
from .errors import Finding, InvalidDocument
from .text_file import read_text

T = TypeVar("T")
LARGEST = 32 * 1024 * 1024
"""Characters that such a file may have."""
DEEPEST = 100
"""Objects and arrays in one another."""
_INTEGERS = range(-(2**63), 2**64)
"""Those that JSON readers keep exact."""


def load_json(path: Path, shape: type[T]) -> T:
    """Read `path` as a `shape`.

    Raises:
        InvalidInput: unreadable file.
        InvalidDocument: broken JSON, a key given twice, or values that do not fit; one sentence each, as
            `file: path.to[3].key …`, unknown keys and words with the nearest one that fits there.
    """
    return parse_json(read_text(path, LARGEST), str(path), shape)


def parse_json(text: str, name: str, shape: type[T]) -> T:
    """Read `text` as `load_json` reads a file; complaints call it `name`.

    Integers beyond 64 bits become floating-point numbers, as they do on the wire.

    Raises:
        InvalidDocument: as there.
    """
    return as_shape(_decoded(text, name), name, shape)


def _decoded(text: str, name: str) -> Any:
    try:
        data = json.loads(
            text, object_pairs_hook=once, parse_constant=no_number, parse_float=_finite, parse_int=_of_64_bits
        )
        _check(data)
    except json.JSONDecodeError as error:
        raise InvalidDocument(name, [Finding("", f"not valid JSON: {error.msg}", error.lineno)]) from error
    except (ValueError, RecursionError) as error:
        reason = _TOO_DEEP if isinstance(error, RecursionError) else str(error)
        raise InvalidDocument(name, [Finding("", f"cannot be used: {reason}")]) from error
    return data


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads`: an object, which has each key once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} is given twice")
    return found


def no_number(word: str) -> None:
    """For `json.loads`: NaN and Infinity are words of Python."""
    raise ValueError(f"{word} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number


def _of_64_bits(digits: str) -> int | float:
    number = _finite(digits)
    if abs(number) <= _INTEGERS.stop:  # few digits: the nearest floating-point number of an integer in range is
        exact = int(digits)
        return exact if exact in _INTEGERS else number
    return number


def _check(data: Any) -> None:
    """See that it can be handed on: not too deep, and all text is text that can be written again."""
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        texts = [each for each in level if isinstance(each, str)]
        texts += [key for each in level if isinstance(each, dict) for key in each]
        for text in texts:
            if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
                raise ValueError("a text has half of a surrogate pair, which is no character")
        level = [
            part
            for each in level
            if isinstance(each, dict | list)
            for part in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


_TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"
