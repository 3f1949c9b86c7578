"""Schemas of draft-07 in the keywords of 2020-12."""

from collections.abc import Mapping
from typing import Any

from .keywords import NOT_UNDERSTOOD, UNEVALUATED

_OF_2020 = frozenset(
    {*UNEVALUATED, "prefixItems", "dependentRequired", "dependentSchemas", "minContains", "maxContains"}
)
"""Keywords that draft-07 does not know."""
_FORMATS_OF_2020 = frozenset({"duration", "uuid"})
"""That a validator of draft-07 does not know either."""


def of_2020(raw: Mapping[str, Any]) -> dict[str, Any]:
    """One schema of draft-07 with the keywords of 2020-12; the schemas in it are left as they are."""
    made = {f"{NOT_UNDERSTOOD}{key}" if key in _OF_2020 else key: value for key, value in raw.items()}
    further = made.pop("additionalItems", None)
    if isinstance(made.get("items"), list):
        first = made.pop("items")
        if first:
            made["prefixItems"] = first
        if further is not None:
            made["items"] = further
    if made.get("format") in _FORMATS_OF_2020:
        made["format"] += " of draft-07"  # a format that nobody knows, so nobody relies on it
    for name, needed in made.pop("dependencies", {}).items():
        made.setdefault("dependentRequired" if isinstance(needed, list) else "dependentSchemas", {})[name] = needed
    return made
