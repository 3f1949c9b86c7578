"""Which arguments of a tool its modern callers repeat in headers (2026-07-28, `x-mcp-header`)."""

import re
from collections.abc import Iterator, Mapping

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
Path = tuple[str, ...]
"""The names that lead to an argument."""


def mirrored(schema: object) -> Mapping[Path, str]:
    """The arguments that an inputSchema wants repeated in headers: where each is found, and its header's name.

    Only properties reached through `properties` alone count, and only names that a header can have.
    """
    return {path: f"Mcp-Param-{token}" for path, token in _annotated(schema, ())}


def _annotated(schema: object, path: Path) -> Iterator[tuple[Path, str]]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        token = inner.get("x-mcp-header") if isinstance(inner, dict) else None
        if isinstance(token, str) and _TOKEN.fullmatch(token):
            yield (*path, name), token
        yield from _annotated(inner, (*path, name))
