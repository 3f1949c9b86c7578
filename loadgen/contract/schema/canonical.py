"""One way to write each thing that a schema says, so that the same text means the same schema."""

import json
from collections.abc import Mapping
from typing import Any

from .keywords import UNIONS

_ABSENT: Mapping[str, Any] = {
    "additionalProperties": {},
    "dependentRequired": {},
    "dependentSchemas": {},
    "items": {},
    "minItems": 0,
    "minLength": 0,
    "minProperties": 0,
    "patternProperties": {},
    "properties": {},
    "propertyNames": {},
    "required": [],
    "unevaluatedItems": {},
    "unevaluatedProperties": {},
    "uniqueItems": False,
}
"""Values that say no more than the keyword's absence, unless unevaluated... looks on."""
_NEEDS: Mapping[str, str] = {"else": "if", "maxContains": "contains", "minContains": "contains", "then": "if"}
"""Keywords that say nothing without another."""


def settled(made: dict[str, Any], *, looks_on: bool) -> tuple[dict[str, Any], list[Any]]:
    """`made` without what says nothing, each thing said in one way; and the further schemas that values have to fit.

    `looks_on`: an unevaluated... keyword may be about what some keyword has looked at, though it says nothing else.
    """
    for keyword, needed in _NEEDS.items():
        if needed not in made:
            made.pop(keyword, None)
    if not looks_on:
        if not {"then", "else"} & made.keys():
            made.pop("if", None)
        made = {key: value for key, value in made.items() if key not in _ABSENT or value != _ABSENT[key]}
    if "required" in made:
        made["required"] = sorted(made["required"])
    if "type" in made:
        made["type"] = _types(made["type"])
    if "enum" in made:
        made["enum"] = _distinct(made["enum"])
    further: list[Any] = made.pop("allOf", [])
    if "const" in made and "enum" in made:
        further.append({"enum": [made.pop("const")]})
    elif "const" in made:
        made["enum"] = [made.pop("const")]
    further += [made.pop(key)[0] for key in UNIONS if len(made.get(key, ())) == 1]
    return made, further


def canonical(value: Any) -> Any:
    """`value` with whole numbers as integers, as JSON Schema counts: 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [canonical(each) for each in value]
    if isinstance(value, dict):
        return {key: canonical(each) for key, each in value.items()}
    return value


def _types(written: str | list[str]) -> list[str]:
    types = {written} if isinstance(written, str) else set(written)
    return sorted(types - {"integer"} if "number" in types else types)


def _distinct(values: list[Any]) -> list[Any]:
    """Each value once, in an order of their own."""
    return [value for _, value in sorted({json.dumps(each, sort_keys=True): each for each in values}.items())]
