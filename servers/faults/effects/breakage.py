"""How a structured result can be made to break the outputSchema that its tool promises. Pure."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from jsonschema_rs import Draft202012Validator, ReferencingError, ValidationError

Breakage = Literal["missing", "wrong_type", "extra", "null"]
Path = tuple[str | int, ...]
_UNPROMISED = "unpromised"
_MOST_PLACES = 256


def broken(
    content: dict[str, Any], schema: Mapping[str, Any], breakage: Breakage, draw: float, at: str | None = None
) -> dict[str, Any] | None:
    """`content`, which `schema` allows, with one change that it does not allow.

    Args:
        content: structuredContent of a tool's real reply; it stays as it is.
        schema: the tool's outputSchema.
        breakage: a member left out, or of another type, or null; or one that is not in the schema.
        draw: in [0, 1), chooses among the places where that breaks something.
        at: the one place to try, such as `balances.USD`.

    Returns:
        The broken content; None when no such change breaks the schema, or the schema is of no use.
    """
    try:
        validator = Draft202012Validator(dict(schema), offline=True)
        candidates = [
            changed
            for path, changed in _changes(content, breakage)
            if (at is None or ".".join(map(str, path)) == at) and not validator.is_valid(changed)
        ]
    except (ValidationError, ReferencingError, ValueError):
        return None
    return candidates[int(draw * len(candidates))] if candidates else None


def _changes(content: dict[str, Any], breakage: Breakage) -> Iterator[tuple[Path, dict[str, Any]]]:
    for _, path in zip(range(_MOST_PLACES), _places(content, (), breakage), strict=False):
        changed = copy.deepcopy(content)
        node: Any = changed
        for step in path[:-1]:
            node = node[step]
        match breakage:
            case "missing":
                del node[path[-1]]
            case "wrong_type":
                node[path[-1]] = _of_another_type(node[path[-1]])
            case "null":
                node[path[-1]] = None
            case "extra":
                node[path[-1]] = _UNPROMISED
        yield path, changed


def _places(node: object, path: Path, breakage: Breakage) -> Iterator[Path]:
    """Where something can be changed; of a list, its first item stands for all."""
    if isinstance(node, dict):
        if breakage == "extra":
            yield (*path, _UNPROMISED)
        for key, value in node.items():
            if breakage != "extra":
                yield (*path, key)
            yield from _places(value, (*path, key), breakage)
    elif isinstance(node, list) and node:
        yield from _places(node[0], (*path, 0), breakage)


def _of_another_type(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    return 0 if isinstance(value, str) else "of another type"
