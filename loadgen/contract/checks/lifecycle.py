"""Eras and sessions from their beginning to their end: versions, ids, pings, what outlives what."""

import re
from collections.abc import Sequence

from formats.contract import essence

from ...client.modern import MODERN
from ...client.rpc_errors import METHOD_NOT_FOUND
from ..answer import EVENTS, Answer
from ..canary import find_canaries
from ..case import SERVER_ERRORS
from ..client import Client, no_answer
from ..difference import same
from ..notes import Notes
from ..speech import Id, Speech
from ..target import Target, initialize

_VISIBLE = re.compile(r"[\x21-\x7E]+")
_UNKNOWN_VERSION = "1999-01-01"
_IDS: Sequence[Id] = ("a-text", "7", 7_000_000, 2**53 - 1, -1)
"""Texts and numbers, also those that are told apart by their type alone, or that a 32-bit integer does not hold."""
_NO_STREAM, _NOT_FOUND = 405, 404
_GOOD = range(200, 300)
_PAGE_OF_ANOTHER_SITE = "http://page-of-another-site.example"
_LOOPBACK = re.compile(r"https?://(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?(/|$)")
_FORBIDDEN = 403


async def check_lifecycle(target: Target, notes: Notes) -> None:
    """What a session, or a request without one, goes through in each era that is served."""
    for era, opened in target.opened.items():
        async with target.client(opened.version) as client:
            await _check_ids(client, notes)
            await _check_reuse(target, client, notes)
        await _check_origin(target, notes, opened.version)
        if era == "handshake":
            await _check_versions(target, notes, opened.versions)
            await _check_ping_and_stream(target, notes, opened.version)
            await _check_sessions(target, notes, opened.version)
        else:
            await _check_discovery(target, notes)


async def _check_ids(client: Client, notes: Notes) -> None:
    for request_id in _IDS:
        answer = await client.ask(notes, "tools/list", {}, request_id)
        if answer is not None and answer.result is None and answer.code != METHOD_NOT_FOUND:
            where = f"{client.version}: tools/list with the id {request_id!r}"
            notes.find("rpc.id", where, f"a result under that id expected, got {answer}")


async def _check_reuse(target: Target, client: Client, notes: Notes) -> None:
    """One id, twice, the second time when the first response is there: two calls with two answers."""
    opened = target.opened[client.speech.era]
    canaries = (await find_canaries(target, opened, client, notes))[:2]
    if len(canaries) < 2:  # noqa: PLR2004 - two answers that differ
        notes.skip(f"{client.version}: no two calls have answers of their own, so an old answer would not be seen")
        return
    request_id = next(client.speech.ids)
    for canary in canaries:
        answer = await client.probe.send(client.speech.request("tools/call", canary.call.params, request_id))
        notes.did()
        where = f"{client.version}: an id that is used again"
        if not isinstance(answer, Answer) or answer.cut is not None:
            cut = answer.cut if isinstance(answer, Answer) else answer
            notes.find("server.no-answer", where, no_answer(cut))
        elif answer.result is None or not same(essence(answer.result), canary.answer):
            notes.find("rpc.id-reuse", where, f"{canary.call} with the id of the call before it: got {answer}")


async def _check_origin(target: Target, notes: Notes, version: str) -> None:
    if not _LOOPBACK.match(target.url):
        notes.skip("Origin is looked at on loopback addresses only: elsewhere other sites may be welcome")
        return
    async with target.probing() as probe:
        if Speech(version).era == "modern":
            answer = await probe.send(Speech(version).request("tools/list", headers={"Origin": _PAGE_OF_ANOTHER_SITE}))
        else:
            answer = await initialize(probe, version, {"Origin": _PAGE_OF_ANOTHER_SITE})
            if isinstance(answer, Answer) and "mcp-session-id" in answer.headers:
                await probe.send(Speech(version, answer.headers["mcp-session-id"]).bare("DELETE"))
    notes.did()
    where = f"{version}: Origin: {_PAGE_OF_ANOTHER_SITE}"
    if not isinstance(answer, Answer):
        notes.find("server.no-answer", where, no_answer(answer))
    elif answer.status in _GOOD:
        notes.find("fastmcp.origin", where, f"HTTP 403 expected, got {answer}")
    elif answer.status != _FORBIDDEN:
        notes.find("http.origin", where, f"HTTP 403 expected, got {answer}")


