"""A tool that answers when the test says so."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Event
from typing import Literal

from fastmcp.tools.function_tool import FunctionTool

from servers.wire.tool import Tool

_SECONDS = 10.0


class Gate:
    """Tells how each call ended, too. Calls are told apart by key."""

    def __init__(self) -> None:
        self._entered: defaultdict[str, Event] = defaultdict(Event)
        self._ended: defaultdict[str, SimpleQueue[str]] = defaultdict(SimpleQueue)
        self._releases: dict[str, Callable[[], object]] = {}

    def tool(self) -> FunctionTool:
        async def wait(key: str, when_cancelled: Literal["end", "answer", "fail"] = "end") -> str:
            """Wait for the test."""
            released = asyncio.Event()
            self._releases[key] = partial(asyncio.get_running_loop().call_soon_threadsafe, released.set)
            self._entered[key].set()
            try:
                await released.wait()
            except asyncio.CancelledError:
                self._ended[key].put("cancelled")
                if when_cancelled == "end":
                    raise
                if when_cancelled == "fail":
                    raise ValueError("cancelled") from None
                return "answered anyway"
            self._ended[key].put("finished")
            return key

        return Tool.from_function(wait)

    def wait_until_entered(self, key: str) -> None:
        assert self._entered[key].wait(_SECONDS), f"{key} never reached the tool"

    def release(self, key: str) -> None:
        """Let the call end, if it has not ended yet."""
        self._releases[key]()

    def how_ended(self, key: str) -> str:
        """`finished` or `cancelled`; waits for it."""
        return self._ended[key].get(timeout=_SECONDS)
