"""Saying that the list of tools has changed, to everybody who listens, in both eras.

The modern era's `subscriptions/listen` is not served by FastMCP: `ToolsChanged.register` adds the handler.
"""

import asyncio
from typing import Any

from anyio import BrokenResourceError, ClosedResourceError
from fastmcp import FastMCP
from mcp.server.context import ServerRequestContext
from mcp.server.streamable_http import GET_STREAM_KEY
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, SubscriptionsListenRequestParams, SubscriptionsListenResult
from starlette.applications import Starlette

from ...wire.sessions import session_manager

_CHANGED = JSONRPCNotification(jsonrpc="2.0", method="notifications/tools/list_changed")
_SECONDS_TO_TAKE_IT = 0.5


class ToolsChanged:
    """An `Announcer` for the server whose app is `starlette`.

    `app.py` makes one, and lets it `register` before the app starts; a graceful stop must call `close`, or listen
    streams hold the server up for its whole grace.
    """

    def __init__(self, starlette: Starlette) -> None:
        self._starlette = starlette
        self._bus = InMemorySubscriptionBus()
        self._listening = _Listening(self._bus)

    def register(self, mcp: FastMCP) -> None:
        """Let `mcp` serve `subscriptions/listen`."""
        mcp._mcp_server.add_request_handler(  # noqa: SLF001 - FastMCP has no other way to it
            "subscriptions/listen", SubscriptionsListenRequestParams, self._listening
        )

    def close(self) -> None:
        """End every listen stream, with its result."""
        self._listening.close()

    async def tools_changed(self) -> int:
        """See `Announcer`."""
        return await self._tell_sessions() + await self._tell_listeners()

    async def _tell_listeners(self) -> int:
        told = self._listening.told_of_tools
        await self._bus.publish(ToolsListChanged())
        return told

    async def _tell_sessions(self) -> int:
        told = 0
        for transport in list(session_manager(self._starlette)._server_instances.values()):  # noqa: SLF001 - no other way
            stream = transport._write_stream  # noqa: SLF001 - as above
            if stream is not None and GET_STREAM_KEY in transport._request_streams:  # noqa: SLF001 - as above
                try:
                    async with asyncio.timeout(_SECONDS_TO_TAKE_IT):
                        await stream.send(SessionMessage(_CHANGED))
                except (TimeoutError, BrokenResourceError, ClosedResourceError):
                    continue  # a client that does not read, or a session that ended meanwhile
                told += 1
        return told


class _Listening(ListenHandler):
    """The handler of listen streams, which knows how many of them want to be told about tools."""

    told_of_tools = 0

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Serve one listen stream."""
        wanted = bool(params.notifications.tools_list_changed)
        self.told_of_tools += wanted
        try:
            return await super().__call__(ctx, params)
        finally:
            self.told_of_tools -= wanted