async def _check_versions(target: Target, notes: Notes, served: Sequence[str]) -> None:
    for proposed in (_UNKNOWN_VERSION, MODERN):
        async with target.probing() as probe:
            answer = await initialize(probe, proposed)
            notes.did()
            where = f"{served[-1]}: initialize with {proposed}"
            if not isinstance(answer, Answer):
                notes.find("server.no-answer", where, no_answer(answer))
                continue
            got = (answer.result or {}).get("protocolVersion")
            if got not in served:
                notes.find(
                    "version.fallback",
                    where,
                    f"a result with {' or '.join(served)} expected, got {f'{got!r}' if got else answer}",
                )
            elif got != max(served):
                notes.find("version.newest", where, f"{max(served)} expected, got {got}")
            if "mcp-session-id" in answer.headers:
                await probe.send(Speech(str(got), answer.headers["mcp-session-id"]).bare("DELETE"))


async def _check_ping_and_stream(target: Target, notes: Notes, version: str) -> None:
    async with target.client(version) as client:
        answer = await client.ask(notes, "ping", {})
        if answer is not None and (answer.result is None or essence(answer.result)):
            notes.find("lifecycle.ping", f"{version}: ping", f"an empty result expected, got {answer}")
        session_id = client.speech.session_id
        if session_id is not None and not _VISIBLE.fullmatch(session_id):
            notes.find("session.characters", f"{version}: initialize", f"Mcp-Session-Id is {session_id[:60]!r}")
        async with target.probing() as probe:
            heard = await probe.head(client.speech.bare("GET", {"Accept": EVENTS}))
        notes.did()
        if not isinstance(heard, Answer):
            notes.find("server.no-answer", f"{version}: GET", no_answer(heard))
        elif heard.content_type != EVENTS and heard.status != _NO_STREAM:
            notes.find("http.get", f"{version}: GET", f"an event stream or HTTP 405 expected, got {heard}")


async def _check_sessions(target: Target, notes: Notes, version: str) -> None:
    async with target.client(version) as staying, target.probing() as probe:
        leaving = await target.speech(probe, version)
        if leaving.session_id is None or staying.speech.session_id is None:
            notes.skip(f"{version}: the server has no sessions")
            return
        where = f"{version}: two sessions"
        if leaving.session_id == staying.speech.session_id:
            notes.find("session.independence", where, "two clients got the same Mcp-Session-Id")
            return
        ended = await probe.send(leaving.bare("DELETE"))
        notes.did()
        if not isinstance(ended, Answer):
            notes.find("server.no-answer", f"{version}: DELETE", no_answer(ended))
            return
        if ended.status in SERVER_ERRORS:
            notes.find(
                "http.server-error", f"{version}: DELETE", f"an end of the session or HTTP 405 expected, got {ended}"
            )
            return
        if ended.status not in _GOOD:
            notes.skip(f"{version}: DELETE ends no session ({ended})")
            return
        after = await probe.send(leaving.request("ping", {}))
        if not isinstance(after, Answer) or after.status != _NOT_FOUND:
            got = after if isinstance(after, Answer) else no_answer(after)
            notes.find("session.ended", f"{version}: a session after DELETE", f"HTTP 404 expected, got {got}")
        other = await staying.ask(notes, "ping", {})
        if other is not None and other.result is None:
            notes.find("session.independence", where, f"after the end of one, the other gets {other}")


async def _check_discovery(target: Target, notes: Notes) -> None:
    async with target.client(MODERN) as client:
        where = f"{MODERN}: server/discover"
        answer = await client.ask(notes, "server/discover", {})
        if answer is not None:
            result = answer.result or {}
            versions = result.get("supportedVersions")
            if not isinstance(versions, list) or MODERN not in versions:
                notes.find("modern.discover", where, f"{MODERN} in supportedVersions expected, got {versions!r:.80}")
            if not isinstance(result.get("capabilities"), dict):
                notes.find("modern.discover", f"{where} capabilities", "capabilities are no object")
        request = client.speech.request("tools/list", {}, headers={"Mcp-Session-Id": "of-no-meaning-here"})
        answer = None
        heard = await client.probe.send(request)
        notes.did()
        where = f"{MODERN}: Mcp-Session-Id"
        if not isinstance(heard, Answer):
            notes.find("server.no-answer", where, no_answer(heard))
        elif heard.result is None or "mcp-session-id" in heard.headers:
            given = " with an Mcp-Session-Id" if "mcp-session-id" in heard.headers else ""
            notes.find("modern.session", where, f"the same answer as without expected, got {heard}{given}")
