"""The Host and Origin guard, asked once for each combination of what it looks at."""

from collections.abc import Awaitable

from fastmcp.server.http import HostOriginGuardMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_MOST_KNOWN = 256
_Seen = tuple[object, bytes | None]


class Guard:
    """ASGI layer: FastMCP's guard in mode auto, which lets a Host without an Origin pass again as it did before."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._guard = HostOriginGuardMiddleware(self._passed, mode="auto")
        self._known: set[_Seen] = set()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI entry point."""
        return (self.app if _seen(scope) in self._known else self._guard)(scope, receive, send)

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = _seen(scope)
        if seen is not None and len(self._known) < _MOST_KNOWN:
            self._known.add(seen)
        await self.app(scope, receive, send)


def _seen(scope: Scope) -> _Seen | None:
    """What the guard's answer depends on; None when that is more than the address and one Host."""
    if scope["type"] != "http":
        return None
    host = None
    for name, value in scope["headers"]:
        if name == b"origin" or (name == b"host" and host is not None):
            return None
        if name == b"host":
            host = value
    return scope.get("server"), host
