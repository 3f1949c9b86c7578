"""Where two JSON values differ. `true` is not 1 here; 1 and 1.0 are one number, as in JSON."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from .values import NOTHING, shown


class Difference(NamedTuple):
    """The first place, as a JSON pointer, and what stands there; `NOTHING` where nothing does."""

    where: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        """As the end of a sentence."""
        return f"{self.where or 'the whole'}: expected {shown(self.expected)}, got {shown(self.actual)}"


def first_difference(expected: Any, actual: Any, where: str = "") -> Difference | None:
    """The first place in which `actual` is not `expected`; None when they are the same JSON value."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            at = f"{where}/{str(key).replace('~', '~0').replace('/', '~1')}"
            found = first_difference(expected.get(key, NOTHING), actual.get(key, NOTHING), at)
            if found is not None:
                return found
        return None
    if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        for n, (before, after) in enumerate(zip_longest(expected, actual, fillvalue=NOTHING)):
            found = first_difference(before, after, f"{where}/{n}")
            if found is not None:
                return found
        return None
    return None if _is_same(expected, actual) else Difference(where, expected, actual)


def same(expected: Any, actual: Any) -> bool:
    """Whether they are the same JSON value."""
    return first_difference(expected, actual) is None


def _is_same(expected: Any, actual: Any) -> bool:
    numbers = [isinstance(each, (int, float)) and not isinstance(each, bool) for each in (expected, actual)]
    if any(numbers):
        return all(numbers) and bool(expected == actual)
    return type(expected) is type(actual) and bool(expected == actual)
