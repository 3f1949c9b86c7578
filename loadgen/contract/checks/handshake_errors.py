"""Mistakes of clients of the handshake era, and how a server has to answer them."""

from collections.abc import Iterator

from ..answer import Answer
from ..case import Case, client_error, run_cases, status
from ..notes import Notes
from ..speech import encoded
from ..target import Target
from .common_cases import common_cases

_VERSION_WITH_BATCHES = "2025-03-26"
_UNKNOWN_VERSION = "1999-01-01"
_UNKNOWN_SESSION = "no-session-of-this-server"
_BATCH = [{"jsonrpc": "2.0", "id": f"batch-{n}", "method": "ping"} for n in (1, 2)]


async def check_handshake_errors(target: Target, notes: Notes) -> None:
    """Make them, one after the other, in one session."""
    opened = target.opened.get("handshake")
    if opened is None:
        notes.skip("the server serves no version with a handshake")
        return
    async with target.client(opened.version) as client:
        await run_cases(
            client, notes, [*common_cases(opened), *_of_sessions(has_sessions=client.speech.session_id is not None)]
        )
        if client.speech.session_id is None:
            notes.skip("the server has no sessions, so none can be missing or unknown")
        else:
            await _look_for_dead_session(target, notes, opened.version)
    if _VERSION_WITH_BATCHES in opened.versions:
        async with target.client(_VERSION_WITH_BATCHES) as client:
            await run_cases(client, notes, [_batch()])
    else:
        notes.skip(f"{_VERSION_WITH_BATCHES}, the version with batches, is not served")


def _of_sessions(*, has_sessions: bool) -> Iterator[Case]:
    yield Case(
        "an unknown MCP-Protocol-Version",
        lambda speech: speech.request("ping", {}, headers={"MCP-Protocol-Version": _UNKNOWN_VERSION}),
        "HTTP 400",
        [(status(400), None)],
        "version.header",
    )
    if has_sessions:
        yield Case(
            "no session id",
            lambda speech: speech.request("ping", {}, headers={"Mcp-Session-Id": None}),
            "HTTP 400",
            [(status(400), None)],
            "session.missing",
        )
        yield Case(
            "an unknown session id",
            lambda speech: speech.request("ping", {}, headers={"Mcp-Session-Id": _UNKNOWN_SESSION}),
            "HTTP 404",
            [(status(404), None)],
            "session.unknown",
        )


async def _look_for_dead_session(target: Target, notes: Notes, version: str) -> None:
    """A refusal that names a session makes clients take that one up."""
    async with target.client(version) as client:
        answer = await client.probe.send(client.speech.request("ping", {}, headers={"Mcp-Session-Id": None}))
    notes.did()
    if isinstance(answer, Answer) and client_error(answer) and "mcp-session-id" in answer.headers:
        notes.find("fastmcp.dead-session", f"{version}: no session id", f"{answer}, with an Mcp-Session-Id")


def _batch() -> Case:
    def answered(answer: Answer) -> bool:
        parts = answer.messages[0] if answer.messages and isinstance(answer.messages[0], list) else answer.messages
        ids = [each.get("id") for each in parts if isinstance(each, dict)]
        return all(message["id"] in ids for message in _BATCH)

    return Case(
        "a batch of two requests",
        lambda speech: speech.request("ping", {}, body=encoded(_BATCH)),
        "a response to each",
        [(answered, None), (client_error, "fastmcp.batch")],
        "rpc.batch",
        len(_BATCH),
    )
