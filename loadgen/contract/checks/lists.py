"""Lists that clients can rely on: the same twice, pages that end, no entry twice, no cursor that was never given."""

import re
from collections.abc import Mapping
from typing import Any

from jsonschema_rs import validator_for

from formats.contract import essence

from ...client.rpc_errors import INVALID_PARAMS
from ..client import Client
from ..difference import first_difference, same
from ..listing import Listing, read_listing
from ..lists import LIST_KINDS, LISTS
from ..notes import Notes
from ..target import Target

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_CURSOR = "no-cursor-of-this-server"


async def check_lists(target: Target, notes: Notes) -> None:
    """Read each list of each era once more, in a session of its own."""
    for opened in target.opened.values():
        async with target.client(opened.version) as client:
            for kind in LIST_KINDS:
                first = opened.lists[kind]
                if first.offered and first.fault is None:
                    await _check_list(client, notes, first)
        for tool in opened.lists["tools"].entries:
            _check_tool(notes, tool)


async def _check_list(client: Client, notes: Notes, first: Listing) -> None:
    kind, where = first.kind, f"{client.version}: {LISTS[first.kind].method}"
    again = await read_listing(client, notes, kind)
    if again.fault is None:
        notes.did()
        found = first_difference(first.entries, again.entries)
        if found is not None:
            notes.find("lists.unstable", where, _unstable(first, again) or f"the second reading differs at {found}")
    else:
        notes.find(again.fault[0], where, f"when it is read again: {again.fault[1]}")
    names = first.names()
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        notes.find("lists.duplicate", f"{kind}.{name}", f"{name} is there {names.count(name)} times ({client.version})")
    scopes = {str(page.get("cacheScope")) for page in first.pages}
    if client.speech.era == "modern" and len(scopes) > 1:
        notes.find("modern.caching", where, f"the pages of one list have cacheScope {' and '.join(sorted(scopes))}")
    await _ask_for_no_page(client, notes, first)


def _unstable(first: Listing, again: Listing) -> str:
    before, after = first.names(), again.names()
    if before == after:
        return ""
    if sorted(before) == sorted(after):
        return "the second reading has another order"
    changed = sorted({*before} ^ {*after}) or before
    return f"the second reading differs in {', '.join(changed[:5])}"


async def _ask_for_no_page(client: Client, notes: Notes, listing: Listing) -> None:
    """A list of one page has no cursors at all: to give it whole, whatever the cursor, misleads nobody."""
    method = LISTS[listing.kind].method
    answer = await client.ask(notes, method, {"cursor": _CURSOR})
    if answer is not None and answer.code != INVALID_PARAMS:
        whole = (
            len(listing.pages) == 1
            and answer.result is not None
            and same(essence(listing.pages[0]), essence(answer.result))
        )
        sentence = f"error -32602 expected for a cursor that the server never gave, got {answer}"
        notes.find("fastmcp.cursor" if whole else "lists.cursor", f"{client.version}: {method}", sentence)


def _check_tool(notes: Notes, tool: Mapping[str, Any]) -> None:
    name = str(tool["name"])
    notes.did()
    if not _NAME.fullmatch(name):
        notes.find("tools.name", f"tools.{name}", f"{name!r} is not of 1 to 128 letters, digits, _ - .")
    for key in ("inputSchema", "outputSchema"):
        if key in tool or key == "inputSchema":
            fault = _fault_of_schema(tool.get(key), must_be_object=key == "inputSchema")
            if fault is not None:
                notes.find("tools.schema", f"tools.{name}.{key}", fault)


def _fault_of_schema(schema: object, *, must_be_object: bool) -> str | None:
    if not isinstance(schema, dict):
        return "it is no JSON object"
    if must_be_object and schema.get("type") != "object":
        return 'it has no "type": "object"'
    try:
        validator_for(schema, offline=True)
    except ValueError as error:
        return f"it is no valid JSON Schema: {str(error).splitlines()[0]}"
    return None
