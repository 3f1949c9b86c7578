"""Calls that know their own answer: read-only, the same each time, and no two answered alike."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from ..arguments import Arguments, UnusableSchemaError
from .client import Client
from .difference import same
from .listing import reads_only
from .notes import Notes
from .snapshot import Call, take
from .target import Opened, Target

_SETS = 6
_MOST = 8


class Canary(NamedTuple):
    """A call, and what it is answered with when it is alone."""

    call: Call
    answer: Mapping[str, Any]


async def find_canaries(target: Target, opened: Opened, client: Client, notes: Notes) -> list[Canary]:
    """As many as `_MOST`; fewer than two cannot be mistaken for each other."""
    found: list[Canary] = []
    for name, entry in opened.tools.items():
        if not reads_only(entry):
            continue
        snapshot = await take(client, notes, [Call(name, each) for each in _arguments(target, name, entry)])
        for call, answer in snapshot.answers:
            if not any(same(answer, other.answer) for other in found):
                found.append(Canary(call, answer))
    return _of_each_tool(found)[:_MOST]


def _arguments(target: Target, name: str, entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    schema = entry.get("inputSchema")
    if not isinstance(schema, dict):
        return []
    try:
        return good_arguments(target, Arguments(name, schema, target.seed), name)
    except UnusableSchemaError:
        return []


def good_arguments(target: Target, arguments: Arguments, name: str, drawn: int = _SETS) -> list[Mapping[str, Any]]:
    """Those of the contract's examples that fit, and as many as `drawn` that are drawn."""
    given = [example.arguments for example in target.contract.examples if example.tool == name]
    return [*(each for each in given if arguments.fits(each)), *islice(arguments.fitting(), drawn)]


def _of_each_tool(canaries: Sequence[Canary]) -> list[Canary]:
    """In turn one of each tool."""
    by_tool: dict[str, list[Canary]] = {}
    for canary in canaries:
        by_tool.setdefault(canary.call.tool, []).append(canary)
    turns = max(map(len, by_tool.values()), default=0)
    return [tool[turn] for turn in range(turns) for tool in by_tool.values() if turn < len(tool)]
