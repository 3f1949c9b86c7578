"""Calls of the lane that take a while: who may end them, and how the call learns why."""

import asyncio
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from enum import Enum
from types import coroutine
from typing import Any, TypeVar

from mcp.shared.dispatcher import coerce_request_id

_Key = tuple[str, int | str]
Result = TypeVar("Result")


class End(Enum):
    """Why a call was ended before its tool was done."""

    CANCELLED = "the client sent notifications/cancelled"
    SESSION_OVER = "its session ended"
    CLIENT_GONE = "the client closed the connection"


class Ticket:
    """One call in flight, to be made and waited for in the task that runs it."""

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self.end: End | None = None

    def stop(self, end: End) -> None:
        """End the call, unless something ended it already."""
        if self.end is None and self._task is not None:
            self.end = end
            self._task.cancel()

    def forgive(self) -> None:
        """What `stop` did to the task is dealt with: it goes on."""
        if self._task is not None:
            self._task.uncancel()


class InFlight:
    """The calls in flight of handshake-era sessions.

    Of two with one id, a cancellation ends the younger, as FastMCP's does.
    """

    def __init__(self) -> None:
        self._tickets: dict[_Key, list[Ticket]] = {}

    @contextmanager
    def of(self, session_id: str, request_id: int | str, ticket: Ticket) -> Iterator[None]:
        """Keep `ticket` for the length of a `with` block."""
        key = session_id, coerce_request_id(request_id)
        tickets = self._tickets.setdefault(key, [])
        tickets.append(ticket)
        try:
            yield
        finally:
            tickets.remove(ticket)
            if not tickets:
                self._tickets.pop(key, None)

    def cancel(self, session_id: str, request_id: object) -> None:
        """The client wants no reply any more; "7" and 7 are one id, as they are for FastMCP."""
        if isinstance(request_id, int | str) and not isinstance(request_id, bool):
            tickets = self._tickets.get((session_id, coerce_request_id(request_id)))
            if tickets:
                tickets[-1].stop(End.CANCELLED)

    def end_session(self, session_id: str) -> None:
        """End every call of a session that is over."""
        for (of_session, _), tickets in list(self._tickets.items()):
            if of_session == session_id:
                for ticket in tickets:
                    ticket.stop(End.SESSION_OVER)


@coroutine
def rest_of(call: Coroutine[Any, Any, Result], waits_for: object) -> Generator[Any, Any, Result]:
    """What is left of a coroutine whose first step, made by hand, gave `waits_for`; to be awaited in the same task."""
    while True:
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001 - the coroutine decides
            try:
                waits_for = call.throw(error)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # typed as Any
        else:
            try:
                waits_for = call.send(None)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # typed as Any
