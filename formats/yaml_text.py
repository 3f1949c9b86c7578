"""Text that should be YAML: read, or refused in words that say what to do about it."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from .errors import Finding, InvalidDocument

_IN_WORDS = (
    (r"found character '\\t'.*", "a tab cannot indent; use blanks"),
    (r"found character '(.)' that cannot start any token", r"a text that begins with \1 has to be in quotes"),
    (r"but found another document", "has a second document, after ---; there should be one"),
    (r"mapping values are not allowed here", "a text with a colon and a blank in it has to be in quotes"),
    (r"expected alphabetic or numeric character, but found .*", "a text that begins with * or & has to be in quotes"),
    (r"expected <block end>, but found '(.*)'", r"the indentation does not fit the lines above, or a quote is missing"),
    (r"expected '(,)' or '(.)', but got '<stream end>'", r"a bracket is open at the end: \2 is missing"),
    (r"expected '(,)' or '(.)', but got '.*'", r"there should be \1 or \2 here"),
    (r"expected the node content, but found .*", "there should be a value here"),
    (r"could not find expected ':'", "there should be a colon and a blank behind a key"),
    (r"found unexpected end of stream", "a quote is open at the end"),
    (r"found unhashable key", "a key should be a text, not a list or a mapping"),
)
"""Sentences of PyYAML, and what they mean to people who write YAML."""


def read_yaml(text: str, name: str) -> tuple[yaml.Node | None, Any]:
    """The nodes of `text`, which know their lines, and its value.

    Raises:
        InvalidDocument: it is no YAML, or has a key twice; the sentences call it `name`.
    """
    root: yaml.Node | None = None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        twice = list(_repeated_keys(root, ""))
        if not twice:
            return root, yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line, reason = _line(error, text), _in_words(error)
        unreadable = _unreadable(root) if root is not None and isinstance(error, ValueError) else None
        if unreadable is not None:
            line, reason = unreadable.start_mark.line + 1, f"{unreadable.value}: {reason}"
        raise InvalidDocument(name, [Finding("", f"not valid YAML: {reason}", line)]) from error
    raise InvalidDocument(name, twice)


def _in_words(error: Exception) -> str:
    reason = " ".join(str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).split())
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, yaml.reader.ReaderError):
        character = error.character if isinstance(error.character, int) else ord(error.character)
        return f"the character U+{character:04X} cannot stand in it as it is"
    for sentence, words in _IN_WORDS:
        if found := re.fullmatch(sentence, reason):
            return found.expand(words)
    return reason


def _line(error: Exception, text: str) -> int | None:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        line: int = mark.line + 1
        return line
    return text.count("\n", 0, error.position) + 1 if isinstance(error, yaml.reader.ReaderError) else None


def _unreadable(root: yaml.Node) -> yaml.ScalarNode | None:
    """The first plain value that has a form but no meaning, such as 2026-02-30."""
    loader = yaml.SafeLoader("")
    for node in _scalars(root):
        try:
            loader.construct_object(node)
        except ValueError:
            return node
        except yaml.YAMLError:
            return None
    return None


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from (*_scalars(key), *_scalars(value))


def _repeated_keys(node: yaml.Node | None, way: str) -> Iterator[Finding]:
    """The keys that a mapping, at any depth, has had before."""
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            inner = way
            if isinstance(key, yaml.ScalarNode):
                inner = f"{way}.{key.value}" if way else str(key.value)
                if key.value in seen:
                    yield Finding(inner, "is given twice", key.start_mark.line + 1)
                seen.add(key.value)
            yield from _repeated_keys(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated_keys(item, f"{way}[{number}]")
