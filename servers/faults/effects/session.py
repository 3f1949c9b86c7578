"""Faults of handshake-era sessions (`session:`): how they are opened, refused, lost and named."""

from typing import Any, ClassVar, Literal

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import Field

from ...wire.call import Call, Era
from ..draft import Draft
from ..exchange import Effect, Exchange, Phase
from ..latency import SomeSpan
from .family import Family
from .message_fault import HANDSHAKE, MessageFault, ResultFault

_SESSION = b"mcp-session-id"
_NOT_FOUND = 404
_UNAVAILABLE = 503
_INVALID_REQUEST = -32600
_INTERNAL_ERROR = -32603
_NO_SESSION = -32000
"""The code that servers on the TypeScript SDK send when they do not know a session."""


def _refusal(status: int, code: int, message: str) -> Draft:
    """A refusal by the session layer, which reads no request and so answers to the id null."""
    return Draft.from_json(status, {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}})


class _Opening(MessageFault):
    """A fault of `initialize`, before there is a session."""

    eras: ClassVar[frozenset[Era]] = HANDSHAKE
    methods: ClassVar[frozenset[str]] = frozenset({"initialize"})

    def phase(self) -> Phase:
        """See `Effect`."""
        return "before"


class RefuseInitialize(_Opening):
    """`{refuse_initialize: 503}`: `initialize` is answered with this HTTP status, and no session is opened."""

    outcome: ClassVar[str | None] = "http_status"

    refuse_initialize: int = Field(ge=400, le=599)

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        return exchange.replace(_refusal(self.refuse_initialize, _INTERNAL_ERROR, "Initialize refused"))


class SlowInitialize(_Opening):
    """`{slow_initialize: 2s}`: `initialize` waits this long before it is looked at."""

    slow_initialize: SomeSpan

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        await exchange.delay(self.slow_initialize)
        return True


class SessionLimit(_Opening):
    """`{limit: 10}`: while this many sessions are open, `initialize` gets FastMCP's 503; with 0, always."""

    outcome: ClassVar[str | None] = "http_status"

    limit: int = Field(ge=0)

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        if exchange.sessions.count() < self.limit:
            return False
        return exchange.replace(_refusal(_UNAVAILABLE, _INTERNAL_ERROR, "Too many open sessions"))


class WrongVersion(ResultFault):
    """`{protocol_version: "1999-01-01"}`: the reply to `initialize` settles on this version; the session is open.

    A handshake version is a wrong one only to a client that has given it up, and no failure to others.
    """

    eras: ClassVar[frozenset[Era]] = HANDSHAKE
    methods: ClassVar[frozenset[str]] = frozenset({"initialize"})

    protocol_version: str

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`."""
        return None if self.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS else "check_failed"

    def change(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:  # noqa: ARG002 - see there
        """See `ResultFault`."""
        return {**result, "protocolVersion": self.protocol_version}


class Gone(MessageFault):
    """What befalls later requests of a session that does not exist (any more): FastMCP's own answer, with a record."""

    eras: ClassVar[frozenset[Era]] = HANDSHAKE
    outcome: ClassVar[str | None] = "session_lost"

    def fault_type(self) -> str:
        """See `Effect`; it belongs to no family, as no profile can ask for it."""
        return "session_gone"

    def phase(self) -> Phase:
        """See `Effect`."""
        return "before"

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        return exchange.replace(_refusal(_NOT_FOUND, _INVALID_REQUEST, "Session not found"))


class Expire(MessageFault):
    """`{expire: 404}`: the session is over, now and for good; this request is the first to be told.

    404 is FastMCP's answer and the protocol's; 400 is what many servers say instead, and their clients then do not
    know that they should open a new session. Later requests of the session get 404.
    """

    eras: ClassVar[frozenset[Era]] = HANDSHAKE
    aftermath: ClassVar[Effect] = Gone()

    expire: Literal[404, 400]

    def phase(self) -> Phase:
        """See `Effect`."""
        return "before"

    def concerns(self, call: Call) -> bool:
        """See `MessageFault`; only a request of a session can lose it."""
        return call.session_id is not None and super().concerns(call)

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`."""
        return "session_lost" if self.expire == _NOT_FOUND else "http_status"

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({str(_INVALID_REQUEST if self.expire == _NOT_FOUND else _NO_SESSION)})

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        session_id = exchange.call.session_id
        if exchange.draft is not None or session_id is None or not await exchange.sessions.end(session_id):
            return False
        exchange.dead_sessions.append(session_id)
        if self.expire == _NOT_FOUND:
            return exchange.replace(_refusal(_NOT_FOUND, _INVALID_REQUEST, "Session not found"))
        return exchange.replace(_refusal(self.expire, _NO_SESSION, "Bad Request: No valid session ID provided"))


class RotateId(MessageFault):
    """`{rotate_id: true}`: the reply names another session than the request's, one that does not exist.

    The session of the request stays open. A correct client takes its session's id from `initialize` alone; one that
    believes every reply loses its session with the next request.
    """

    eras: ClassVar[frozenset[Era]] = HANDSHAKE
    aftermath: ClassVar[Effect] = Gone()

    rotate_id: Literal[True]

    def concerns(self, call: Call) -> bool:
        """See `MessageFault`; `initialize` rightly names a session that the request did not know."""
        return call.session_id is not None and super().concerns(call)

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        draft = exchange.draft
        if draft is None or draft.status == 0:
            return False
        rotated = f"{int(exchange.draw('rotate_id') * 2**52):032x}"
        exchange.dead_sessions.append(rotated)
        exchange.draft = draft.with_header(_SESSION, rotated.encode())
        return True


class Session(Family[RefuseInitialize | SlowInitialize | SessionLimit | WrongVersion | Expire | RotateId]):
    """`session:` in a profile."""

    kinds = (RefuseInitialize, SlowInitialize, SessionLimit, WrongVersion, Expire, RotateId)
