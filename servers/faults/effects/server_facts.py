"""What faults know of the server besides the call: its tools' outputSchemas, and how to say that its tools changed.

`app.py` puts `FactsLayer` above the fault layer. Without it, faults that need these facts have nothing to act on.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

_SCOPE_KEY = "mcp_testbed.server_facts"


class Announcer(Protocol):
    """Tells the server's clients something unasked."""

    async def tools_changed(self) -> int:
        """Send `notifications/tools/list_changed` on every open stream that is for it; how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One server's."""

    output_schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By tool; a tool without one promises nothing."""
    announcer: Announcer | None = None


_NOTHING_KNOWN = ServerFacts()


def facts_of(scope: Scope) -> ServerFacts:
    """The facts that `FactsLayer` left in the scope."""
    facts: ServerFacts = scope.get(_SCOPE_KEY, _NOTHING_KNOWN)
    return facts


class FactsLayer:
    """ASGI layer: leaves `facts` in the scope of every request."""

    def __init__(self, app: ASGIApp, facts: ServerFacts) -> None:
        self.app = app
        self.facts = facts

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI entry point. No coroutine of its own: each call would pay for it."""
        if scope["type"] == "http":
            scope[_SCOPE_KEY] = self.facts
        return self.app(scope, receive, send)
