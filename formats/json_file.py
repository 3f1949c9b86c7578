"""JSON files that a person or a program wrote, read strictly: a key given twice, NaN and Infinity are errors."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from .errors import InvalidInput, complaint
from .nearest import did_you_mean
from .text_file import read_text

T = TypeVar("T")
LARGEST = 32 * 1024 * 1024
"""Characters that such a file may have."""


def load_json(path: Path, shape: type[T]) -> T:
    """Read `path` as a `shape`.

    Raises:
        InvalidInput: unreadable file, broken JSON, a key given twice, or values that do not fit; one sentence each, as
            `file: path.to[3].key …`, unknown keys with the nearest known one.
    """
    text = read_text(path, LARGEST)
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise InvalidInput([f"{path}:{error.lineno}: not valid JSON: {error.msg}"]) from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidInput([f"{path}: not valid JSON: {reason}"]) from error
    adapter = TypeAdapter(shape)
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise InvalidInput([f"{path}: {_sentence(problem, shape)}" for problem in error.errors()]) from error


def place(location: tuple[int | str, ...]) -> str:
    """A place in a document as people write it.

    >>> place(("tools", 3, "inputSchema"))
    'tools[3].inputSchema'
    """
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return steps.lstrip(".")


def _sentence(error: ErrorDetails, shape: Any) -> str:
    hint = ""
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        hint = did_you_mean(str(error["loc"][-1]), _keys(shape, error["loc"][:-1]))
    return f"{place(error['loc']) or 'the document'} {complaint(error)}{hint}"


def _keys(shape: Any, location: tuple[int | str, ...]) -> list[str]:
    """The keys that the object at `location` may have."""
    root = TypeAdapter(shape).json_schema()
    schema: Any = root
    for step in (*location, None):
        reference = schema.get("$ref", "")
        schema = root.get("$defs", {}).get(reference.rpartition("/")[2], {}) if reference else schema
        if step is not None:
            schema = schema.get("items", {}) if isinstance(step, int) else schema.get("properties", {}).get(step, {})
    return list(schema.get("properties", {}))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} is given twice")
    return found


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")
