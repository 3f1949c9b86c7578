"""What read-only tools answer, taken so that a change of the server's state would be seen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from formats.contract import essence

from .client import Client
from .difference import same
from .notes import Notes
from .values import shown

_ERROR = "JSON-RPC error"
"""Instead of a result; no result has such a member."""


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


class Canary(NamedTuple):
    """A call, and what it is answered with when it is alone."""

    call: Call
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The answers to calls whose answers do not change by themselves, each without what is only about the exchange."""

    answers: Sequence[Canary]

    async def again(self, client: Client, notes: Notes) -> "Snapshot":
        """The answers to the same calls now, as far as there are any."""
        asked = [(call, await _ask(client, notes, call)) for call, _ in self.answers]
        return Snapshot([Canary(call, answer) for call, answer in asked if answer is not None])

    def changed(self, after: "Snapshot") -> list[tuple[Call, Mapping[str, Any], Mapping[str, Any]]]:
        """The calls that `after` answers otherwise, with both answers."""
        now = {call.key: answer for call, answer in after.answers}
        both = [(call, old, now[call.key]) for call, old in self.answers if call.key in now]
        return [(call, old, new) for call, old, new in both if not same(old, new)]


async def take(client: Client, notes: Notes, calls: Sequence[Call]) -> Snapshot:
    """The snapshot of `calls`, less those that two calls in a row are answered otherwise, or not with a result."""
    answers = []
    for call in calls:
        first, second = await _ask(client, notes, call), await _ask(client, notes, call)
        if first is not None and second is not None and _ERROR not in first and same(first, second):
            answers.append(Canary(call, first))
    return Snapshot(answers)


async def _ask(client: Client, notes: Notes, call: Call) -> dict[str, Any] | None:
    answer = await client.call(notes, call.tool, call.arguments)
    if answer is None:
        return None
    return {_ERROR: answer.error or str(answer)} if answer.result is None else essence(answer.result)
