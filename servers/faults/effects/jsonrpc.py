"""Faults of the JSON-RPC envelope (`jsonrpc:`). The framing of the reply, JSON or event stream, stays as it is."""

from typing import Any, ClassVar, Literal

from pydantic import Field
from pydantic_core import to_json

from ...wire.call import Era
from ..exchange import Exchange, Phase
from .family import Family
from .message_fault import MessageFault, ResultFault, result_in
from .pacing import paced_as

_OK = 200
_MODERN_STATUS = {-32700: 400, -32600: 400, -32602: 400, -32020: 400, -32021: 400, -32022: 400, -32601: 404}
"""HTTP status by error code in the modern era; all other codes have 200, as every code has in the handshake era."""
_OTHER_ID = 1_000_000
"""How far a wrong id is from the right one."""
_INTERNAL_ERROR = -32603
_INJECTED = "injected by the fault plane"


def status_of(code: int, era: Era) -> int:
    """The HTTP status with which a server sends a JSON-RPC error."""
    return _MODERN_STATUS.get(code, _OK) if era == "modern" else _OK


def other_id(request_id: Any) -> Any:
    """An id of the same type that is not `request_id`."""
    return request_id + _OTHER_ID if isinstance(request_id, int) else f"{request_id}-other"


class RpcError(MessageFault):
    """`{error: -32603, message: "…", data: …}`: a JSON-RPC error in place of the result; the tool does not run.

    With `phase: after` the tool has run, and its result is lost.
    """

    outcome: ClassVar[str | None] = "rpc_error"

    error: int = Field(ge=-(2**31), lt=2**31)
    message: str = _INJECTED
    data: Any = None
    acts: Phase = Field("before", alias="phase")

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.acts

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({str(self.error)})

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        error: dict[str, Any] = {"code": self.error, "message": self.message}
        if "data" in self.model_fields_set:
            error["data"] = self.data
        call = exchange.call
        message = {"jsonrpc": "2.0", "id": call.id, "error": error}
        return exchange.answer(message, status_of(self.error, call.era))


class _Envelope(MessageFault):
    """A reply whose envelope is wrong; the tool has run."""

    outcome: ClassVar[str | None] = "parse"
    is_json: ClassVar[bool] = True
    """Whether what is written is JSON: in a stream, it is then the stream that is wrong."""

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        draft = exchange.draft
        message = result_in(draft)
        written = None if message is None else self.rewrite(message)
        if draft is None or written is None:
            return False
        exchange.draft = paced_as(draft, draft.with_message_bytes(written))
        if draft.is_stream and self.is_json:
            exchange.expected = "sse_protocol"
        return True

    def rewrite(self, message: dict[str, Any]) -> bytes | None:
        """What is written in place of `message`, a response with a result; None: it stays."""
        raise NotImplementedError


class WrongId(_Envelope):
    """`{id: wrong | "null" | string | missing}`: the reply carries another id than the request.

    `wrong` is the id of a request that was never made, `"null"` is JSON's null, `string` the digits of an integer as
    text (an id that is a string already has no such form), `missing` leaves it out.
    """

    id: Literal["wrong", "null", "string", "missing"] | None

    def rewrite(self, message: dict[str, Any]) -> bytes | None:
        """See `_Envelope`."""
        match self.id:
            case "string":
                return to_json({**message, "id": str(message["id"])}) if isinstance(message["id"], int) else None
            case "wrong":
                return to_json({**message, "id": other_id(message["id"])})
            case "missing":
                return to_json({key: value for key, value in message.items() if key != "id"})
            case _:
                return to_json({**message, "id": None})


class DuplicateReply(_Envelope):
    """`{duplicate: true}`: the reply comes twice in one body, or event, so that this is no JSON document."""

    is_json: ClassVar[bool] = False

    duplicate: Literal[True]

    def rewrite(self, message: dict[str, Any]) -> bytes | None:
        """See `_Envelope`."""
        return to_json(message) * 2


class ResultAndError(_Envelope):
    """`{both: true}`: the reply has a result and an error."""

    both: Literal[True]

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({str(_INTERNAL_ERROR)})

    def rewrite(self, message: dict[str, Any]) -> bytes | None:
        """See `_Envelope`."""
        return to_json({**message, "error": {"code": _INTERNAL_ERROR, "message": _INJECTED}})


class NoResult(_Envelope):
    """`{neither: true}`: the reply has neither a result nor an error."""

    neither: Literal[True]

    def rewrite(self, message: dict[str, Any]) -> bytes | None:
        """See `_Envelope`."""
        return to_json({key: value for key, value in message.items() if key != "result"})


class ErrorInResult(ResultFault):
    """`{error_in_result: -32603}`: the reply succeeds, and its result is an object that holds an error."""

    methods: ClassVar[frozenset[str]] = frozenset({"tools/call", "tools/list"})
    outcome: ClassVar[str | None] = "schema_violation"

    error_in_result: int
    message: str = _INJECTED

    def change(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:  # noqa: ARG002 - see there
        """See `ResultFault`."""
        kept = {key: value for key, value in result.items() if key in ("resultType", "_meta")}
        return {**kept, "error": {"code": self.error_in_result, "message": self.message}}


class Jsonrpc(Family[RpcError | WrongId | DuplicateReply | ResultAndError | NoResult | ErrorInResult]):
    """`jsonrpc:` in a profile."""

    kinds = (RpcError, WrongId, DuplicateReply, ResultAndError, NoResult, ErrorInResult)
