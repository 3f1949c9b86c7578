"""Open GET streams, which a graceful stop has to end: they would otherwise stay open for as long as their clients."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .call import MCP_PATH


class OpenStreams:
    """ASGI layer that can tell every open GET stream that its client went away; other requests pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.closing = False
        self._waits: set[asyncio.Timeout] = set()

    def close(self) -> None:
        """End every open GET stream, and each later one at once, with a complete reply."""
        self.closing = True
        for wait in self._waits:
            wait.reschedule(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != MCP_PATH:
            await self.app(scope, receive, send)
            return
        unfinished = False

        async def receive_until_closed() -> Message:
            try:
                async with asyncio.timeout(0 if self.closing else None) as wait:
                    self._waits.add(wait)
                    try:
                        return await receive()
                    finally:
                        self._waits.discard(wait)
            except TimeoutError:
                return {"type": "http.disconnect"}

        async def watch(message: Message) -> None:
            nonlocal unfinished
            unfinished = message["type"] == "http.response.start" or bool(message.get("more_body"))
            await send(message)

        await self.app(scope, receive_until_closed, watch)
        if unfinished and self.closing:
            await send({"type": "http.response.body", "body": b""})
