"""Arrays: items by their place, and all others."""

from collections.abc import Callable, Mapping
from typing import Any

from . import wording
from .document import Schema
from .finding import Finding, judged
from .keywords import ARRAY
from .oracle import Answer
from .pair import Pair

Nested = Callable[[Schema, Schema, str], list[Finding]]
View = Mapping[str, Any]


def array_findings(pair: Pair, old: View, new: View, where: str, nested: Nested) -> list[Finding]:
    """What differs in the keywords of `ARRAY`; nothing blocks only where they are proven."""
    if pair.same(*({key: side[key] for key in ARRAY if key in side} for side in (old, new))):
        return []
    first = old.get("prefixItems", []), new.get("prefixItems", [])
    before, after = (side.get("items", {}) for side in (old, new))
    found: list[Finding] = []
    count = max(map(len, first))
    for number in range(count):
        one, other = (
            items[number] if number < len(items) else rest for items, rest in zip(first, (before, after), strict=True)
        )
        found += nested(one, other, f"{where}[{number}]")
    if before is not False and after is not False:
        return found + nested(before, after, f"{where}[]")
    if before is not after:
        wide = after if pair.is_input else before
        demand: dict[str, Any] = {"items": False} | ({"prefixItems": [{}] * count} if count else {})
        answer = pair.holds(old, new, demand) if wide is False else Answer.YES
        found.append(judged(answer, where, wording.further(count, pair.position, gained=before is False)))
    return found
