"""One tool call that a workload has chosen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)  # not frozen: one is made per call, and freezing triples what that costs
class ToolCall:
    """A tool, its arguments, and the values that its structured result must hold, by key."""

    tool: str
    arguments: Mapping[str, Any]
    expected: Mapping[str, Any]
