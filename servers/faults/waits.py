"""How long requests are held back, and who ends that: their clients' leaving, the server's stop, another profile."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Self

from .exchange import ClientGone, Clock


class Waits:
    """The waits of one server.

    Args:
        clock: for delays.
        ends_in: seconds until the profile in place ends by itself; None: it does not. Asked while a reply hangs.
    """

    def __init__(self, clock: Clock, ends_in: Callable[[], float | None] = lambda: None) -> None:
        self.clock = clock
        self.ends_in = ends_in
        self.stopping = False
        self.under_way: set[Wait] = set()
        """One for each request that is hit."""

    def close(self) -> None:
        """The server stops: end all of them, and let no further one begin."""
        self.stopping = True
        for wait in self.under_way:
            wait.ring()

    def release(self) -> None:
        """The profile is gone: let go what hangs because of it, and what still would."""
        for wait in self.under_way:
            wait.release()


class Wait:
    """That of one request, for as long as it is answered: a `with` block. It knows nothing of what waits."""

    def __init__(self, waits: Waits) -> None:
        self.gone = False
        """Nobody waits for the reply any more."""
        self.released = False
        """What hangs, or is to hang, is to be let go."""
        self._waits = waits
        self._alarm: asyncio.Timeout | None = None
        self._hangs = False

    def __enter__(self) -> Self:
        self._waits.under_way.add(self)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._waits.under_way.discard(self)

    def leave(self) -> None:
        """The client has left."""
        self.gone = True
        self.ring()

    def release(self) -> None:
        """See `released`. Delays go on: they end by themselves."""
        self.released = True
        if self._hangs:
            self.ring()

    def ring(self) -> None:
        """End what is waited for now."""
        if self._alarm is not None and not self._alarm.expired():
            self._alarm.reschedule(0)

    async def until(self, event: Callable[[], Awaitable[object]]) -> None:
        """Wait for what `event` gives; the server's stop ends that early.

        Raises:
            ClientGone: nobody waits for the reply any more.
        """
        if not self._waits.stopping and not self.gone:
            try:
                async with asyncio.timeout(None) as self._alarm:
                    await event()
            except TimeoutError:
                pass  # it was rung
            finally:
                self._alarm = None
        if self.gone:
            raise ClientGone

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; as `until`."""
        await self.until(partial(self._waits.clock.sleep, seconds))

    async def hang(self, seconds: float) -> None:
        """Let `seconds` pass, or fewer when the profile goes; as `until`."""
        waits = self._waits
        until = waits.clock.now() + seconds
        self._hangs = True
        try:
            while not (self.released or waits.stopping) and (left := until - waits.clock.now()) > 0:
                ends_in = waits.ends_in()  # a profile that is over by now releases this one, too
                if not self.released:
                    await self.sleep(left if ends_in is None else min(left, ends_in))
        finally:
            self._hangs = False
