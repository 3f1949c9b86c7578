"""The lower end of a connection, for tests that say themselves what comes and when."""

import asyncio
from collections.abc import Callable


def _nothing() -> None:
    pass


class Wire(asyncio.Transport):
    """Remembers what was written, and whether the connection was cut."""

    def __init__(self, on_write: Callable[[], None] = _nothing) -> None:
        super().__init__()
        self.written = b""
        self.was_written = asyncio.Event()
        self.cut = False
        self._on_write = on_write

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data
        self.was_written.set()
        self._on_write()

    def abort(self) -> None:
        self.cut = True
