"""What a server says that it can: capabilities by era, and the protocol versions that it speaks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .change import Change
from .difference import same
from .place import member
from .values import became


def diff_versions(old: Sequence[str], new: Sequence[str], where: str) -> Iterator[Change]:
    """Protocol versions that are spoken no longer, or now as well."""
    for version in sorted({*old} ^ {*new}):
        if version in new:
            yield Change("compatible", where, f"{version} is spoken as well")
        else:
            yield Change("breaking", where, f"{version} is no longer spoken")


def diff_capabilities(old: Mapping[Any, Any], new: Mapping[Any, Any], where: str) -> Iterator[Change]:
    """Capabilities, at any depth, that are gone, new or changed. One that is false is one that is not there."""
    for name in sorted({*old, *new}):
        place = member(where, name)
        before, after = ((None if side.get(name) is False else side.get(name)) for side in (old, new))
        if same(before, after):
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from diff_capabilities(before, after, place)
        elif after is None:
            yield Change("breaking", place, "is no longer offered")
        elif before is None:
            yield Change("compatible", place, "is offered now")
        else:
            yield Change("unknown", place, became(before, after))
