"""Mistakes of clients of the modern era, and how a server has to answer them."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...client.modern import PREFIX
from ...client.rpc_errors import HEADER_MISMATCH, INVALID_PARAMS, METHOD_NOT_FOUND, UNSUPPORTED_VERSION
from ...client.transport import Request
from ...mirrored import mirrored
from ..answer import Answer
from ..case import Asking, Case, Rung, error, run_cases, status
from ..listing import reads_only
from ..notes import Notes
from ..speech import Speech, encoded
from ..target import Opened, Target
from .common_cases import NO_SUCH, common_cases

_REMOVED: Mapping[str, Mapping[str, Any]] = {
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    "ping": {},
    "logging/setLevel": {"level": "info"},
    "resources/subscribe": {"uri": "testbed://any"},
    "resources/unsubscribe": {"uri": "testbed://any"},
}
_REQUIRED = ("protocolVersion", "clientCapabilities")
_UNKNOWN_VERSION, _OLDER_VERSION = "2099-01-01", "2025-11-25"
_BAD_REQUEST, _NOT_FOUND = 400, 404


async def check_modern_errors(target: Target, notes: Notes) -> None:
    """Make them, one after the other, over one connection."""
    opened = target.opened.get("modern")
    if opened is None:
        notes.skip("the server does not serve 2026-07-28")
        return
    async with target.client(opened.version) as client:
        await run_cases(
            client, notes, [*common_cases(opened), *_headers(opened), *_meta(), *_versions(opened), *_removed()]
        )


def _headers(opened: Opened) -> Iterator[Case]:
    """Calls of a tool that there is not, or of one that changes nothing: a server may carry them out all the same."""
    calls: list[tuple[str, dict[str, str | None]]] = [
        ("no Mcp-Method", {"Mcp-Method": None}),
        ("another Mcp-Method than method", {"Mcp-Method": "tools/list"}),
        ("no Mcp-Name", {"Mcp-Name": None}),
        ("another Mcp-Name than name", {"Mcp-Name": f"{NO_SUCH}-either"}),
    ]
    for what, changed in calls:
        yield _mismatch(what, _asking("tools/call", {"name": NO_SUCH, "arguments": {}}, changed))
    yield _mismatch("another MCP-Protocol-Version than in _meta", _with_older_meta)
    for tool in opened.tools.values():
        wanted = mirrored(tool.get("inputSchema"))
        if wanted and reads_only(tool):
            yield _mismatch(
                f"another {next(iter(wanted.values()))} than argument",
                _with_wrong_argument(tool, next(iter(wanted.items()))),
            )
            break


def _with_older_meta(speech: Speech) -> Request:
    params = speech.params_of({})
    params["_meta"] = {**params["_meta"], f"{PREFIX}protocolVersion": _OLDER_VERSION}
    return speech.request("tools/list", params)


def _with_wrong_argument(tool: Mapping[str, Any], wanted: tuple[tuple[str, ...], str]) -> Asking:
    path, header = wanted
    arguments: dict[str, Any] = {path[-1]: "one"}
    for step in reversed(path[:-1]):
        arguments = {step: arguments}
    return lambda speech: speech.request(
        "tools/call", {"name": tool["name"], "arguments": arguments}, headers={header: "another"}
    )


def _mismatch(what: str, asked: Asking) -> Case:
    return Case(
        what, asked, "HTTP 400 and error -32020", [(error(HEADER_MISMATCH, _BAD_REQUEST), None)], "modern.header"
    )


def _meta() -> Iterator[Case]:
    def without(key: str) -> Asking:
        def asked(speech: Speech) -> Request:
            meta = {name: value for name, value in speech.params_of({})["_meta"].items() if name != f"{PREFIX}{key}"}
            return speech.request("tools/list", {"_meta": meta})

        return asked

    def bare(speech: Speech) -> Request:
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        return speech.request("tools/list", body=encoded(message))

    cases = {f"no {key} in _meta": without(key) for key in _REQUIRED} | {"no _meta": bare}
    for what, asked in cases.items():
        yield Case(
            what, asked, "HTTP 400 and error -32602", [(error(INVALID_PARAMS, _BAD_REQUEST), None)], "modern.meta"
        )


def _versions(opened: Opened) -> Iterator[Case]:
    def named(answer: Answer) -> bool:
        data = (answer.error or {}).get("data")
        supported = data.get("supported") if isinstance(data, dict) else None
        names_ours = isinstance(supported, list) and opened.version in supported
        return answer.status == _BAD_REQUEST and answer.code == UNSUPPORTED_VERSION and names_ours

    yield Case(
        "an unknown version",
        lambda _: Speech(_UNKNOWN_VERSION).request("tools/list"),
        f"HTTP 400 and error -32022 with {opened.version} in data.supported",
        [(named, None)],
        "modern.version",
    )


def _removed() -> Iterator[Case]:
    rungs: list[Rung] = [(error(METHOD_NOT_FOUND, _NOT_FOUND), None)]
    for name, params in _REMOVED.items():
        yield Case(name, _asking(name, params), "HTTP 404 and error -32601", rungs, "modern.removed")
    yield Case("GET", lambda speech: speech.bare("GET"), "HTTP 405", [(status(405), None)], "modern.methods")
    yield Case("DELETE", lambda speech: speech.bare("DELETE"), "HTTP 405", [(status(405), None)], "modern.methods")


def _asking(method: str, params: Mapping[str, Any], headers: Mapping[str, str | None] | None = None) -> Asking:
    return lambda speech: speech.request(method, params, headers=headers)
