"""A call of the lane whose tool did not end at once: what FastMCP does for every call while its tool runs."""

import asyncio
from collections.abc import Coroutine
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Protocol

from mcp.server.streamable_http import REQUEST_CANCELLED
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR
from starlette.types import Receive, Send

from .call import Call
from .compiled import Answer
from .in_flight import End, InFlight, Ticket, rest_of
from .reply import error_response, event, json_start, refusal, stream_start
from .sessions import LiveSession


class Replies(Protocol):
    """What it needs to know of the lane, and how a reply is written there."""

    in_flight: InFlight
    json_response: bool
    ping_seconds: float

    def response(self, call: Call, answer: Answer) -> bytes:
        """The JSON-RPC response."""
        ...

    async def write(self, call: Call, body: bytes, send: Send, status: int = 200) -> None:
        """Send a whole reply."""
        ...


class Waiting:
    """One call; `session` is that of a handshake-era call."""

    def __init__(self, lane: Replies, call: Call, session: LiveSession | None, receive: Receive, send: Send) -> None:
        self._lane = lane
        self._call = call
        self._session = session
        self._receive = receive
        self._send = send
        self._ticket = Ticket()
        self._is_open = False
        """The head of a stream was sent."""

    async def finish(self, work: Coroutine[Any, Any, Answer], waits_for: object) -> None:
        """Wait for the tool and write the reply, or what has to be said when the call is ended before."""
        call, session, body, status = self._call, self._session, b"", 200
        with nullcontext() if session is None else session.hold():
            try:
                answer = await self._listed(work, waits_for)
            except asyncio.CancelledError:
                if self._ticket.end is None:
                    raise
            else:
                if isinstance(answer, MCPError):
                    body, status = refusal(call, answer)
                else:
                    body = self._lane.response(call, answer)
            if self._ticket.end is None:
                await self._write(body, status)
            else:
                self._ticket.forgive()
                await self._ended(self._ticket.end)

    async def _listed(self, work: Coroutine[Any, Any, Answer], waits_for: object) -> Answer | MCPError:
        """Wait for the tool. So long the call can be ended; what is written after that arrives whole."""
        call, session = self._call, self._session
        if session is None:
            return await self._accompanied(work, waits_for)
        with self._lane.in_flight.of(call.session_id or "", call.id, self._ticket):
            if not self._lane.json_response:
                await self._open()
            return await self._accompanied(work, waits_for)

    async def _accompanied(self, work: Coroutine[Any, Any, Answer], waits_for: object) -> Answer | MCPError:
        """Wait for the tool. Meanwhile a stream is kept alive, and a modern client that goes away is noticed."""
        if self._lane.json_response:
            return await _outcome(work, waits_for)
        async with asyncio.TaskGroup() as companions:
            tasks = [companions.create_task(self._keep_alive())]
            if self._session is None:
                tasks.append(companions.create_task(self._watch()))
            try:
                return await _outcome(work, waits_for)
            finally:
                for task in tasks:
                    task.cancel()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._lane.ping_seconds)
            if not self._is_open:
                await self._open()
            ping = b": ping\r\n\r\n"
            if self._session is not None:
                ping = b": ping - %b\r\n\r\n" % str(datetime.now(UTC)).encode()
            await self._send({"type": "http.response.body", "body": ping, "more_body": True})

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._ticket.stop(End.CLIENT_GONE)

    async def _open(self) -> None:
        await self._send(stream_start(self._call))
        self._is_open = True  # not before: who waits to send can be cancelled, and has sent nothing then

    async def _write(self, body: bytes, status: int = 200) -> None:
        if self._is_open:
            await self._send({"type": "http.response.body", "body": event(body)})
        else:
            await self._lane.write(self._call, body, self._send, status)

    async def _ended(self, end: End) -> None:
        """Say what FastMCP says of a call that was ended."""
        if end is End.CANCELLED:
            await self._write(error_response(self._call.id, REQUEST_CANCELLED, "Request cancelled"))
        elif end is End.SESSION_OVER and self._lane.json_response:
            body = error_response(None, INTERNAL_ERROR, "Session terminated before the request completed")
            await self._send(json_start(self._call, 500, len(body)))
            await self._send({"type": "http.response.body", "body": body})
        elif end is End.SESSION_OVER:
            if not self._is_open:
                await self._open()
            await self._send({"type": "http.response.body", "body": b""})


async def _outcome(work: Coroutine[Any, Any, Answer], waits_for: object) -> Answer | MCPError:
    """What came of the rest of `work`; a group of tasks would wrap the error."""
    try:
        return await rest_of(work, waits_for)
    except MCPError as error:
        return error
