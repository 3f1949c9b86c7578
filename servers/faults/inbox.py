"""What a client sends after its request, read ahead so that its leaving is noticed at once."""

import asyncio
from collections import deque

from starlette.types import Message, Receive

from .waits import Wait


class Inbox:
    """That of one request.

    Args:
        receive: ASGI's.
        wait: of the request; it is told when the client leaves.
    """

    def __init__(self, receive: Receive, wait: Wait) -> None:
        self._wait = wait
        self._receive = receive
        self._read: deque[Message] = deque()
        self._arrived = asyncio.Event()

    async def watch(self) -> None:
        """Read until the client leaves."""
        while not self._wait.gone:
            message = await self._receive()
            self._read.append(message)
            self._arrived.set()
            if message["type"] == "http.disconnect":
                self._wait.leave()

    async def receive(self) -> Message:
        """For the server below: as if nobody had read ahead."""
        while not self._read:
            if self._wait.gone:
                return {"type": "http.disconnect"}
            self._arrived.clear()
            await self._arrived.wait()
        return self._read.popleft()
