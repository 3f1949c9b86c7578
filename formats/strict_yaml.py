"""YAML read strictly into a typed value: every problem at once, each with file, line and key."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from .errors import InvalidInput, complaint
from .nearest import did_you_mean
from .text_file import read_text

T = TypeVar("T")
Location = tuple[int | str, ...]
Problem = tuple[Location, str]
"""Where something is wrong, and what: the end of a sentence whose subject is the key there."""


def _nothing_else(_: Any) -> Iterable[Problem]:
    return ()


def load_yaml(path: Path, shape: type[T], find_more: Callable[[Any], Iterable[Problem]] = _nothing_else) -> T:
    """Read `path` into `shape` (anything pydantic understands; forbid extra keys there to make unknown keys errors).

    `find_more` gets the document as it was written, whether or not it fits `shape`, and says what is wrong with values
    that do not go together; so such problems come along with all others.

    Raises:
        InvalidInput: unreadable file, broken YAML, a key given twice, or values that do not fit; one sentence each,
            as `file:line: key …`, unknown keys with the nearest known one.
    """
    return parse_yaml(read_text(path), str(path), shape, find_more)


def parse_yaml(
    text: str, name: str, shape: type[T], find_more: Callable[[Any], Iterable[Problem]] = _nothing_else
) -> T:
    """Read `text` as `load_yaml` reads a file; complaints call it `name`.

    Raises:
        InvalidInput: as there.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        twice = [f"{name}:{_line(key)}: {key.value} is given twice" for key in repeated_keys(root)]
        data = None if twice else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2026-02-30 is a ValueError
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InvalidInput([f"{where}: not valid YAML: {reason}"]) from error
    if twice:
        raise InvalidInput(twice)
    adapter = TypeAdapter(shape)
    values: list[T] = []
    problems: list[Problem] = []
    try:
        values.append(adapter.validate_python(data))
    except ValidationError as error:
        names = property_names(adapter.json_schema())
        problems = [(e["loc"], complaint(e) + _hint(e, names)) for e in error.errors()]
        if root is None:  # there is no null in it, there is nothing at all
            problems = [(place, problem.replace(", got null", ", got nothing")) for place, problem in problems]
    problems += find_more(data)
    if problems:
        raise InvalidInput([text for _, text in sorted(_placed(name, root, problems), key=lambda placed: placed[0])])
    return values[0]


def _hint(error: ErrorDetails, names: set[str]) -> str:
    """The nearest valid word, if there is one near."""
    given, known = "", list[str]()
    if error["type"] == "extra_forbidden":
        given, known = str(error["loc"][-1]), sorted(names)
    elif error["type"] == "literal_error":
        given, known = str(error["input"]), re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", ""))
    return did_you_mean(given, known)


def _placed(name: str, root: yaml.Node | None, problems: Iterable[Problem]) -> Iterator[tuple[int, str]]:
    """Each problem as a sentence, with its line."""
    for location, problem in problems:
        node, key = _locate(root, location)
        line = _line(node)
        yield line, f"{name}:{line}: {key or 'the document'} {problem}"


def _locate(root: yaml.Node | None, loc: Location) -> tuple[yaml.Node | None, str]:
    """The deepest node on the way of `loc`, and the way as a person writes it: `payments[2].amount`."""
    node, way = root, ""
    for number, step in enumerate(loc, start=1):
        found: yaml.Node | None = None
        if step == "[key]":  # as pydantic calls a key that does not fit
            continue
        if isinstance(node, yaml.MappingNode):
            found = next(
                (v if v.start_mark.line > k.start_mark.line else k for k, v in node.value if k.value == str(step)), None
            )
            value = next((v for k, v in node.value if k.value == str(step)), None)
            way += f".{step}" if way else str(step)
            node = value if value is not None and number < len(loc) else found or node
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            way += f"[{step}]"
            node = node.value[step] if step < len(node.value) else node
    return node, way


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node is not None else 1


def repeated_keys(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The keys that a mapping, at any depth, has had before."""
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from repeated_keys(item)


def property_names(schema: Any) -> set[str]:
    """Every property name anywhere in a JSON Schema: the words a format knows."""
    if isinstance(schema, list):
        return {name for item in schema for name in property_names(item)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*(property_names(value) for value in schema.values()))
