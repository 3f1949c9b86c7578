"""What a server lists: its tools, resources, resource templates and prompts, whole entries, all pages."""

from collections.abc import Callable, Mapping
from typing import Any

from ...client.pages import read_pages
from ...client.rpc_errors import METHOD_NOT_FOUND
from ...client.session import Session
from ...client.tool import as_object
from ...errors import NothingMeasured
from ...outcome import Failure, HttpStatus, RpcError, Timeout
from ..lists import LIST_KINDS, LISTS, ListKind, ListMethod

Tell = Callable[[str], None]
"""Takes a sentence for the person who captures."""
Entries = Mapping[str, Mapping[str, Any]]
"""Entries of a list by what tells them apart."""
_OBJECTS: Mapping[ListKind, tuple[str, ...]] = {"tools": ("inputSchema",)}
"""The members that an entry needs besides what tells it apart."""


async def read_surface(session: Session, tell: Tell) -> Mapping[ListKind, Entries]:
    """All lists of the server; what cannot be kept of one is told.

    Raises:
        NothingMeasured: a list that the server says it has cannot be read.
    """
    return {kind: await _read(session, kind, tell) for kind in LIST_KINDS}


async def _read(session: Session, kind: ListKind, tell: Tell) -> Entries:
    which = LISTS[kind]
    listed = await read_pages(session, which.method, which.member)
    if not isinstance(listed, tuple):
        if not _has_none(session, which, listed):
            raise NothingMeasured(f"the server does not say what its {which.member} are: {listed.detail}")
        if not isinstance(listed, RpcError):
            tell(f"{which.method}: taken for an empty list, since the server declares none: {listed.detail}")
        return {}
    entries: dict[str, Mapping[str, Any]] = {}
    for entry in map(as_object, listed):
        name = entry.get(which.key)
        missing = [member for member in _OBJECTS.get(kind, ()) if not isinstance(entry.get(member), dict)]
        if not isinstance(name, str) or not name:
            tell(f"{which.method}: an entry without {which.key} was left out")
        elif missing:
            tell(f"{which.method}: {name} has no {missing[0]} and was left out")
        elif name in entries:
            tell(f"{which.method}: {name} is listed twice; only the first was kept")
        else:
            entries[name] = entry
    return entries


def _has_none(session: Session, which: ListMethod, failure: Failure) -> bool:
    """Whether this is how a server puts it that it has no such list; it need not know the method then."""
    if which.capability not in as_object(session.about.get("capabilities")):
        return isinstance(failure, (RpcError, HttpStatus, Timeout))
    return isinstance(failure, RpcError) and failure.code == METHOD_NOT_FOUND and which.member != "tools"


def find_disagreements(modern: Mapping[ListKind, Entries], handshake: Mapping[ListKind, Entries]) -> list[str]:
    """What the server lists otherwise in the two eras, a sentence for each list and way."""
    sentences = []
    for kind in LIST_KINDS:
        new, old, method = modern[kind], handshake[kind], LISTS[kind].method
        for names, how in (
            (new.keys() - old.keys(), "only in the modern era"),
            (old.keys() - new.keys(), "only in the handshake era: not in the contract"),
            ({name for name in new.keys() & old.keys() if new[name] != old[name]}, "otherwise in the handshake era"),
        ):
            if names:
                sentences.append(f"{method} lists {', '.join(sorted(names))} {how}")
    return sentences
