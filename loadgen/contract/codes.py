"""The registry of what a contract check can find: stable codes, how much each matters, where the protocol says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from formats.contract import Era

from .finding import Finding

Level = Literal["must", "should", "info"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""From what breaks clients to what is good to know."""


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding. `section` names a page of the specification, or what else says so; None for `era`: both."""

    name: str
    level: Level
    title: str
    section: str
    era: Era | None = None


_CONTRACT = "the contract file"
_PAGES = "server/utilities/pagination"
_TOOLS = "server/tools"
_TOOL_NAMES = "server/tools, Tool Names"
_TOOL_ERRORS = "server/tools, Error Handling"
_TOOL_SECURITY = "server/tools, Security Considerations"
_OUTPUT = "server/tools, Output Schema"
_REQUESTS = "basic/index, Requests"
_RESPONSES = "basic/index, Responses"
_CODES_OF_RPC = "JSON-RPC 2.0, Error object"
_HTTP = "basic/transports, Sending Messages"
_SECURITY = "basic/transports, Security Warning"
_SESSIONS = "basic/transports, Session Management"
_LISTENING = "basic/transports, Listening for Messages"
_HEADER = "basic/transports, Protocol Version Header"
_VERSIONS = "basic/lifecycle, Version Negotiation"
_BATCHES = "2025-03-26, basic/index, Batching"
_META = "basic/index, _meta"
_VALIDATION = "basic/transports/streamable-http, Server Validation"
_METHODS = "basic/transports/streamable-http, Protocol Version Header"
_OLDER = "basic/transports/streamable-http, Earlier Streamable HTTP Revisions"
_OLD: Era = "handshake"
_NEW: Era = "modern"

_CODES = (
    Code("surface.breaking", "must", "What the contract offers is gone, or takes or promises less", _CONTRACT),
    Code(
        "surface.changed", "should", "What the contract offers changed in a way that somebody has to look at", _CONTRACT
    ),
    Code("surface.grown", "info", "The server offers more than the contract says", _CONTRACT),
    Code("identity.name", "must", "The server has another name", _CONTRACT),
    Code("identity.details", "info", "The server has another version or title", _CONTRACT),
    Code("instructions.changed", "should", "The instructions for the model are others", _CONTRACT),
    Code("capabilities.missing", "must", "A capability of the contract is not declared", _CONTRACT),
    Code("capabilities.more", "info", "A capability is declared that the contract does not have", _CONTRACT),
    Code("capabilities.undeclared", "must", "What a server has, it has to declare", _TOOLS),
    Code("versions.missing", "must", "A protocol version of the contract is not served", _CONTRACT),
    Code("versions.more", "info", "A protocol version is served that the contract does not have", _CONTRACT),
    Code(
        "stub.limitation", "info", "A stub differs from the contract where it says that it does", "/health, limitations"
    ),
    Code("lists.malformed", "must", "A list is refused, or is no list of named entries", _TOOLS),
    Code("lists.endless", "must", "The pages of a list have no end", _PAGES),
    Code("lists.unstable", "should", "The same list, read twice, differs, or has another order", _TOOLS),
    Code("lists.duplicate", "should", "A list has an entry twice", _TOOL_NAMES),
    Code("lists.cursor", "should", "A cursor that the server never gave is not refused with -32602", _PAGES),
    Code(
        "tools.name", "should", "A tool's name is longer than 128, or has more than letters, digits, _ . -", _TOOL_NAMES
    ),
    Code("tools.slow", "should", "A tool gives no answer in time to arguments that fit", "basic/lifecycle, Timeouts"),
    Code("tools.schema", "must", "A tool's schema is no valid JSON Schema of an object", _TOOLS),
    Code("examples.mismatch", "must", "An example of the contract is answered otherwise", _CONTRACT),
    Code("arguments.refused", "must", "Arguments that fit the inputSchema get a JSON-RPC error", _TOOL_ERRORS),
    Code("arguments.accepted", "must", "Arguments that break the inputSchema are taken", _TOOL_SECURITY),
    Code("arguments.coerced", "should", "A value of another type is taken for what it may mean", _TOOL_SECURITY),
    Code("arguments.crash", "must", "Arguments that break the inputSchema crash the server", _TOOL_ERRORS),
    Code(
        "arguments.side-effect", "must", "Calls that should change nothing change what read-only tools answer", _TOOLS
    ),
    Code("results.malformed", "must", "A result of a tool is not formed as one", _TOOLS),
    Code("results.schema", "must", "A result does not fit the tool's outputSchema", _OUTPUT),
    Code("results.text", "should", "A structured result has no text for clients that read no structure", _TOOLS),
    Code("results.vacuous", "info", "An outputSchema accepts whatever is put into a result", _OUTPUT),
    Code("rpc.parse-error", "must", "A body that is no JSON is not refused with an HTTP error", _HTTP),
    Code("rpc.invalid-request", "must", "JSON that is no JSON-RPC message is not refused with an HTTP error", _HTTP),
    Code("rpc.id-null", "must", "A request whose id is null is not refused", _REQUESTS),
    Code("rpc.unknown-method", "must", "An unknown method is not refused as one", _RESPONSES),
    Code("rpc.unknown-name", "must", "A tool, resource or prompt that there is not is not refused", _TOOL_ERRORS),
    Code("rpc.params", "must", "A request without what its method needs is not refused", _TOOL_ERRORS),
    Code(
        "rpc.error-code", "should", "A refusal has another error code than the one that is meant for it", _CODES_OF_RPC
    ),
    Code("rpc.response", "must", "A response is no JSON-RPC response", _RESPONSES),
    Code("rpc.id", "must", "A response does not have the id of its request, value and type", _RESPONSES),
    Code("rpc.id-reuse", "should", "An id that is used again, after its response, gets a wrong answer", _REQUESTS),
    Code("rpc.notification", "must", "A notification is answered with a message, or with no 202", _HTTP),
    Code("rpc.batch", "must", "A batch is neither answered nor refused", _BATCHES, _OLD),
    Code("rpc.batch-taken", "info", "A batch is carried out in a version that has none", _HTTP),
    Code(
        "rpc.reserved-code",
        "must",
        "An error has a code that the protocol keeps for itself",
        "basic/index, Error Codes",
        _NEW,
    ),
    Code("http.content-type", "must", "The reply to a request is neither JSON nor an event stream", _HTTP),
    Code("http.get", "must", "GET is answered neither with an event stream nor with 405", _LISTENING, _OLD),
    Code(
        "http.negotiation", "info", "Accept or Content-Type of a request are not looked at", "RFC 9110, 12.5.1 and 8.3"
    ),
    Code(
        "http.origin",
        "should",
        "A request from the page of another site is refused with another status than 403",
        _SECURITY,
    ),
    Code(
        "http.server-error",
        "must",
        "A request that is the client's mistake, or ends a session, makes the server fail",
        "RFC 9110, 15.6",
    ),
    Code("session.characters", "must", "A session id is not of visible ASCII", _SESSIONS, _OLD),
    Code("session.missing", "should", "A request without its session id is not refused with 400", _SESSIONS, _OLD),
    Code("session.unknown", "should", "A session id that never was is not refused with 404", _SESSIONS, _OLD),
    Code("session.ended", "must", "A session that was ended is not answered with 404", _SESSIONS, _OLD),
    Code("session.independence", "must", "What happens to one session happens to another", _SESSIONS, _OLD),
    Code("version.header", "must", "An unknown MCP-Protocol-Version is not refused with 400", _HEADER, _OLD),
    Code(
        "version.fallback", "must", "An unknown version is not answered with one that the server has", _VERSIONS, _OLD
    ),
    Code("version.newest", "should", "An unknown version is answered with another than the newest", _VERSIONS, _OLD),
    Code("lifecycle.ping", "must", "A ping is not answered with an empty result", "basic/utilities/ping", _OLD),
    Code(
        "modern.header",
        "must",
        "A header that contradicts the body is not refused with 400 and -32020",
        _VALIDATION,
        _NEW,
    ),
    Code("modern.meta", "must", "A request without its _meta is not refused with 400 and -32602", _META, _NEW),
    Code(
        "modern.version",
        "must",
        "An unknown version is not refused with 400, -32022 and those that are served",
        "basic/versioning",
        _NEW,
    ),
    Code("modern.removed", "must", "A method of older versions is not refused with 404 and -32601", _METHODS, _NEW),
    Code("modern.methods", "should", "GET or DELETE is not refused with 405", _OLDER, _NEW),
    Code("modern.result-type", "must", "A result has no resultType", "basic/index, ResultType", _NEW),
    Code(
        "modern.caching",
        "must",
        "A result has no ttlMs of 0 or more, or no cacheScope, or pages differ in it",
        "server/utilities/caching",
        _NEW,
    ),
    Code("modern.server-info", "should", "A result does not say in _meta which server it is from", _META, _NEW),
    Code(
        "modern.discover",
        "must",
        "server/discover does not name this version and the capabilities",
        "server/discover",
        _NEW,
    ),
    Code("modern.session", "should", "A session id is asked for, heeded or given", _OLDER, _NEW),
    Code(
        "fastmcp.unknown-tool",
        "info",
        "A call of an unknown tool gets a result with isError, not -32602, as FastMCP does it",
        _TOOL_ERRORS,
    ),
    Code(
        "fastmcp.invalid-request",
        "info",
        "A body that is no JSON-RPC message gets -32602, not -32600, as FastMCP does it",
        _CODES_OF_RPC,
        _OLD,
    ),
    Code(
        "fastmcp.id-null",
        "info",
        "A request whose id is null is taken for a notification, as FastMCP does it",
        _REQUESTS,
        _OLD,
    ),
    Code("fastmcp.batch", "info", "A batch is refused in 2025-03-26, as FastMCP does it", _BATCHES, _OLD),
    Code(
        "fastmcp.resource-missing",
        "info",
        "An unknown resource gets -32602, not -32002, as FastMCP does it",
        "server/resources, Error Handling",
        _OLD,
    ),
    Code(
        "fastmcp.prompt-argument",
        "info",
        "A prompt without a required argument gets -32603, not -32602, as FastMCP does it",
        "server/prompts, Error Handling",
    ),
    Code("fastmcp.origin", "info", "Origin is not looked at, as FastMCP does it unless told otherwise", _SECURITY),
    Code(
        "fastmcp.error-id",
        "info",
        "An error about no request has the id null instead of no id, as FastMCP does it",
        "basic/index, Error Responses",
        _NEW,
    ),
    Code("fastmcp.cursor", "info", "A list of one page is given whole for any cursor, as FastMCP does it", _PAGES),
    Code(
        "fastmcp.dead-session",
        "info",
        "A refusal names a session that there is not, as FastMCP does it",
        _SESSIONS,
        _OLD,
    ),
    Code("concurrency.cross-talk", "must", "A call gets the answer to another one", _RESPONSES),
    Code("concurrency.wrong", "must", "A call fails or changes its answer while others are under way", _RESPONSES),
    Code("meanwhile.wrong", "must", "During load or faults a call gets a wrong answer", _CONTRACT),
    Code("meanwhile.failed", "should", "During load a call gets no answer", _CONTRACT),
    Code("meanwhile.changed", "should", "After load or faults a call is answered otherwise for good", _CONTRACT),
    Code(
        "meanwhile.unexplained",
        "must",
        "During faults a call fails, and the journal does not say why",
        "docs/faults.md, The journal",
    ),
    Code("check.unproven", "info", "There was nothing by which this could be checked", _CONTRACT),
    Code("server.no-answer", "must", "A request gets no reply, or none that ends, in time", _RESPONSES),
    Code("server.gone", "must", "The server went away while it was checked", _RESPONSES),
)
CODES: Mapping[str, Code] = {code.name: code for code in _CODES}
"""Every code by its name."""


def level_of(finding: Finding) -> Level:
    """How much it matters."""
    return CODES[finding.code].level
