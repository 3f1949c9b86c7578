"""The fast lane: `tools/call` answered here, as FastMCP would; whatever is not surely such a call falls through to it.

A call that ends in its first step can be neither cancelled nor outlived, so it costs no more than its own work. Only
one that waits gets what FastMCP gives every call: a place among those in flight, a hold on its session, a companion.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import ERROR_CODE_HTTP_STATUS
from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, INTERNAL_ERROR, PROTOCOL_VERSION_META_KEY
from mcp_types.methods import validate_client_request
from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .call import CALL_KEY_META, PROTOCOL_VERSIONS, Call, call_of
from .compiled import Answer, CompiledTool
from .in_flight import End, InFlight, Ticket, rest_of
from .sessions import LiveSession

TAKEN = "lane"
FELL_THROUGH = "fastmcp"
REASONS = ("headers", "message", "method", "session", "tool")
"""Why a request fell through: its headers, its JSON-RPC message or `_meta`, another method, no live session, no
compiled tool of that name."""

_MODERN_VERSION = PROTOCOL_VERSIONS[-1]
_CANCELLED = -32800
_PING_SECONDS = 15.0
_MEMBERS = frozenset({"jsonrpc", "id", "method", "params"})
_PARAMS = frozenset({"name", "arguments", "_meta"})
_VOLATILE = frozenset({CALL_KEY_META, "traceparent", "tracestate", "baggage"})
"""Keys of `_meta` that differ from call to call, and that FastMCP only hands on."""
_ENVELOPE = frozenset({PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY})
_MOST_KNOWN = 64

_JSON = (b"content-type", b"application/json")
_STREAM = [
    (b"cache-control", b"no-cache, no-transform"),
    (b"connection", b"keep-alive"),
    (b"content-type", b"text/event-stream"),
]
_X_ACCEL = (b"x-accel-buffering", b"no")


class Lane:
    """ASGI layer between `CallReader` and FastMCP.

    Args:
        app: what leads to FastMCP.
        tools: the tools it may call.
        sessions: FastMCP's live sessions, by id.
        in_flight: its calls that wait; whoever sees a session end tells it.
        server: name and version, for `_meta` of modern results.
        json_response: as FastMCP was told.
        on_path: called for each POST with TAKEN or FELL_THROUGH, and why.
        ping_seconds: how long a stream may be silent.
    """

    def __init__(
        self,
        app: ASGIApp,
        tools: Mapping[str, CompiledTool],
        sessions: Mapping[str, LiveSession],
        in_flight: InFlight,
        *,
        server: Mapping[str, str],
        json_response: bool,
        on_path: Callable[[str, str], None],
        ping_seconds: float = _PING_SECONDS,
    ) -> None:
        self.app = app
        self.tools = tools
        self.sessions = sessions
        self.in_flight = in_flight
        self.json_response = json_response
        self.on_path = on_path
        self.ping_seconds = ping_seconds
        self.info = info = {"io.modelcontextprotocol/serverInfo": dict(server)}
        self.tails = {
            (name, modern): _tail(tool.meta | (info if modern else {}), modern=modern)
            for name, tool in tools.items()
            for modern in (False, True)
        }
        self.error_tails = {False: b',"isError":true}}', True: _tail(info, modern=True, is_error=True)}
        self._known_headers: dict[tuple[bytes | None, bytes | None], bool] = {}
        self._known_envelopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        call = call_of(scope)
        if call is None:
            await self.app(scope, receive, send)
            return
        reason = self._doubt(call)
        if reason is None:
            self.on_path(TAKEN, "")
            await self._answer(call, receive, send)
            return
        self.on_path(FELL_THROUGH, reason)
        if call.method == "notifications/cancelled" and call.era == "handshake" and call.session_id is not None:
            self.in_flight.cancel(call.session_id, call.params.get("requestId"))
        await self.app(scope, receive, send)

    def _doubt(self, call: Call) -> str | None:
        """Why this is not surely a call that the lane answers as FastMCP does; None when it is."""
        if call.method != "tools/call":
            return "method"
        if call.tool not in self.tools:
            return "tool"
        if not self._are_headers_sure(call):
            return "headers"
        if not self._is_message_sure(call):
            return "message"
        if call.era == "handshake":
            session = self.sessions.get(call.session_id or "")
            if session is None or not session.answers:
                return "session"
        return None

    def _are_headers_sure(self, call: Call) -> bool:
        headers = call.headers
        if call.repeats:
            return False
        kinds = headers.get(b"content-type"), headers.get(b"accept")
        known = self._known_headers.get(kinds)
        if known is None:
            known = _accepts(*kinds, json_response=self.json_response)
            if len(self._known_headers) < _MOST_KNOWN:
                self._known_headers[kinds] = known
        if call.era == "handshake" or not known:
            return known
        return (
            headers.get(b"mcp-method") == b"tools/call"
            and headers.get(b"mcp-name") == (call.tool or "").encode()
            and call.protocol_version == _MODERN_VERSION
            and not any(name.startswith(b"mcp-param-") for name in headers)
        )

    def _is_message_sure(self, call: Call) -> bool:
        message, params = call.message, call.params
        request_id, arguments = message.get("id"), params.get("arguments")
        if message.get("jsonrpc") != "2.0" or not message.keys() <= _MEMBERS or not params.keys() <= _PARAMS:
            return False
        if type(request_id) is not int and type(request_id) is not str:
            return False
        if not isinstance(arguments, dict) and (arguments is not None or "arguments" in params):
            return False
        if "_meta" not in params:
            return call.era == "handshake"
        return self._is_envelope_sure(call, params["_meta"])

    def _is_envelope_sure(self, call: Call, meta: object) -> bool:
        if not isinstance(meta, dict):
            return False
        envelope = meta
        if not _VOLATILE.isdisjoint(meta):
            if not all(isinstance(meta[key], str) for key in _VOLATILE & meta.keys()):
                return False
            envelope = {key: value for key, value in meta.items() if key not in _VOLATILE}
        if call.era == "handshake":
            return not envelope
        if envelope not in self._known_envelopes:
            if not _is_envelope(envelope):
                return False
            if len(self._known_envelopes) < _MOST_KNOWN:
                self._known_envelopes.append(envelope)
        return True

    async def _answer(self, call: Call, receive: Receive, send: Send) -> None:
        """Run the tool and write the reply."""
        tool = self.tools[call.tool or ""]
        work = tool.answer(call.arguments)
        session = self.sessions[call.session_id or ""] if call.era == "handshake" else None
        try:
            waits_for = work.send(None)
        except StopIteration as done:
            if session is not None:
                session.touch()
            await self._write(call, self._reply(call, done.value), send)
            return
        except MCPError as error:
            body, status = _refusal(call, error)
            await self._write(call, body, send, status)
            return
        await _Waiting(self, call, session, receive, send).finish(work, waits_for)

    def _reply(self, call: Call, answer: Answer) -> bytes:
        """The JSON-RPC response."""
        modern = call.era == "modern"
        if answer.meta is not None:
            meta = answer.meta | (self.info if modern else {})
            tail = _tail(meta, modern=modern, is_error=answer.is_error)
        else:
            tail = self.error_tails[modern] if answer.is_error else self.tails[call.tool or "", modern]
        return b'{"jsonrpc":"2.0","id":%b,"result":{%b%b' % (to_json(call.id), answer.members, tail)

    async def _write(self, call: Call, body: bytes, send: Send, status: int = 200) -> None:
        """A whole reply."""
        if call.era == "handshake" and not self.json_response:
            await send(_stream_start(call))
            await send({"type": "http.response.body", "body": _event(body)})
            return
        await send(_json_start(call, status, len(body)))
        await send({"type": "http.response.body", "body": body})


class _Waiting:
    """One call whose tool did not end at once."""

    def __init__(self, lane: Lane, call: Call, session: LiveSession | None, receive: Receive, send: Send) -> None:
        self._lane = lane
        self._call = call
        self._session = session
        self._receive = receive
        self._send = send
        self._ticket = Ticket()
        self._is_stream = False

    async def finish(self, work: Coroutine[Any, Any, Answer], waits_for: object) -> None:
        """Wait for the tool and write the reply, or what has to be said when the call is ended before."""
        call, handshake = self._call, self._session is not None
        held = self._session.hold() if self._session is not None else nullcontext()
        listed = self._lane.in_flight.of(call.session_id or "", call.id, self._ticket) if handshake else nullcontext()
        with held, listed:
            body, status = b"", 200
            try:
                if handshake and not self._lane.json_response:
                    await self._open(_stream_start(call))
                body = self._lane._reply(call, await self._accompanied(work, waits_for))  # noqa: SLF001 - a part of the lane
            except MCPError as error:
                body, status = _refusal(call, error)
            except asyncio.CancelledError:
                if self._ticket.end is None:
                    raise
            if self._ticket.end is None:
                await self._write(body, status)
            else:
                self._ticket.forgive()
                await self._ended(self._ticket.end)

    async def _accompanied(self, work: Coroutine[Any, Any, Answer], waits_for: object) -> Answer:
        """Wait for the tool. Meanwhile a stream is kept alive, and a modern client that goes away is noticed."""
        if self._lane.json_response:
            return await rest_of(work, waits_for)
        async with asyncio.TaskGroup() as companions:
            tasks = [companions.create_task(self._keep_alive())]
            if self._session is None:
                tasks.append(companions.create_task(self._watch()))
            try:
                return await rest_of(work, waits_for)
            finally:
                for task in tasks:
                    task.cancel()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._lane.ping_seconds)
            if not self._is_stream:
                await self._open({"type": "http.response.start", "status": 200, "headers": _MODERN_STREAM})
            ping = b": ping\r\n\r\n"
            if self._session is not None:
                ping = b": ping - %b\r\n\r\n" % str(datetime.now(UTC)).encode()
            await self._send({"type": "http.response.body", "body": ping, "more_body": True})

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._ticket.stop(End.CLIENT_GONE)

    async def _open(self, start: Message) -> None:
        self._is_stream = True
        await self._send(start)

    async def _write(self, body: bytes, status: int = 200) -> None:
        if not self._is_stream:
            await self._lane._write(self._call, body, self._send, status)  # noqa: SLF001 - a part of the lane
            return
        await self._send({"type": "http.response.body", "body": _event(body)})

    async def _ended(self, end: End) -> None:
        """Say what FastMCP says of a call that was ended."""
        if end is End.CANCELLED:
            await self._write(_error(self._call.id, _CANCELLED, "Request cancelled"))
        elif end is End.SESSION_OVER and self._is_stream:
            await self._send({"type": "http.response.body", "body": b""})
        elif end is End.SESSION_OVER:
            body = _error(None, INTERNAL_ERROR, "Session terminated before the request completed")
            await self._send(_json_start(self._call, 500, len(body)))
            await self._send({"type": "http.response.body", "body": body})


_MODERN_STREAM = [_STREAM[2], *_STREAM[:2], _X_ACCEL]


def _is_envelope(meta: dict[str, Any]) -> bool:
    if not meta.keys() <= _ENVELOPE or meta.get(PROTOCOL_VERSION_META_KEY) != _MODERN_VERSION:
        return False
    try:
        validate_client_request("tools/call", _MODERN_VERSION, {"name": "any", "_meta": meta})
    except ValueError:
        return False
    return True


def _tail(meta: Mapping[str, Any], *, modern: bool, is_error: bool = False) -> bytes:
    """What ends a response after the members that the tool gave."""
    complete = b',"resultType":"complete"' if modern else b""
    about = b',"_meta":' + to_json(meta) if meta else b""
    return b',"isError":%b%b%b}}' % (b"true" if is_error else b"false", complete, about)


def _error(request_id: object, code: int, message: str) -> bytes:
    return to_json({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}})


def _refusal(call: Call, error: MCPError) -> tuple[bytes, int]:
    """The JSON-RPC error that a tool raised, and the HTTP status that the era gives it."""
    shown = error.error.model_dump(mode="json", by_alias=True, exclude_none=True)
    status = ERROR_CODE_HTTP_STATUS.get(error.error.code, 200) if call.era == "modern" else 200
    return to_json({"jsonrpc": "2.0", "id": call.id, "error": shown}), status


def _event(body: bytes) -> bytes:
    return b"event: message\r\ndata: %b\r\n\r\n" % body


def _session_header(call: Call) -> list[tuple[bytes, bytes]]:
    return [(b"mcp-session-id", call.headers[b"mcp-session-id"])] if call.era == "handshake" else []


def _stream_start(call: Call) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": [*_STREAM, *_session_header(call), _X_ACCEL]}


def _json_start(call: Call, status: int, length: int) -> Message:
    headers = [_JSON, *_session_header(call), (b"content-length", b"%d" % length)]
    return {"type": "http.response.start", "status": status, "headers": headers}


def _accepts(content_type: bytes | None, accept: bytes | None, *, json_response: bool) -> bool:
    """Whether FastMCP takes such a request; of odd but good headers it may say that it does not know."""
    kind = (content_type or b"").split(b";")[0].strip()
    kinds = {part.split(b";")[0].strip().lower() for part in (accept or b"").split(b",")}
    takes_json = not kinds.isdisjoint({b"*/*", b"application/json", b"application/*"})
    takes_stream = not kinds.isdisjoint({b"*/*", b"text/event-stream", b"text/*"})
    return (
        (content_type or b"").startswith(b"application/json")
        and kind == b"application/json"
        and takes_json
        and (json_response or takes_stream)
    )
