"""How a call ended: a closed union, told apart by type and never by message text.

`Outcome` is `Ok` or one of `Failure`. A failure's `detail` is one sentence for people, `label` its short name in
reports and metrics (with the code, where there is one), `category` the heading that reports count it under.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal

_LONGEST_DETAIL = 300


def printable(text: str, longest: int) -> str:
    """`text` as one line that moves no cursor, with `longest` characters at most.

    >>> printable("two" + chr(10) + "lines", 20), printable("abcdef", 4)
    ('two lines', 'abc…')
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


class Category(StrEnum):
    """Headings of the error analysis, in the order in which they are shown."""

    CONNECTION = "Connection"
    TIMEOUT = "Timeout"
    HTTP_STATUS = "HTTP status"
    CONTENT_TYPE = "Content type"
    JSON_DECODE = "JSON decode"
    SSE_PROTOCOL = "SSE protocol"
    RPC_ERROR = "JSON-RPC error"
    TOOL_ERROR = "Tool error"
    SCHEMA = "Schema mismatch"
    CHECK = "Check failed"
    SESSION_LOST = "Session lost"
    CANCELLED = "Cancelled"


@dataclass(frozen=True, slots=True)
class Ok:
    """The call succeeded. `result` is the JSON-RPC result as received."""

    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    detail: str
    kind: ClassVar[str]
    category: ClassVar[Category]

    @property
    def label(self) -> str:
        return self.kind

    def __post_init__(self) -> None:
        """Keep `detail` to one bounded, printable line: parts of it come from the server."""
        object.__setattr__(self, "detail", printable(self.detail, _LONGEST_DETAIL))


@dataclass(frozen=True, slots=True)
class Connect(_Failed):
    """No TCP connection could be made."""

    kind = "connect"
    category = Category.CONNECTION


@dataclass(frozen=True, slots=True)
class Tls(_Failed):
    """A TCP connection was made but the TLS handshake failed."""

    kind = "tls"
    category = Category.CONNECTION


@dataclass(frozen=True, slots=True)
class Reset(_Failed):
    """The connection was closed or reset before the reply was complete."""

    kind = "reset"
    category = Category.CONNECTION


@dataclass(frozen=True, slots=True)
class Timeout(_Failed):
    """Time ran out while connecting, before the first byte of the reply, or before its end (`total`)."""

    phase: Literal["connect", "first_byte", "total"]
    kind = "timeout"
    category = Category.TIMEOUT

    @property
    def label(self) -> str:
        """`timeout(<phase>)`."""
        return f"timeout({self.phase})"


@dataclass(frozen=True, slots=True)
class HttpStatus(_Failed):
    """An HTTP status that is no reply to a request: anything but 200."""

    code: int
    kind = "http_status"
    category = Category.HTTP_STATUS

    @property
    def label(self) -> str:
        """`http_status(<code>)`."""
        return f"http_status({self.code})"


@dataclass(frozen=True, slots=True)
class ContentType(_Failed):
    """Status 200 with a body that is neither `application/json` nor `text/event-stream`."""

    kind = "content_type"
    category = Category.CONTENT_TYPE


@dataclass(frozen=True, slots=True)
class Parse(_Failed):
    """Not HTTP, not JSON, or not one JSON-RPC response to the request that was sent."""

    kind = "parse"
    category = Category.JSON_DECODE


@dataclass(frozen=True, slots=True)
class SseProtocol(_Failed):
    """An event stream that ended without the response, or carried one that is none to this request."""

    kind = "sse_protocol"
    category = Category.SSE_PROTOCOL


@dataclass(frozen=True, slots=True)
class RpcError(_Failed):
    """A JSON-RPC error response; its `data` is kept for an unsupported protocol version (-32022) only."""

    code: int
    data: object = field(default=None, repr=False, compare=False)
    kind = "rpc_error"
    category = Category.RPC_ERROR

    @property
    def label(self) -> str:
        """`rpc_error(<code>)`."""
        return f"rpc_error({self.code})"


@dataclass(frozen=True, slots=True)
class ToolError(_Failed):
    """A result with `isError: true`; `detail` is the tool's own sentence."""

    kind = "tool_error"
    category = Category.TOOL_ERROR


@dataclass(frozen=True, slots=True)
class SchemaViolation(_Failed):
    """A result that is not what MCP or the tool's own outputSchema promise."""

    kind = "schema_violation"
    category = Category.SCHEMA


@dataclass(frozen=True, slots=True)
class CheckFailed(_Failed):
    """A well-formed result with a wrong value in it."""

    kind = "check_failed"
    category = Category.CHECK


@dataclass(frozen=True, slots=True)
class SessionLost(_Failed):
    """The server no longer knows the session (404 to a request that carried a session id)."""

    kind = "session_lost"
    category = Category.SESSION_LOST


@dataclass(frozen=True, slots=True)
class Cancelled(_Failed):
    """We gave the call up because the run was stopped."""

    kind = "cancelled"
    category = Category.CANCELLED


Failure = (
    Connect
    | Tls
    | Reset
    | Timeout
    | HttpStatus
    | ContentType
    | Parse
    | SseProtocol
    | RpcError
    | ToolError
    | SchemaViolation
    | CheckFailed
    | SessionLost
    | Cancelled
)
Outcome = Ok | Failure
