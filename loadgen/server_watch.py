"""The server's process as seen from outside while a run goes on: its memory, and the sessions that it keeps."""

import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from formats.errors import InvalidInput

from .client.reply import PlainReply
from .client.transport import Request, Transport
from .clock import Clock
from .timeline import Moment

_MOST_BYTES = 4 * 1024 * 1024
_LONGEST_LOOK = 5.0
_MEMORY, _SESSIONS = "process_resident_memory_bytes", "mcp_server_active_sessions"


class MetricsWatch:
    """Reads the Prometheus page of the server, over a transport of its own, every `seconds`.

    A server without such a page is known by nothing; one that stops answering is unknown from then on.
    """

    def __init__(self, connect: Callable[[], Transport], clock: Clock, seconds: float) -> None:
        self._connect = connect
        self._clock = clock
        self._seconds = seconds
        self.moment = Moment()

    async def watch(self) -> None:
        """See `ServerWatch`."""
        while True:
            await self.look()
            await self._clock.sleep(self._seconds)

    async def look(self) -> None:
        """Look once."""
        transport, reply = self._connect(), PlainReply(_MOST_BYTES)
        try:
            failure = await transport.exchange(Request("GET", {"Accept": "text/plain"}), reply, _LONGEST_LOOK)
        finally:
            await transport.close()
        self.moment = Moment() if failure is not None or reply.failure() is not None else read_page(reply.text())


class ProcessWatch:
    """Reads the memory of process `pid` of this machine, besides what `page` sees.

    Raises:
        InvalidInput: there is no such process, or this system does not show its memory.
    """

    def __init__(self, pid: int, page: MetricsWatch) -> None:
        self._statm = Path(f"/proc/{pid}/statm")
        self._page = page
        if self._memory() is None:
            raise InvalidInput([f"--pid {pid}: there is no such process, or /proc does not show its memory"])

    @property
    def moment(self) -> Moment:
        """See `ServerWatch`."""
        return replace(self._page.moment, server_memory=self._memory())

    async def watch(self) -> None:
        """See `ServerWatch`."""
        await self._page.watch()

    async def look(self) -> None:
        """See `ServerWatch`."""
        await self._page.look()

    def _memory(self) -> float | None:
        with suppress(OSError, ValueError, IndexError):
            pages = int(self._statm.read_text().split()[1])
            return float(pages * os.sysconf("SC_PAGE_SIZE")) if pages else None  # the dead, not yet waited for, have 0
        return None


def read_page(page: str) -> Moment:
    """What a Prometheus page says about the server."""
    found: dict[str, float] = {}
    try:
        # Of a long page only two metrics are parsed: calls wait meanwhile.
        lines = "\n".join(line for line in page.splitlines() if line.startswith((_MEMORY, _SESSIONS)))
        for family in text_string_to_metric_families(f"{lines}\n"):
            for sample in family.samples:
                if sample.name in (_MEMORY, _SESSIONS) and math.isfinite(sample.value):
                    found[sample.name] = found.get(sample.name, 0.0) + sample.value
    except (ValueError, KeyError):  # not a Prometheus page
        found = {}
    return Moment(server_memory=found.get(_MEMORY), server_sessions=found.get(_SESSIONS))
