"""The first look at a server: which eras and versions it serves, what it says of itself, what it lists."""

from dataclasses import replace

from formats.contract import Era

from ..client.messages import HANDSHAKE_VERSIONS
from ..client.modern import MODERN, PREFIX
from ..client.tool import as_object
from ..errors import TargetUnreachable
from ..outcome import Connect, Failure, Timeout, Tls, printable
from .answer import Answer
from .listing import read_listing
from .lists import LIST_KINDS
from .notes import Notes
from .probe import ServerGoneError
from .speech import Speech
from .target import NotOpenedError, Opened, Target, initialize

_LONGEST_NAME = 200


async def look(target: Target, notes: Notes) -> None:
    """Fill in `target.opened`.

    Raises:
        TargetUnreachable: it answers as an MCP server in neither era.
    """
    said: list[Answer | Failure] = []
    try:
        for era in ("handshake", "modern"):
            found = await (_handshake(target, said) if era == "handshake" else _modern(target, said))
            if found is not None:
                await _take_up(target, notes, era, found)
    except ServerGoneError as gone:
        raise TargetUnreachable(_unreachable(target, str(gone), silent=True)) from gone
    if not target.opened:
        last = said[0]
        silent = isinstance(last, (Connect, Tls, Timeout))
        words = last.detail if not isinstance(last, Answer) else f"initialize gets {last}, server/discover {said[-1]}"
        raise TargetUnreachable(_unreachable(target, words, silent=silent))


async def _take_up(target: Target, notes: Notes, era: Era, found: Opened) -> None:
    try:
        async with target.client(found.version) as client:
            lists = {kind: await read_listing(client, notes, kind) for kind in LIST_KINDS}
    except NotOpenedError as error:
        notes.find("server.no-answer", f"{found.version}: initialize", str(error))
        return
    target.opened[era] = replace(found, lists=lists)


async def _handshake(target: Target, said: list[Answer | Failure]) -> Opened | None:
    """What the newest of the served versions was answered with."""
    served: dict[str, Answer] = {}
    for version in sorted(HANDSHAKE_VERSIONS, reverse=True):
        async with target.probing() as probe:
            answer = await initialize(probe, version)
            said.append(answer)
            if isinstance(answer, Timeout):
                break  # the others would be waited for as long
            if not isinstance(answer, Answer) or answer.result is None:
                continue
            if answer.result.get("protocolVersion") == version:
                served[version] = answer
            session_id = answer.headers.get("mcp-session-id")
            if session_id is not None:
                await probe.send(Speech(version, session_id).bare("DELETE"))
    if not served:
        return None
    return _opened(max(served), tuple(sorted(served)), served[max(served)], {})


async def _modern(target: Target, said: list[Answer | Failure]) -> Opened | None:
    async with target.probing() as probe:
        answer = await probe.send(Speech(MODERN).request("server/discover"))
    said.append(answer)
    if not isinstance(answer, Answer) or answer.result is None:
        return None
    info = as_object(as_object(answer.result.get("_meta")).get(f"{PREFIX}serverInfo"))
    return _opened(MODERN, (MODERN,), answer, {"serverInfo": info})


def _opened(version: str, versions: tuple[str, ...], answer: Answer, more: dict[str, object]) -> Opened:
    result = {**(answer.result or {}), **more}
    instructions = result.get("instructions")
    return Opened(
        version,
        versions,
        as_object(result.get("serverInfo")),
        as_object(result.get("capabilities")),
        instructions if isinstance(instructions, str) else None,
    )


def server_name(target: Target) -> str:
    """Name and version that the server gives itself, for people."""
    infos = [opened.info for opened in target.opened.values()]
    info = next((each for each in infos if each.get("name")), {})
    return printable(f"{info.get('name', '')} {info.get('version', '')}", _LONGEST_NAME)


def _unreachable(target: Target, words: str, *, silent: bool) -> str:
    what = "cannot be reached" if silent else "does not answer as an MCP server"
    return f"{target.url} {what}: {words}. Is the server running, and is the URL right?"
