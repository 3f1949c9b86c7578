"""GET /health: what this server is, for people, load balancers and the load generator."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from formats.version import VERSION

from .wire.call import PROTOCOL_VERSIONS


def health_route(
    name: str,
    ready: Callable[[], bool],
    now: Callable[[], float] = time.monotonic,
    *,
    lane: bool,
    more: Mapping[str, Any] | None = None,
) -> Route:
    """The route that answers `{status, name, version, uptime_seconds, protocol_versions, ready, testbed, lane}`.

    `more` is what this server tells beside that.
    """
    started = now()

    async def health(_: Request) -> JSONResponse:
        return JSONResponse(
            {
                "status": "ok",
                "name": name,
                "version": VERSION,
                "uptime_seconds": round(now() - started, 3),
                "protocol_versions": PROTOCOL_VERSIONS,
                "ready": ready(),
                "testbed": True,
                "lane": lane,
                **(more or {}),
            }
        )

    return Route("/health", health)
