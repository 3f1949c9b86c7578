"""The contract of an MCP server: what it offers and how it answers, as a file that both wings read.

Entries of `tools`, `resources`, `resource_templates` and `prompts` are those of the server's own lists, word for word.
The file is JSON in one canonical form, so that two of them differ only where the servers do. docs/contracts.md explains
each key, fixtures/schemas/contract.json is its schema.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from .json_file import load_json

Era = Literal["handshake", "modern"]
Entry = dict[str, JsonValue]
PROTOCOL_VERSION = r"^\d{4}-\d{2}-\d{2}$"
UNCOMPARED = frozenset({"_meta", "resultType", "ttlMs", "cacheScope"})
"""Members of a result that are about the exchange and not about the answer; an exact result neither has nor compares
them. `isError: false` is the same as no isError."""


def _sorted_by(*keys: str, lists: Sequence[str] = ()) -> Any:
    """A validator: each entry has text under the first of `keys`, by which no two are the same, and lists as named."""

    def check(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        key = keys[0]
        names = [entry.get(key) for entry in entries]
        for at, (entry, name) in enumerate(zip(entries, names, strict=True)):
            if not isinstance(name, str) or not name:
                raise ValueError(f"should have a {key} in each entry; entry {at} has none")
            if names.count(name) > 1:
                raise ValueError(f"should have each {key} once; {name} is there twice")
            for object_key in lists:
                if not isinstance(entry.get(object_key), dict):
                    raise ValueError(f"should have an {object_key} in each entry; {name} has none")  # noqa: TRY004 - pydantic takes it
        return tuple(sorted(entries, key=lambda entry: str(entry[key])))

    return AfterValidator(check)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(_Strict):
    """Who the server says it is (`serverInfo`), without what only decorates it."""

    name: str
    version: str = ""
    title: str | None = None


class ExpectedError(_Strict):
    """A JSON-RPC error."""

    code: int
    message: str | None = None
    """Word for word; None: any."""


class Expectation(_Strict):
    """What a call has to be answered with: exactly one of these."""

    result: Entry | None = None
    """Exactly this result, but for `UNCOMPARED`."""
    fits: Literal[True] | Entry | None = None
    """A result that fits this JSON Schema; true: one whose structuredContent fits the tool's outputSchema."""
    match: dict[str, Literal[True] | Entry] | None = None
    """JSON pointers into the result, and the JSON Schema that each place has to fit; true: it has to be there."""
    tool_error: Literal[True] | str | Entry | None = None
    """A result with `isError: true`: any (true), with this text, or with a text that fits this JSON Schema."""
    error: ExpectedError | None = None
    """A JSON-RPC error."""

    @model_validator(mode="after")
    def _be_one(self) -> Self:
        if len(self.model_fields_set) != 1 or getattr(self, self.kind) is None:
            raise ValueError(f"should have exactly one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(iter(self.model_fields_set), "result")


class Example(_Strict):
    """One call and how it is answered: of a tool, a read of a resource (`uri`), or a prompt."""

    name: Annotated[str, Field(min_length=1)]
    tool: str | None = None
    resource: str | None = None
    prompt: str | None = None
    arguments: Entry = Field(default_factory=dict)
    expect: Expectation

    @model_validator(mode="after")
    def _be_one(self) -> Self:
        if sum(each is not None for each in (self.tool, self.resource, self.prompt)) != 1:
            raise ValueError("should have exactly one of tool, resource, prompt")
        if self.resource is not None and self.arguments:
            raise ValueError("should have no arguments: a resource takes none")
        return self

    @property
    def method(self) -> str:
        """The MCP method that it calls."""
        return "tools/call" if self.tool is not None else "prompts/get" if self.prompt is not None else "resources/read"

    @property
    def params(self) -> dict[str, Any]:
        """What it sends, without `_meta`."""
        if self.resource is not None:
            return {"uri": self.resource}
        return {"name": self.tool if self.tool is not None else self.prompt, "arguments": dict(self.arguments)}


def _distinct(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    names = [example.name for example in examples]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"should have each name once; {twice[0]} is there twice")
    return tuple(sorted(examples, key=lambda example: example.name))


class Contract(_Strict):
    """All that a contract file says, its lists in the order of their names."""

    version: Literal[1] = 1
    server: Identity
    instructions: str | None = None
    protocol_versions: Annotated[
        tuple[Annotated[str, Field(pattern=PROTOCOL_VERSION)], ...],
        Field(min_length=1),
        AfterValidator(lambda versions: tuple(sorted(set(versions)))),
    ]
    capabilities: dict[Era, Entry] = Field(default_factory=dict)
    """What the server says that it can, in each era that it serves."""
    tools: Annotated[tuple[Entry, ...], _sorted_by("name", lists=["inputSchema"])] = ()
    resources: Annotated[tuple[Entry, ...], _sorted_by("uri")] = ()
    resource_templates: Annotated[tuple[Entry, ...], _sorted_by("uriTemplate")] = ()
    prompts: Annotated[tuple[Entry, ...], _sorted_by("name")] = ()
    examples: Annotated[tuple[Example, ...], AfterValidator(_distinct)] = ()

    def tool(self, name: str) -> Mapping[str, Any] | None:
        """The entry of the tool `name`."""
        return next((tool for tool in self.tools if tool["name"] == name), None)


def read_contract(path: Path) -> Contract:
    """The contract in the file `path`.

    Raises:
        InvalidInput: it cannot be read, or is no contract; one sentence for each problem, with the file and the key.
    """
    return load_json(path, Contract)


def contract_text(contract: Contract) -> str:
    """The canonical file of `contract`: keys in the order of the alphabet, lists in that of their names, no times."""
    document = contract.model_dump(mode="json", exclude_unset=True) | {"version": contract.version}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def contract_schema() -> dict[str, Any]:
    """The JSON Schema of a contract file."""
    schema = Contract.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Contract of an MCP server"}


def essence(result: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result is compared with an exact one: all but `UNCOMPARED`, and no `isError: false`."""
    kept: Iterable[tuple[str, Any]] = ((key, value) for key, value in result.items() if key not in UNCOMPARED)
    return {key: value for key, value in kept if not (key == "isError" and value is False)}
