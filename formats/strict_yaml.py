"""YAML read strictly into a typed value: every problem at once, each with file, line and key."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from .errors import InvalidInput, complaint

T = TypeVar("T")


def load_yaml(path: Path, shape: type[T]) -> T:
    """Read `path` into `shape` (anything pydantic understands; forbid extra keys there to make unknown keys errors).

    Raises:
        InvalidInput: unreadable file, broken YAML, a key given twice, or values that do not fit; one sentence each,
            as `file:line: key …`, unknown keys with the nearest known one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidInput([f"{path}: cannot be read: {reason}"]) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        twice = [f"{path}:{_line(key)}: {key.value} is given twice" for key in _repeated_keys(root)]
        data = None if twice else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2026-02-30 is a ValueError
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InvalidInput([f"{where}: not valid YAML: {reason}"]) from error
    if twice:
        raise InvalidInput(twice)
    adapter = TypeAdapter(shape)
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        names = _property_names(adapter.json_schema())
        raise InvalidInput([_sentence(path, root, e["loc"], complaint(e), names) for e in error.errors()]) from error


def _sentence(path: Path, root: yaml.Node | None, loc: tuple[int | str, ...], problem: str, names: set[str]) -> str:
    node, key = _locate(root, loc)
    hint = ""
    if problem == "is not known" and (near := get_close_matches(str(loc[-1]), names, 1)):
        hint = f" (did you mean {near[0]}?)"
    return f"{path}:{_line(node)}: {key or 'the document'} {problem}{hint}"


def _locate(root: yaml.Node | None, loc: tuple[int | str, ...]) -> tuple[yaml.Node | None, str]:
    """The deepest node on the way of `loc`, and the way as a person writes it: `payments[2].amount`."""
    node, way = root, ""
    for step in loc:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            found = next(
                (v if v.start_mark.line > k.start_mark.line else k for k, v in node.value if k.value == step), None
            )
            value = next((v for k, v in node.value if k.value == step), None)
            way += f".{step}" if way else str(step)
            node = value if value is not None and step != loc[-1] else found or node
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            way += f"[{step}]"
            node = node.value[step] if step < len(node.value) else node
    return node, way


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node is not None else 1


def _repeated_keys(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item)


def _property_names(schema: Any) -> set[str]:
    """Every property name anywhere in a JSON Schema: the words a format knows."""
    if isinstance(schema, list):
        return {name for item in schema for name in _property_names(item)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*(_property_names(value) for value in schema.values()))
