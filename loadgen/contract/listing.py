"""One list of a server, read page after page: of its tools, resources, resource templates, or prompts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..client.rpc_errors import METHOD_NOT_FOUND
from .answer import Answer
from .client import Client
from .lists import LISTS, ListKind
from .notes import Notes

_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list holds: whole entries, in order; `pages` are the results that they came in.

    `offered`: the server knows the method. `fault` says, as a code and a sentence, why there is no more of it.
    """

    kind: ListKind
    entries: tuple[Mapping[str, Any], ...] = ()
    pages: tuple[Mapping[str, Any], ...] = ()
    offered: bool = True
    fault: tuple[str, str] | None = None

    def names(self) -> list[str]:
        """What tells the entries apart, in their order."""
        key = LISTS[self.kind].key
        return [str(entry[key]) for entry in self.entries]


def reads_only(tool: Mapping[str, Any]) -> bool:
    """Whether a tool says that it changes nothing."""
    annotations = tool.get("annotations")
    return isinstance(annotations, dict) and annotations.get("readOnlyHint") is True


async def read_listing(client: Client, notes: Notes, kind: ListKind) -> Listing:
    """The whole list, or as much of it as can be read."""
    method, member, key, _ = LISTS[kind]
    entries: list[Mapping[str, Any]] = []
    pages: list[Mapping[str, Any]] = []
    cursors: set[str] = set()
    params: dict[str, Any] = {}
    while True:
        answer = await client.ask(notes, method, params)
        if answer is not None and answer.code == METHOD_NOT_FOUND and not pages:
            return Listing(kind, offered=False)
        page = None if answer is None or answer.result is None else answer.result.get(member)
        if not isinstance(page, list) or not all(
            isinstance(entry, dict) and isinstance(entry.get(key), str) for entry in page
        ):
            return Listing(
                kind, tuple(entries), tuple(pages), fault=("lists.malformed", _malformed(answer, member, key))
            )
        entries += page
        pages.append(answer.result if answer is not None and answer.result is not None else {})
        cursor = pages[-1].get("nextCursor")
        if cursor is None:
            return Listing(kind, tuple(entries), tuple(pages))
        if not isinstance(cursor, str):
            return Listing(kind, tuple(entries), tuple(pages), fault=("lists.malformed", "nextCursor is no text"))
        if cursor in cursors or len(pages) >= _MOST_PAGES:
            why = "a cursor comes twice" if cursor in cursors else f"there are more than {_MOST_PAGES} pages"
            return Listing(kind, tuple(entries), tuple(pages), fault=("lists.endless", why))
        cursors.add(cursor)
        params = {"cursor": cursor}


def _malformed(answer: Answer | None, member: str, key: str) -> str:
    if answer is None:
        return "no whole reply came"
    return f"a result whose {member} are objects with a {key} expected, got {answer}"
