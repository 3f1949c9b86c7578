"""YAML read strictly into a typed value: every problem at once, each with file, line and key."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from .document import as_shape, nothing_else
from .errors import Finding, InvalidDocument
from .known_keys import Location
from .problems import Problem
from .text_file import read_text
from .yaml_text import read_yaml

T = TypeVar("T")


def load_yaml(path: Path, shape: type[T], find_more: Callable[[Any], Iterable[Problem]] = nothing_else) -> T:
    """Read `path` into `shape` (anything pydantic understands; forbid extra keys there to make unknown keys errors).

    `find_more` gets the document as it was written, whether or not it fits `shape`, and says what is wrong with values
    that do not go together; so such problems come along with all others.

    Raises:
        InvalidInput: unreadable file.
        InvalidDocument: broken YAML, a key given twice, or values that do not fit; one sentence each, as
            `file:line: key …`, unknown keys with the nearest one that fits there.
    """
    return parse_yaml(read_text(path), str(path), shape, find_more)


def parse_yaml(
    text: str,
    name: str,
    shape: type[T],
    find_more: Callable[[Any], Iterable[Problem]] = nothing_else,
    homes: Mapping[str, str] | None = None,
) -> T:
    """Read `text` as `load_yaml` reads a file; complaints call it `name`.

    `homes` are keys that `find_more` knows and `shape` does not, with the keys of the mappings that they belong in.

    Raises:
        InvalidDocument: as there.
    """
    root, data = read_yaml(text, name)
    if root is None:
        raise InvalidDocument(name, [Finding("", "the document is empty", 1)])
    return as_shape(data, name, shape, find_more, homes, partial(_line_of, root))


def _line_of(node: yaml.Node, location: Location) -> int:
    """The line of the last node on the way of `location`: of a value that begins on the line of its key, the key."""
    for number, step in enumerate(location, start=1):
        if isinstance(node, yaml.MappingNode):
            key, value = next(((k, v) for k, v in node.value if k.value == str(step)), (node, node))
            is_below = value.start_mark.line > key.start_mark.line
            node = value if number < len(location) or is_below else key
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
    line: int = node.start_mark.line
    return line + 1
