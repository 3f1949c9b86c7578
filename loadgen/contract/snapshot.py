"""What read-only tools answer, taken so that a change of the server's state would be seen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.contract import essence

from .client import Client
from .difference import same, shown
from .notes import Notes


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool."""

    tool: str
    arguments: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What tells it from other calls."""
        return f"{self.tool} {json.dumps(self.arguments, sort_keys=True)}"

    @property
    def params(self) -> dict[str, Any]:
        """Of `tools/call`."""
        return {"name": self.tool, "arguments": self.arguments}

    def __str__(self) -> str:
        return f"{self.tool} {shown(self.arguments)}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The answers to calls whose answers do not change by themselves, each without what is only about the exchange."""

    answers: Sequence[tuple[Call, Mapping[str, Any]]]

    async def again(self, client: Client, notes: Notes) -> "Snapshot":
        """The answers to the same calls now."""
        return Snapshot([(call, await _ask(client, notes, call) or {}) for call, _ in self.answers])

    def changed(self, after: "Snapshot") -> list[tuple[Call, Mapping[str, Any], Mapping[str, Any]]]:
        """The calls that `after` answers otherwise, with both answers."""
        pairs = zip(self.answers, after.answers, strict=True)
        return [(call, old, new) for (call, old), (_, new) in pairs if not same(old, new)]


async def take(client: Client, notes: Notes, calls: Sequence[Call]) -> Snapshot:
    """The snapshot of `calls`, less those that two calls in a row are answered otherwise, or not with a result."""
    answers = []
    for call in calls:
        first, second = await _ask(client, notes, call), await _ask(client, notes, call)
        if first is not None and second is not None and same(first, second):
            answers.append((call, first))
    return Snapshot(answers)


async def _ask(client: Client, notes: Notes, call: Call) -> dict[str, Any] | None:
    answer = await client.ask(notes, "tools/call", call.params)
    return None if answer is None or answer.result is None else essence(answer.result)
