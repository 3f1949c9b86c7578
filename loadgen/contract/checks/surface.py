"""What the server offers, beside what the contract says: lists, identity, capabilities, versions, instructions."""

from collections.abc import Iterator, Mapping
from typing import Any

from formats.contract import Contract, Era

from ..listing import Listing
from ..lists import LIST_KINDS, LISTS, ListKind
from ..notes import Notes
from ..speech import era_of
from ..surface_diff import diff_surfaces
from ..target import Opened, Target
from ..values import shown

_CODE_OF = {"breaking": "surface.breaking", "compatible": "surface.grown"}


async def check_surface(target: Target, notes: Notes) -> None:
    """Compare in each era that the server serves; reads nothing anew."""
    contract = target.contract
    served = {version for opened in target.opened.values() for version in opened.versions}
    for version in sorted({*contract.protocol_versions, *served}):
        notes.did()
        if version not in served:
            notes.find("versions.missing", f"protocol_versions.{version}", f"the server does not serve {version}")
        elif version not in contract.protocol_versions:
            notes.find("versions.more", f"protocol_versions.{version}", f"the server serves {version}, too")
    for era, opened in target.opened.items():
        for code, where, sentence in (*_of_era(target, era, opened), *_of_lists(contract, opened)):
            notes.find(code, where, f"{sentence} ({opened.version})")
        notes.did(3 + len(LIST_KINDS))


def _of_era(target: Target, era: Era, opened: Opened) -> Iterator[tuple[str, str, str]]:
    contract = target.contract
    yield from _identity(target, opened)
    if contract.instructions != opened.instructions:
        sentence = f"the instructions were {shown(contract.instructions)} and are {shown(opened.instructions)}"
        yield "instructions.changed", "instructions", sentence
    if era in contract.capabilities or any(era_of(version) == era for version in contract.protocol_versions):
        yield from _capabilities(contract.capabilities.get(era, {}), opened.capabilities, "capabilities")
    for kind, listing in opened.lists.items():
        yield from _undeclared(kind, listing, opened)
        if listing.fault is not None:
            yield listing.fault[0], kind, listing.fault[1]
        elif not listing.offered and LISTS[kind].capability in opened.capabilities and kind != "resource_templates":
            yield "lists.malformed", kind, f"{LISTS[kind].capability} is declared, and the list of {kind} is no method"


def _of_lists(contract: Contract, opened: Opened) -> Iterator[tuple[str, str, str]]:
    """What clients of the contract meet in the lists that could be read."""
    read: dict[str, Any] = {kind: _usable(listing) for kind, listing in opened.lists.items() if listing.fault is None}
    for change in diff_surfaces(contract, contract.model_copy(update=read)):
        yield _CODE_OF.get(change.kind, "surface.changed"), change.where, change.sentence


def _usable(listing: Listing) -> tuple[Mapping[str, Any], ...]:
    """The entries that a contract can hold: each once, tools with an inputSchema; the others are findings elsewhere."""
    entries = dict(zip(listing.names(), listing.entries, strict=True))
    return tuple(
        each for each in entries.values() if listing.kind != "tools" or isinstance(each.get("inputSchema"), dict)
    )


def _identity(target: Target, opened: Opened) -> Iterator[tuple[str, str, str]]:
    said = target.contract.server
    name = opened.info.get("name")
    if name != said.name:
        yield "identity.name", "server.name", f"the name was {shown(said.name)} and is {shown(name)}"
    for key, before in (("version", said.version), ("title", said.title)):
        now = opened.info.get(key)
        if (now or None) != (before or None):
            yield "identity.details", f"server.{key}", f"the {key} was {shown(before)} and is {shown(now)}"


def _capabilities(before: Mapping[str, Any], now: Mapping[str, Any], where: str) -> Iterator[tuple[str, str, str]]:
    for name in sorted({*before, *now}):
        at = f"{where}.{name}"
        if name not in now or (before.get(name) is True and not now[name]):
            yield "capabilities.missing", at, f"{name} was declared and is not any more"
        elif name not in before or (now[name] is True and not before[name]):
            yield "capabilities.more", at, f"{name} is declared now"
        elif isinstance(before[name], Mapping) and isinstance(now[name], Mapping):
            yield from _capabilities(before[name], now[name], at)


def _undeclared(kind: ListKind, listing: Listing, opened: Opened) -> Iterator[tuple[str, str, str]]:
    capability = LISTS[kind].capability
    if listing.entries and capability not in opened.capabilities:
        yield (
            "capabilities.undeclared",
            f"capabilities.{capability}",
            f"there are {kind}, and {capability} is not declared",
        )
