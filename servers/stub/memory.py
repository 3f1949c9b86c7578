"""What a stub remembers from call to call, bounded."""

import logging
from collections import Counter
from typing import Any

from pydantic_core import to_json

LARGEST = 1024 * 1024
"""Bytes of JSON of a value: a rule that puts what it got together with itself would double it with each call."""
_log = logging.getLogger(__name__)


class Memory:
    """Values by key, and how many calls each tool has had.

    Args:
        keep: how many values; those set longest ago are forgotten first.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._values: dict[str, Any] = {}
        self._calls: Counter[str] = Counter()

    def get(self, key: str) -> tuple[Any, ...]:
        """The value under `key`; empty when there is none."""
        return (self._values[key],) if key in self._values else ()

    def set(self, key: str, value: Any) -> None:
        """Remember `value`, and instead of one that is too large nothing: what was there before is kept."""
        if len(to_json(value)) > LARGEST:
            _log.error("%.100s is not remembered: it would have more than %d bytes", key, LARGEST)
            return
        self._values.pop(key, None)  # what is set again is new
        self._values[key] = value
        if len(self._values) > self._keep:
            del self._values[next(iter(self._values))]

    def count(self, tool: str) -> int:
        """The number of this call of `tool`, from 1."""
        self._calls[tool] += 1
        return self._calls[tool]

    def reset(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._calls.clear()
