"""Mistakes that both eras know: bodies that are no message, methods and names that there are not."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...client.rpc_errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RESOURCE_NOT_FOUND,
)
from ...client.transport import Request
from ..case import Asking, Case, Rung, client_error, error, http_error, refused, status, tool_error
from ..listing import reads_only
from ..speech import Speech, encoded, era_of
from ..target import Opened

NO_SUCH = "no-such-thing-of-this-server"
_ACCEPTED = 202
_FORMS: Mapping[str, Any] = {
    "a JSON object that is no message": {"hello": "world"},
    "a JSON number": 42,
    "a message of JSON-RPC 1.0": {"jsonrpc": "1.0", "id": 1, "method": "ping"},
}


def common_cases(opened: Opened) -> Iterator[Case]:
    """The cases of one era."""
    modern = era_of(opened.version) == "modern"
    yield from _bodies(modern=modern)
    yield _notification()
    yield from _negotiation()
    yield from _names(opened, modern=modern)
    yield from _params(opened)


def _bodies(*, modern: bool) -> Iterator[Case]:
    for name, body in (("half a message", b'{"jsonrpc": "2.0", "id": 1, "meth'), ("no body", b"")):
        yield Case(
            name,
            _with_body(body),
            "HTTP 400 and, if any, error -32700",
            [(http_error(None, PARSE_ERROR), None), (client_error, "rpc.error-code")],
            "rpc.parse-error",
        )
    known: list[Rung] = [] if modern else [(http_error(INVALID_PARAMS), "fastmcp.invalid-request")]
    for name, message in _FORMS.items():
        yield Case(
            name,
            _with_body(encoded(message)),
            "HTTP 400 and, if any, error -32600",
            [(http_error(None, INVALID_REQUEST), None), *known, (client_error, "rpc.error-code")],
            "rpc.invalid-request",
        )
    yield Case(
        "a batch",
        _with_body(encoded([{"jsonrpc": "2.0", "id": "batch", "method": "ping"}])),
        "HTTP 400",
        [(client_error, None)],
        "rpc.batch-taken",
    )
    taken: list[Rung] = [] if modern else [(status(_ACCEPTED), "fastmcp.id-null")]
    yield Case(
        "a request whose id is null",
        lambda speech: speech.request("server/discover" if modern else "ping", {}, None),
        "HTTP 400 or an error",
        [(refused, None), *taken],
        "rpc.id-null",
    )


def _with_body(body: bytes) -> Asking:
    return lambda speech: speech.request("ping", {}, body=body)


def _notification() -> Case:
    return Case(
        "a notification",
        lambda speech: speech.notification("notifications/of-nothing"),
        "HTTP 202 without a body, or an HTTP error",
        [(lambda answer: answer.status == _ACCEPTED and not answer.body, None), (client_error, None)],
        "rpc.notification",
    )


def _negotiation() -> Iterator[Case]:
    for header, value in (("Accept", "text/plain"), ("Content-Type", "text/plain")):

        def asked(speech: Speech, header: str = header, value: str = value) -> Request:
            return speech.request("tools/list", {}, headers={header: value})

        yield Case(f"{header}: {value}", asked, "an HTTP error", [(client_error, None)], "http.negotiation")


def _names(opened: Opened, *, modern: bool) -> Iterator[Case]:
    """Only of what the server says that it has."""
    words = "error -32602"
    general: list[Rung] = [(refused, "rpc.error-code")]
    if "tools" in opened.capabilities:
        rungs: list[Rung] = [(error(INVALID_PARAMS), None), (tool_error, "fastmcp.unknown-tool"), *general]
        asked = _asking("tools/call", {"name": NO_SUCH, "arguments": {}})
        yield Case("an unknown tool", asked, words, rungs, "rpc.unknown-name")
    if "resources" in opened.capabilities:
        asked = _asking("resources/read", {"uri": f"testbed://{NO_SUCH}"})
        rungs = (
            [(error(INVALID_PARAMS), None)]
            if modern
            else [(error(RESOURCE_NOT_FOUND), None), (error(INVALID_PARAMS), "fastmcp.resource-missing"), *general]
        )
        yield Case("an unknown resource", asked, words if modern else "error -32002", rungs, "rpc.unknown-name")
    if "prompts" in opened.capabilities:
        asked = _asking("prompts/get", {"name": NO_SUCH})
        yield Case("an unknown prompt", asked, words, [(error(INVALID_PARAMS), None), *general], "rpc.unknown-name")


def _params(opened: Opened) -> Iterator[Case]:
    method = [(error(METHOD_NOT_FOUND), None), (refused, "rpc.error-code")]
    if era_of(opened.version) == "modern":
        method = [(error(METHOD_NOT_FOUND, 404), None)]
    yield Case("an unknown method", _asking(f"{NO_SUCH}/at-all", {}), "error -32601", method, "rpc.unknown-method")
    rungs: list[Rung] = [(error(INVALID_PARAMS), None), (refused, "rpc.error-code"), (tool_error, "rpc.error-code")]
    if "tools" in opened.capabilities:
        name = next((name for name, tool in opened.tools.items() if reads_only(tool)), NO_SUCH)
        for what, params in (
            ("tools/call without a name", {"arguments": {}}),
            ("arguments that are a list", {"name": name, "arguments": []}),
        ):
            yield Case(what, _asking("tools/call", params), "error -32602", rungs, "rpc.params")
    prompt = next((each for each in opened.lists["prompts"].entries if _required(each)), None)
    if prompt is not None:
        known: list[Rung] = [
            (error(INVALID_PARAMS), None),
            (error(INTERNAL_ERROR), "fastmcp.prompt-argument"),
            (refused, "rpc.error-code"),
        ]
        asked = _asking("prompts/get", {"name": prompt["name"]})
        yield Case("a prompt without a required argument", asked, "error -32602", known, "rpc.params")


def _required(prompt: Mapping[str, Any]) -> bool:
    arguments = prompt.get("arguments")
    return any(
        isinstance(each, dict) and each.get("required") is True
        for each in (arguments if isinstance(arguments, list) else ())
    )


def _asking(method: str, params: Mapping[str, Any]) -> Asking:
    return lambda speech: speech.request(method, params)
