"""Which calls become examples: of tools that may be called unasked or were named, of resources, of prompts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

import orjson

from ...arguments import Arguments, UnusableSchemaError
from ...client.tool import as_object
from ..lists import ListKind
from .surface import Entries, Tell

Subject = Literal["tool", "resource", "prompt"]
MOST_BYTES = 64 * 1024
"""A longer answer is no example."""
MOST_READ = 100
"""Resources that are read."""
_TEXT = ("text/", "application/json", "application/xml", "application/yaml", "application/javascript")
_DRAWS = 20
"""Sets of arguments that are drawn for each that is wanted, since some come twice."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is recorded: so many `sets` of arguments for each tool, drawn from `seed`; 0 is no examples at all.

    `named` are tools that may be called although they are not annotated read-only, `read` is for resources and prompts.
    """

    sets: int = 3
    seed: int = 1
    named: tuple[str, ...] = ()
    read: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the tool or prompt, or read of the resource, that is called `target`.

    With `misfit`, its arguments do not fit the inputSchema.
    """

    name: str
    subject: Subject
    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    misfit: bool = False

    @property
    def method(self) -> str:
        """The MCP method."""
        return {"tool": "tools/call", "resource": "resources/read", "prompt": "prompts/get"}[self.subject]

    @property
    def params(self) -> dict[str, Any]:
        """What is sent."""
        if self.subject == "resource":
            return {"uri": self.target}
        return {"name": self.target, "arguments": self.arguments}

    def example(self, expectation: Mapping[str, Any]) -> dict[str, Any]:
        """The entry of the contract, when this is what has to come of it."""
        arguments = {"arguments": self.arguments} if self.arguments else {}
        return {"name": self.name, self.subject: self.target, **arguments, "expect": expectation}


def choose_calls(surface: Mapping[ListKind, Entries], wishes: Wishes, tell: Tell) -> list[list[Call]]:
    """The calls, those of one tool, resource or prompt together, each under a name of its own."""
    if not wishes.sets:
        return []
    groups = [_of_tool(name, surface["tools"][name], wishes, tell) for name in _callable(surface["tools"], wishes)]
    if wishes.read:
        groups += ([Call(f"resource {uri}", "resource", uri)] for uri in _readable(surface["resources"], tell))
        groups += (
            [Call(f"prompt {name}", "prompt", name)]
            for name, entry in sorted(surface["prompts"].items())
            if _is_free(entry)
        )
    return _renamed([group for group in groups if group])


def _callable(tools: Entries, wishes: Wishes) -> list[str]:
    return sorted(
        name
        for name, entry in tools.items()
        if name in wishes.named or as_object(entry.get("annotations")).get("readOnlyHint") is True
    )


def _of_tool(name: str, entry: Mapping[str, Any], wishes: Wishes, tell: Tell) -> list[Call]:
    try:
        arguments = Arguments(name, as_object(entry.get("inputSchema")), wishes.seed)
    except UnusableSchemaError as error:
        tell(f"{name} is not called: {error}")
        return []
    drawn = {orjson.dumps(each, option=orjson.OPT_SORT_KEYS): each for each in islice(arguments.fitting(), _DRAWS)}
    sets = list(drawn.values())[: wishes.sets]
    if not sets:
        tell(f"{name} is not called: no arguments that fit its inputSchema could be drawn")
        return []
    calls = [Call(f"{name} {number}", "tool", name, each) for number, each in enumerate(sets, start=1)]
    bad = arguments.misfit()
    return calls if bad is None else [*calls, Call(f"{name}, bad arguments", "tool", name, bad, misfit=True)]


def _readable(resources: Entries, tell: Tell) -> Iterator[str]:
    """Those that say they are text, or do not say what they are, and are not too long."""
    uris = [uri for uri, entry in sorted(resources.items()) if _is_text(entry.get("mimeType"))]
    if len(uris) > MOST_READ:
        tell(f"only the first {MOST_READ} of {len(uris)} resources are read")
    for uri in uris[:MOST_READ]:
        size = resources[uri].get("size")
        if isinstance(size, int) and size > MOST_BYTES:
            tell(f"{uri} is not read: it has {size:,} bytes, more than {MOST_BYTES:,}")
        else:
            yield uri


def _is_text(kind: object) -> bool:
    if not isinstance(kind, str):
        return True
    kind = kind.partition(";")[0].strip().lower()
    return kind.startswith(_TEXT) or kind.endswith(("+json", "+xml", "+yaml"))


def _is_free(prompt: Mapping[str, Any]) -> bool:
    """Whether it can be had without arguments."""
    arguments = prompt.get("arguments")
    named = arguments if isinstance(arguments, list) else []
    return not any(as_object(argument).get("required") is True for argument in named)


def _renamed(groups: Sequence[Sequence[Call]]) -> list[list[Call]]:
    """`groups` with a number behind names that are taken: servers may call a tool like the example of another."""
    taken: set[str] = set()
    renamed = []
    for group in groups:
        calls = []
        for call in group:
            name, number = call.name, 2
            while name in taken:
                name, number = f"{call.name} ({number})", number + 1
            taken.add(name)
            calls.append(Call(name, call.subject, call.target, call.arguments, call.misfit))
        renamed.append(calls)
    return renamed
