"""The capture of a contract, from the first look at a server to the last example."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from formats.contract import Contract, Era, parse_contract
from formats.errors import InvalidInput

from ...client.modern import PREFIX
from ...client.tool import as_object
from ...clock import Clock
from ...errors import NothingMeasured
from ..lists import LIST_KINDS, ListKind
from .calls import Wishes, choose_calls
from .eras import Served, find_served
from .recording import record
from .source import Source
from .surface import Entries, Tell, find_disagreements, read_surface

CAPTURED = ("server", "instructions", "protocol_versions", "capabilities", *LIST_KINDS)
"""What of a contract is the server's own word; the rest may be made by hand."""


async def capture(source: Source, wishes: Wishes, clock: Clock, tell: Tell) -> Contract:
    """What the server offers, and how it answers.

    Whatever a person should know of the capture is given to `tell`.

    Raises:
        TargetUnreachable: the server does not answer as an MCP server.
        NothingMeasured: it stopped answering, cannot say what it has, or has not the tools that were named.
    """
    served = await find_served(source.connect, source.within, source.url)
    surfaces = {}
    for era, version in served.newest.items():
        async with source.session(version) as session:
            surfaces[era] = await read_surface(session, tell)
    for sentence in _disagreements(served, surfaces):
        tell(sentence)
    surface = surfaces[served.best]
    if not any(surface.values()):
        tell("the server has no tools, no resources and no prompts: the contract holds what it says of itself only")
    missing = [name for name in wishes.named if name not in surface["tools"]]
    if missing:
        known = ", ".join(sorted(surface["tools"])) or "no tools"
        raise NothingMeasured(f"the server has no {', '.join(missing)}; it has {known}")
    calls = choose_calls(surface, wishes, tell)
    best = served.newest[served.best]
    examples = await record(source, best, surface["tools"], calls, clock, tell) if calls else []
    return _contract(source.url, served, surface, examples, tell)


def _disagreements(served: Served, surfaces: Mapping[Era, Mapping[ListKind, Entries]]) -> list[str]:
    unproven = ", ".join(served.unproven())
    sentences = [f"the server names protocol versions that were not taken up: {unproven}"] if unproven else []
    if len(surfaces) > 1:
        sentences += find_disagreements(surfaces["modern"], surfaces["handshake"])
        identities = {era: _identity(served, era) for era in surfaces}
        if identities["modern"] and identities["modern"] != identities["handshake"]:
            sentences.append("the server gives itself another name or version in the handshake era")
        if served.about["modern"].get("instructions") != served.about["handshake"].get("instructions"):
            sentences.append("the server has other instructions in the handshake era")
    return sentences


def _identity(served: Served, era: Era) -> dict[str, str]:
    """What of `serverInfo` a contract keeps."""
    about = served.about[era]
    info = as_object(
        as_object(about.get("_meta")).get(f"{PREFIX}serverInfo") if era == "modern" else about.get("serverInfo")
    )
    return {key: info[key] for key in ("name", "version", "title") if isinstance(info.get(key), str)}


def _contract(
    url: str, served: Served, surface: Mapping[ListKind, Entries], examples: Sequence[Mapping[str, Any]], tell: Tell
) -> Contract:
    identities = [
        identity for identity in (_identity(served, era) for era in (served.best, *served.newest)) if identity
    ]
    if not identities or not identities[0].get("name"):
        tell("the server does not say its name")
    instructions = served.about[served.best].get("instructions")
    document: dict[str, Any] = {
        "version": 1,
        "server": {"name": "", **(identities[0] if identities else {})},
        "instructions": instructions if isinstance(instructions, str) else None,
        "protocol_versions": served.versions,
        "capabilities": {era: as_object(about.get("capabilities")) for era, about in served.about.items()},
        **{kind: list(entries.values()) for kind, entries in surface.items()},
        "examples": examples,
    }
    try:
        return parse_contract(json.dumps(document), url)
    except InvalidInput as error:
        raise NothingMeasured(f"what the server says fits into no contract: {'; '.join(error.problems)}") from error
