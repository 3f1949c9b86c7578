"""What faults know of the server besides the call: its tools' outputSchemas, and how to say that its tools changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Announcer(Protocol):
    """Tells the server's clients something unasked."""

    async def tools_changed(self) -> int:
        """Send `notifications/tools/list_changed` on every open stream that is for it; how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One server's; faults that need more of them than there are have nothing to act on."""

    output_schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By tool; a tool without one promises nothing."""
    announcer: Announcer | None = None


NOTHING_KNOWN = ServerFacts()
