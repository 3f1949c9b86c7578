"""One write to the socket for all that a turn of the event loop has to say: a reply's head and body go out together."""

import asyncio
from typing import Any

_AT_ONCE = 64 * 1024
"""Bytes that are not held: whoever sends so much has to learn whether the client takes it."""


class CorkedTransport:
    """A transport that holds what is written until the event loop's next turn, or until anything else is asked of it.

    Args:
        transport: the real one; whatever is not here is its own.
        loop: the event loop that it belongs to.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send `data`, soon."""
        if not self._held:
            self._loop.call_soon(self._uncork)
        self._held.append(data)
        if len(data) >= _AT_ONCE:
            self._uncork()

    def is_closing(self) -> bool:
        """Whether no more can be sent."""
        return self._transport.is_closing()

    def _uncork(self) -> None:
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            if not self._transport.is_closing():
                self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        self._uncork()
        return getattr(self._transport, name)
