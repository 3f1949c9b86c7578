"""A client's state, and one JSON-RPC request of it after another: ids, headers, and what a reply means in each era."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formats.version import VERSION

from ..mirrored import Path
from ..outcome import Failure, HttpStatus, Reset, SchemaViolation, SessionLost
from .headers import Fields
from .messages import HANDSHAKE_VERSIONS, RpcResult, encode_tail, number_request
from .modern import MODERN, mirrors, request_meta, routing_headers
from .reply import RpcReply
from .transport import Request, Timings, Transport

PROTOCOL = HANDSHAKE_VERSIONS[0]
"""The protocol version that is proposed unless told otherwise."""
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
CLIENT = {"name": "mcp-load", "version": VERSION}
META = request_meta(CLIENT)
_NOT_FOUND = 404
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The parameter that a modern request repeats in a header."""


@dataclass(slots=True)
class Form:
    """What all calls of one tool have in common."""

    headers: Mapping[str, str]
    start: bytes
    mirrored: Mapping[Path, str]


@dataclass(slots=True)
class Session:
    """A client's state; `session_id` is None when the server issued none, `within` limits each request (seconds).

    With `retry_lost`, a modern request whose connection or stream broke before the response came is sent once more,
    under a new id; `reissued` counts that. A time-out is no such break: the server may be at work still. `opened` are
    the timings of the first request, `about` is what the server said of itself: the result of `initialize` or
    `server/discover`.
    """

    transport: Transport
    within: float
    protocol: str = PROTOCOL
    session_id: str | None = None
    last_id: int = 0
    server_name: str = ""
    headers: Mapping[str, str] | None = None
    retry_lost: bool = False
    reissued: int = 0
    opened: Timings | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    mirrored: dict[str, Mapping[Path, str]] = field(default_factory=dict)

    @property
    def modern(self) -> bool:
        """Whether requests are of the modern era."""
        return self.protocol == MODERN


async def request(session: Session, method: str, params: Mapping[str, Any]) -> RpcResult | Failure:
    """Make one request of `method`."""
    if session.modern:
        own: Fields = ()
        name = params.get(_NAMED_BY.get(method, ""))
        if method == "tools/call" and isinstance(name, str):
            own = mirrors(session.mirrored.get(name, {}), params.get("arguments", {}))
        headers = HEADERS | routing_headers(method, name if isinstance(name, str) else None)
        return await ask(session, headers, encode_tail(method, {**params, "_meta": META}), own)
    return await ask(session, session.headers or HEADERS, encode_tail(method, params))


async def ask(
    session: Session, headers: Mapping[str, str], tail: bytes, own: Fields = (), not_before: float = 0.0
) -> RpcResult | Failure:
    """Make the request that ends in `tail`, under an id of its own; each attempt may take `session.within` seconds."""
    modern = session.protocol == MODERN
    for again in (modern and session.retry_lost, False):
        session.last_id = request_id = session.last_id + 1  # never used again: servers route replies by it
        reply = RpcReply(request_id, errors_have_status=modern)
        post = Request("POST", headers, number_request(request_id, tail), own, not_before)
        failure = await session.transport.exchange(post, reply, session.within)
        if not again or not (isinstance(failure, Reset) or (failure is None and reply.cut_short)):
            break
        session.reissued += 1
    answer = reply.answer() if failure is None else failure
    if isinstance(answer, RpcResult):
        if session.headers is None and not modern:
            session.session_id = reply.session_id  # only an initialize that succeeded names the session
        elif modern and answer.result.get("resultType", "complete") != "complete":
            kind = str(answer.result["resultType"])[:40]
            return SchemaViolation(f"the result is of the type {kind!r}, to which this client has no answer")
    elif isinstance(answer, HttpStatus) and answer.code == _NOT_FOUND and session.session_id is not None:
        return SessionLost(answer.detail)
    return answer
