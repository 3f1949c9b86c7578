"""A file of lines that is written by a thread of its own: whoever has a line to write never waits for the disk."""

import os
import sys
from collections import deque
from contextlib import suppress
from io import FileIO
from pathlib import Path
from queue import Full, Queue
from threading import Thread

from formats.stdio import say

_CHUNK = 64 * 1024
_MOST_CHUNKS = 256
"""Chunks that wait for the disk, about 16 MB; what comes on top of that is lost."""
_MOST_KEPT = 10_000
_PATIENCE = 30.0
"""Seconds that the end of the file may take."""


class LineFile:
    """Writes lines to `path`, which is emptied at first. Lines are lost when they come faster than the disk takes them.

    Only the thread touches the file; opening it may take long, too, when it is a pipe.
    """

    def __init__(self, path: Path, *, most_chunks: int = _MOST_CHUNKS, patience: float = _PATIENCE) -> None:
        self.path = path
        self.problem: str | None = None
        """Why the file ends early, if it does."""
        self.lost = 0
        """Lines that found no room in the queue."""
        self._handed_over = 0
        self._written = 0  # the thread's
        self._patience = patience
        self._lines: list[bytes] = []
        self._size = 0
        self._kept: deque[bytes] = deque(maxlen=_MOST_KEPT)
        self._queue: Queue[bytes | None] = Queue(most_chunks)
        self._thread = Thread(target=self._write, name=f"writes {path.name}", daemon=True)
        self._thread.start()

    @property
    def missing(self) -> int:
        """Lines that are not in the file; not in it yet, before `close`."""
        return self.lost + self._handed_over - self._written

    def put(self, line: bytes) -> None:
        """Write `line` some time soon, unless there is no room for it."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _CHUNK:
            self._hand_over()

    def keep(self, line: bytes) -> None:
        """Write all that came before now, and then `line`, which waits for room when there is none."""
        self._hand_over()
        self._kept.append(line)
        self._hand_over()

    def close(self, last: bytes = b"") -> None:
        """Write what is left and `last`, and wait for the disk, but not for ever: not for the event loop."""
        self._hand_over()
        self._handed_over += len(self._kept) + bool(last)
        with suppress(Full):
            self._queue.put(b"".join((*self._kept, last)), timeout=self._patience)
            self._queue.put(None, timeout=self._patience)
        self._thread.join(self._patience)
        if self._thread.is_alive():
            self.problem = self.problem or "the disk does not answer"

    def _hand_over(self) -> None:
        """Give all lines to the thread; without room the kept ones wait, and the others are lost."""
        if not self._lines and not self._kept:
            return
        try:
            self._queue.put_nowait(b"".join((*self._kept, *self._lines)))
            self._handed_over += len(self._kept) + len(self._lines)
            self._kept.clear()
        except Full:
            self.lost += len(self._lines)
        self._lines.clear()
        self._size = 0

    def _write(self) -> None:
        """The thread."""
        file: FileIO | None = None
        try:
            file = FileIO(self.path, "w")
        except OSError as error:
            self._give_up(error)
        while (chunk := self._queue.get()) is not None:
            if file is not None and self.problem is None:
                self._append(file, chunk)
        if file is not None:
            with suppress(OSError):  # a pipe whose reader is gone, a network file: nobody is left to be told
                file.close()

    def _append(self, file: FileIO, chunk: bytes) -> None:
        written = 0
        try:
            while written < len(chunk):
                written += file.write(memoryview(chunk)[written:])
            self._written += chunk.count(b"\n")
        except OSError as error:
            whole = chunk.rfind(b"\n", 0, written) + 1
            with suppress(OSError):  # a device has no end to be moved
                os.ftruncate(file.fileno(), file.tell() - written + whole)
            self._written += chunk.count(b"\n", 0, whole)
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.problem = error.strerror or type(error).__name__
        say(
            f"mcp-load: {self.path} cannot be written any more: {self.problem}; the run goes on without it\n",
            sys.stderr,
        )
