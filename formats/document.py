"""What was read from a file or a body, as a typed value: every problem at once, each with its key."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from .errors import Finding, InvalidDocument
from .known_keys import KnownKeys, Location, spelled
from .problems import Problem, problems_of

T = TypeVar("T")


def nothing_else(_: Any) -> Iterable[Problem]:
    """No problems but those of the shape."""
    return ()


def _no_line(_: Location) -> None:
    """Of what has no lines."""


def as_shape(
    data: object,
    name: str,
    shape: type[T],
    find_more: Callable[[Any], Iterable[Problem]] = nothing_else,
    homes: Mapping[str, str] | None = None,
    line_of: Callable[[Location], int | None] = _no_line,
) -> T:
    """`data` as what `shape` makes of it (anything pydantic understands).

    Args:
        data: plain values.
        name: what complaints call the document.
        shape: forbids extra keys, so that unknown ones are errors.
        find_more: gets `data`, whether or not it fits, and says what is wrong with values that do not go together.
        homes: keys that `find_more` knows and `shape` does not, with the keys of the mappings that they belong in.
        line_of: the line of a value.

    Raises:
        InvalidDocument: it does not fit; the findings are in the order of their lines.
    """
    adapter = TypeAdapter(shape)
    values: list[T] = []
    problems: list[Problem] = []
    try:
        values.append(adapter.validate_python(data))
    except ValidationError as error:
        problems = list(problems_of(error.errors(), data, KnownKeys.of(adapter, homes)))
    problems += find_more(data)
    if problems:
        findings = (
            Finding(spelled(way), problem if way else f"the document {problem}", line_of(way))
            for way, problem in problems
        )
        raise InvalidDocument(name, sorted(findings, key=lambda found: found.line or 0))
    return values[0]
