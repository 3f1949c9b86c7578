"""How a session begins and ends: the handshake, the modern era's discovery, and finding out which of them it is."""

from collections.abc import Mapping
from typing import Any

from ..outcome import CheckFailed, Connect, Failure, HttpStatus, Reset, RpcError, SchemaViolation, Timeout, Tls
from .dialogue import CLIENT, HEADERS, PROTOCOL, Session, request
from .messages import HANDSHAKE_VERSIONS, RpcResult, encode_notification
from .modern import MODERN, PREFIX
from .reply import PlainReply
from .rpc_errors import UNSUPPORTED_VERSION
from .tool import as_object
from .transport import Request, Transport

AUTO = "auto"
PROTOCOLS = (AUTO, MODERN, *HANDSHAKE_VERSIONS)
"""What `initialize_session` takes for `protocol`."""
_NO_SESSION_TO_END = (404, 405)


async def initialize_session(
    transport: Transport, within: float, *, protocol: str = PROTOCOL, retry_lost: bool = False
) -> Session | Failure:
    """Open a session; each request of it may take `within` seconds.

    Args:
        transport: to the server; it stays the caller's to close.
        within: seconds.
        protocol: a handshake version to propose with `initialize` and `notifications/initialized` (basic/lifecycle);
            2026-07-28 to ask `server/discover` (server/discover) and go on without a session; or `auto` to ask
            `server/discover` and fall back to the handshake on any answer that is not a modern server's. A connection
            that fails, and a time-out, say nothing about the era: those are the failure.
        retry_lost: see `Session`.

    Returns:
        The session, or how opening it failed. CheckFailed: no protocol version is common to both.

    Raises:
        ValueError: `protocol` is none of `PROTOCOLS`.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"the protocol {protocol!r} is not one of {', '.join(PROTOCOLS)}")
    if protocol in HANDSHAKE_VERSIONS:
        return await _shake_hands(Session(transport, within, protocol))
    session = Session(transport, within, MODERN, retry_lost=retry_lost)
    found = await discover(session)
    if isinstance(found, Mapping):
        versions = found.get("supportedVersions")
        if isinstance(versions, list) and MODERN in versions:
            info = as_object(found.get("_meta")).get(f"{PREFIX}serverInfo")
            session.server_name = str(as_object(info).get("name", ""))
            session.about = found
            return session
        found = CheckFailed(f"the server does not serve protocol version {MODERN}")
    if protocol == MODERN or isinstance(found, (Connect, Tls, Reset, Timeout)) or _is_modern_only(found):
        return found
    await transport.settle()
    return await _shake_hands(
        Session(transport, within, PROTOCOL, last_id=session.last_id, opened=session.opened),
    )


async def discover(session: Session) -> Mapping[str, Any] | Failure:
    """What a modern server says about itself: `supportedVersions`, `capabilities`, … (server/discover)."""
    answer = await request(session, "server/discover", {})
    session.opened = session.opened or session.transport.timings
    return answer.result if isinstance(answer, RpcResult) else answer


async def delete_session(session: Session) -> Failure | None:
    """End the session on the server; a server that has none, or that ends none, is no failure."""
    if session.session_id is None:
        return None
    reply = PlainReply()
    failure = await session.transport.exchange(Request("DELETE", session.headers or {}), reply, session.within)
    if failure is None:
        failure = reply.failure()
    return None if isinstance(failure, HttpStatus) and failure.code in _NO_SESSION_TO_END else failure


async def _shake_hands(session: Session) -> Session | Failure:
    params = {"protocolVersion": session.protocol, "capabilities": {}, "clientInfo": CLIENT}
    answer = await request(session, "initialize", params)
    session.opened = session.opened or session.transport.timings
    if not isinstance(answer, RpcResult):
        return answer
    if session.session_id is not None and not (session.session_id.isascii() and session.session_id.isprintable()):
        return SchemaViolation("the session id is not visible ASCII")
    named = {} if session.session_id is None else {"Mcp-Session-Id": session.session_id}
    negotiated = answer.result.get("protocolVersion")
    if negotiated not in HANDSHAKE_VERSIONS:
        session.headers = HEADERS | named
        await delete_session(session)
        return CheckFailed(f"the server negotiated protocol version {negotiated!r}, which is not one with a handshake")
    session.protocol = str(negotiated)
    session.server_name = str(as_object(answer.result.get("serverInfo")).get("name", ""))
    session.about = answer.result
    session.headers = HEADERS | {"MCP-Protocol-Version": session.protocol} | named
    reply = PlainReply()
    notification = Request("POST", session.headers, encode_notification("notifications/initialized"))
    failure = await session.transport.exchange(notification, reply, session.within) or reply.failure()
    if failure is not None:
        await delete_session(session)
    return failure or session


def _is_modern_only(failure: Failure) -> bool:
    """Whether the server refuses our modern version and names no handshake version in its stead."""
    if not isinstance(failure, RpcError) or failure.code != UNSUPPORTED_VERSION:
        return False
    supported = as_object(failure.data).get("supported")
    return isinstance(supported, list) and not any(version in HANDSHAKE_VERSIONS for version in supported)
