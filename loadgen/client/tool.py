"""A tool as `tools/list` describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """The schemas are JSON Schemas, `annotations` hints such as `readOnlyHint` (server/tools, "Tool")."""

    name: str
    output_schema: Mapping[str, Any] | None
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


def read_tools(listed: object) -> list[Tool] | None:
    """The tools that `tools/list` has listed; None when they are no list of named tools.

    What else is amiss in a description counts as absent: it hinders no call.
    """
    if not isinstance(listed, list) or not all(isinstance(tool, dict) and "name" in tool for tool in listed):
        return None
    return [
        Tool(
            str(tool["name"]),
            _object_or_none(tool.get("outputSchema")),
            as_object(tool.get("inputSchema")),
            as_object(tool.get("annotations")),
            str(tool.get("description") or ""),
        )
        for tool in listed
    ]


def _object_or_none(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def as_object(value: object) -> Mapping[str, Any]:
    """`value` when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}
