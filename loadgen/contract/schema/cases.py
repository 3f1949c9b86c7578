"""How many alternatives a schema has when all its combinations are multiplied out: what deciding about it costs."""

from collections.abc import Callable, Iterator, Mapping
from functools import reduce

from .document import Schema, inner
from .keywords import UNIONS

MOST_CASES = 512
_JOINT = 8
"""So 512 alternatives in one union, or 64 of several unions multiplied; ten times as many take seconds."""


def count_cases(schema: Schema, definitions: Mapping[str, Schema]) -> int:
    """The alternatives at the worst place of `schema`, which refers to `definitions`; many are MOST_CASES and one."""
    return _Count(definitions).of(schema, frozenset())


class _Count:
    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def of(self, schema: Schema, seen: frozenset[str]) -> int:
        """The alternatives of what fits `schema`, by way of the definitions `seen`."""
        if not isinstance(schema, dict):
            return 1
        if "$ref" in schema:
            return self._referred(schema["$ref"], seen, self.of)
        here = deeper = 1
        for keyword, value in schema.items():
            counts = [self.of(each, seen) for each in inner({keyword: value})]
            if keyword in UNIONS:
                here = _times(here, sum(counts))
            elif keyword == "dependentSchemas":
                here = reduce(_times, (count + 1 for count in counts), here)
            elif keyword == "if":
                here = _times(here, counts[0] + self.against(value, seen))
            elif keyword in ("allOf", "then", "else"):
                here = reduce(_times, counts, here)
            elif keyword == "not":
                here = _times(here, self.against(value, seen))
            else:
                deeper = max([deeper, *counts])
        return max(here, deeper)

    def against(self, schema: Schema, seen: frozenset[str]) -> int:
        """The alternatives of what does not fit `schema`: "and" adds up there, and "or" multiplies."""
        if not isinstance(schema, dict):
            return 1
        if "$ref" in schema:
            return self._referred(schema["$ref"], seen, self.against)
        return max(1, min(sum(self._parts_against(schema, seen)), MOST_CASES + 1))

    def _parts_against(self, schema: Mapping[str, Schema], seen: frozenset[str]) -> Iterator[int]:
        for keyword, value in schema.items():
            counts = [self.against(each, seen) for each in inner({keyword: value})]
            if keyword in UNIONS:
                yield reduce(_times, counts, 1)
            elif keyword == "not":
                yield self.of(value, seen)
            else:
                yield max(1, sum(counts))

    def _referred(self, reference: str, seen: frozenset[str], count: Callable[[Schema, frozenset[str]], int]) -> int:
        name = reference.rpartition("/")[2]
        return 1 if name in seen else count(self._definitions[name], seen | {name})


def _times(one: int, other: int) -> int:
    """What multiplying out costs: a single union is harmless, one joined with another is not."""
    joint = _JOINT if one > 1 and other > 1 else 1
    return min(one * other * joint, MOST_CASES + 1)
