"""The run while it goes on: a live bar on a terminal, a plain line now and then anywhere else.

Everything is written by a thread, so that a terminal which takes nothing does not hold the calls up.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from formats.stdio import say

from ..clock import Clock
from ..progress import Progress

_SECONDS_BETWEEN_FRAMES = 0.1
_SECONDS_BETWEEN_LINES = 5.0


class Silence:
    """An `Output` that shows nothing."""

    async def watch(self, progress: Callable[[], Progress]) -> None:
        """See `Output`."""


class ProgressBar:
    """An `Output` for a terminal: one line, redrawn; it disappears at the end."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._clock = clock
        self._bar = Bar(
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(file=stream, force_terminal=True),
            auto_refresh=False,
            transient=True,
        )

    async def watch(self, progress: Callable[[], Progress]) -> None:
        """See `Output`."""
        task = self._bar.add_task("", total=1.0)
        await _write(self._bar.start)
        try:
            while True:
                now = progress()
                self._bar.update(task, completed=now.share, description=str(now))
                await _write(self._bar.refresh)
                await self._clock.sleep(_SECONDS_BETWEEN_FRAMES)
        finally:
            await _write(self._bar.stop)


class ProgressLines:
    """An `Output` for logs: a line every few seconds, and one at the end."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock

    async def watch(self, progress: Callable[[], Progress]) -> None:
        """See `Output`."""
        try:
            while True:
                await self._clock.sleep(_SECONDS_BETWEEN_LINES)
                await self._show(progress())
        finally:
            await self._show(progress())

    async def _show(self, now: Progress) -> None:
        await _write(lambda: say(f"{now.share:4.0%}  {now}\n", self._stream))


async def _write(write: Callable[[], None]) -> None:
    with suppress(OSError):  # nobody reads any more; the run goes on
        await asyncio.to_thread(write)
