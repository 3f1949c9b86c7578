"""The fast lane: `tools/call` answered here, as FastMCP would; whatever is not surely such a call falls through to it.

A tool that ends in its first step can be neither cancelled nor outlived, so its call costs no more than its own work.
Only one that waits gets what FastMCP gives every call; see `Waiting`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from mcp.shared.exceptions import MCPError
from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY
from mcp_types.methods import validate_client_request
from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .call import CALL_KEY_META, PROTOCOL_VERSIONS, Call, call_of
from .compiled import Answer
from .in_flight import InFlight
from .reply import event, json_start, refusal, result_end, stream_start
from .sessions import LiveSession
from .waiting import Waiting

TAKEN = "lane"
FELL_THROUGH = "fastmcp"
REASONS = ("headers", "message", "method", "session", "tool")
"""Why a request fell through: its headers, its JSON-RPC message or `_meta`, another method, no live session, no
compiled tool of that name."""

_MODERN_VERSION = PROTOCOL_VERSIONS[-1]
_ACCEPTED = 202
_PING_SECONDS = 15.0
_MEMBERS = frozenset({"jsonrpc", "id", "method", "params"})
_PARAMS = frozenset({"name", "arguments", "_meta"})
_VOLATILE = frozenset({CALL_KEY_META, "traceparent", "tracestate", "baggage"})
"""Keys of `_meta` that differ from call to call, and that FastMCP only hands on."""
_ENVELOPE = frozenset({PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY})
_MOST_KNOWN, _LONGEST_KNOWN = 64, 1024
"""How many headers and envelopes that were found good are remembered, the first ones; and how long an envelope is."""


class LaneTool(Protocol):
    """A tool in the form in which the lane calls it."""

    @property
    def meta(self) -> dict[str, Any]:
        """`_meta` of each result that is no error."""
        ...

    async def answer(self, arguments: dict[str, Any]) -> Answer:
        """What came of the call.

        Raises:
            MCPError: a JSON-RPC error, and no result.
        """
        ...


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
        tools: Mapping[str, LaneTool],
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
        self.ends = {
            (name, modern): result_end(tool.meta | (info if modern else {}), modern=modern)
            for name, tool in tools.items()
            for modern in (False, True)
        }
        self.error_ends = {
            modern: result_end(info if modern else {}, modern=modern, is_error=True) for modern in (False, True)
        }
        self._known_headers: dict[tuple[bytes | None, bytes | None], bool] = {}
        self._known_envelopes: set[bytes] = set()

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
        if call.method == "notifications/cancelled" and call.era == "handshake" and not call.has_id:
            send = self._cancel_when_taken(call, send)
        await self.app(scope, receive, send)

    def _cancel_when_taken(self, call: Call, send: Send) -> Send:
        """Cancel the call that the notification names once FastMCP has accepted it."""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == _ACCEPTED:
                self.in_flight.cancel(call.session_id or "", call.params.get("requestId"))
            await send(message)

        return watch

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
        written = to_json(envelope)
        if written not in self._known_envelopes:
            if not _is_envelope(envelope):
                return False
            if len(self._known_envelopes) < _MOST_KNOWN and len(written) <= _LONGEST_KNOWN:
                self._known_envelopes.add(written)
        return True

    async def _answer(self, call: Call, receive: Receive, send: Send) -> None:
        """Run the tool and write the reply."""
        tool = self.tools[call.tool or ""]
        work = tool.answer(call.arguments)
        session = self.sessions[call.session_id or ""] if call.era == "handshake" else None
        try:
            waits_for = work.send(None)
        except StopIteration as done:
            body, status = self.response(call, done.value), 200
        except MCPError as error:
            body, status = refusal(call, error)
        else:
            await Waiting(self, call, session, receive, send).finish(work, waits_for)
            return
        if session is not None:
            session.touch()
        await self.write(call, body, send, status)

    def response(self, call: Call, answer: Answer) -> bytes:
        """The JSON-RPC response."""
        modern = call.era == "modern"
        if answer.meta is not None:
            meta = answer.meta | (self.info if modern else {})
            end = result_end(meta, modern=modern, is_error=answer.is_error)
        else:
            end = self.error_ends[modern] if answer.is_error else self.ends[call.tool or "", modern]
        return b'{"jsonrpc":"2.0","id":%b,"result":{%b%b' % (to_json(call.id), answer.members, end)

    async def write(self, call: Call, body: bytes, send: Send, status: int = 200) -> None:
        """Send a whole reply."""
        if call.era == "handshake" and not self.json_response:
            await send(stream_start(call))
            await send({"type": "http.response.body", "body": event(body)})
            return
        await send(json_start(call, status, len(body)))
        await send({"type": "http.response.body", "body": body})


def _is_envelope(meta: dict[str, Any]) -> bool:
    if not meta.keys() <= _ENVELOPE or meta.get(PROTOCOL_VERSION_META_KEY) != _MODERN_VERSION:
        return False
    try:
        validate_client_request("tools/call", _MODERN_VERSION, {"name": "any", "_meta": meta})
    except ValueError:
        return False
    return True


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
