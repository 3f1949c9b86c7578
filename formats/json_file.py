"""JSON files that a person or a program wrote, read strictly: a key given twice, NaN and Infinity are errors."""

import json
import math
import re
from collections.abc import Iterable, Mapping
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
DEEPEST = 100
"""Objects and arrays in one another."""
_INTEGERS = range(-(2**63), 2**64)
"""Those that JSON readers keep exact."""


def load_json(path: Path, shape: type[T]) -> T:
    """Read `path` as a `shape`.

    Raises:
        InvalidInput: unreadable file, broken JSON, a key given twice, or values that do not fit; one sentence each, as
            `file: path.to[3].key …`, unknown keys and words with the nearest known one.
    """
    return parse_json(read_text(path, LARGEST), str(path), shape)


def parse_json(text: str, name: str, shape: type[T]) -> T:
    """Read `text` as `load_json` reads a file; complaints call it `name`.

    Integers beyond 64 bits become floating-point numbers, as they do on the wire.

    Raises:
        InvalidInput: as there.
    """
    data = _decoded(text, name)
    adapter = TypeAdapter(shape)
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        schema = adapter.json_schema()
        raise InvalidInput([f"{name}: {_sentence(problem, schema)}" for problem in error.errors()]) from error


def place(location: tuple[int | str, ...]) -> str:
    """A place in a document as people write it.

    >>> place(("tools", 3, "inputSchema"))
    'tools[3].inputSchema'
    """
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return steps.removeprefix(".")


def _decoded(text: str, name: str) -> Any:
    try:
        data = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite, parse_int=_of_64_bits
        )
        _check(data)
    except json.JSONDecodeError as error:
        raise InvalidInput([f"{name}:{error.lineno}: not valid JSON: {error.msg}"]) from error
    except (ValueError, RecursionError) as error:
        reason = _TOO_DEEP if isinstance(error, RecursionError) else str(error)
        raise InvalidInput([f"{name}: cannot be used: {reason}"]) from error
    return data


def _sentence(error: ErrorDetails, schema: Mapping[str, Any]) -> str:
    location = error["loc"]
    hint = ""
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(str(location[-1]), _keys(schema, location[:-1]))
    elif error["type"] == "literal_error":
        hint = did_you_mean(str(error["input"]), re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", "")))
    if len(location) > 1 and location[-1] == "[key]":  # as pydantic calls a key that does not fit
        location = location[:-1]
    return f"{place(location) or 'the document'} {complaint(error)}{hint}"


def _keys(root: Mapping[str, Any], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the object at `location` may have, by the JSON Schema `root`."""
    schemas: list[Any] = [root]
    for step in (*location, None):
        schemas = list(_alternatives(root, schemas))
        if step is not None:
            schemas = [_below(schema, step) for schema in schemas]
    return [key for schema in schemas for key in schema.get("properties", {})]


def _alternatives(root: Mapping[str, Any], schemas: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    """`schemas` with references and alternatives followed."""
    for schema in schemas:
        if not isinstance(schema, dict):
            continue
        reference = schema.get("$ref")
        if reference is not None:
            yield from _alternatives(root, [root.get("$defs", {}).get(reference.rpartition("/")[2])])
        elif "anyOf" in schema:
            yield from _alternatives(root, schema["anyOf"])
        else:
            yield schema


def _below(schema: Mapping[str, Any], step: int | str) -> Any:
    if isinstance(step, int):
        return schema.get("items")
    return schema.get("properties", {}).get(step, schema.get("additionalProperties"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} is given twice")
    return found


def _no_number(word: str) -> None:
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
