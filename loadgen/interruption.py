"""Stopping a run from outside: first gently, then at once."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

GRACE = 5.0
"""Seconds that calls under way get after the first request to stop."""
GOODBYE = 1.0
"""Seconds that the ends of sessions get after it."""


class Interruption:
    """What Ctrl-C does: the first press begins no more calls and gives those under way `GRACE`, the second none."""

    def __init__(self) -> None:
        self._gently = asyncio.Event()
        self._now = asyncio.Event()

    def press(self) -> None:
        """Ask for the run to stop."""
        (self._now if self._gently.is_set() else self._gently).set()

    def requested(self) -> bool:
        """Whether anyone has asked."""
        return self._gently.is_set()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """While this lasts, SIGINT and SIGTERM press. Where the event loop takes no signal handlers, they do not."""
        loop = asyncio.get_running_loop()
        taken = []
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self.press)
            except (NotImplementedError, RuntimeError):  # Windows; a thread that is not the main one
                continue
            taken.append(number)
        try:
            yield
        finally:
            for number in taken:
                loop.remove_signal_handler(number)

    async def guard(self, work: Coroutine[Any, Any, None], grace: float) -> bool:
        """Run `work` to its end, or cancel it `grace` seconds after the first press; False when it was cancelled.

        Raises:
            Exception: the one that `work` raised.
        """
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(work)
                watcher = group.create_task(self._cut(task, grace))
                task.add_done_callback(lambda _: watcher.cancel())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return not task.cancelled()

    async def _cut(self, task: asyncio.Task[None], grace: float) -> None:
        await self._gently.wait()
        try:
            async with asyncio.timeout(grace):
                await self._now.wait()
        except TimeoutError:
            pass
        task.cancel()
