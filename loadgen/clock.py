"""Time as an argument: everything that waits or measures gets a `Clock`, so that a test can bring its own."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only grow, and a way to let some pass."""

    def now(self) -> float:
        """Seconds since an arbitrary moment; never goes back, resolves well below a microsecond."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return `seconds` later; can be cancelled."""
        ...


class SystemClock:
    """The machine's clock. Not `loop.time()`: that has a resolution of 1 ms under uvloop."""

    def now(self) -> float:
        """Seconds of `time.perf_counter()`."""
        return time.perf_counter()

    async def sleep(self, seconds: float) -> None:
        """Sleep on the running event loop."""
        await asyncio.sleep(seconds)
