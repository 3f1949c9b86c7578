"""The contract of an MCP server: what it offers and how it answers, as a file that both wings read.

Entries of `tools`, `resources`, `resource_templates` and `prompts` are those of the server's own lists, word for word.
The file is JSON in one canonical form, so that two of them differ only where the servers do. docs/contracts.md explains
each key, fixtures/schemas/contract.json is its schema.
"""

import ast
import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from .contract_responses import Response, faults_of
from .errors import repeated
from .example import UNCOMPARED, Entry, Example, Expectation, ExpectedError, Shape, error_text, essence
from .json_file import load_json, parse_json
from .nearest import did_you_mean

__all__ = [
    "UNCOMPARED",
    "Contract",
    "Entry",
    "Era",
    "Example",
    "Expectation",
    "ExpectedError",
    "Identity",
    "contract_schema",
    "contract_text",
    "error_text",
    "essence",
    "parse_contract",
    "read_contract",
]

T = TypeVar("T")
Era = Literal["handshake", "modern"]
ProtocolVersion = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_ANSWERS = ("result", "fits", "match")
"""Kinds of expectation that only what the server has can meet."""


def _entries(key: str, *objects: str) -> Callable[[tuple[Entry, ...]], tuple[Entry, ...]]:
    """A validator of a list: in each entry `objects` and a text under `key`, by which it sorts, no two the same."""

    def check(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        for at, entry in enumerate(entries):
            name = entry.get(key)
            if not isinstance(name, str) or not name:
                raise repeated(f"should have a {key} in each entry; the one at [{at}] has none")
            for each in objects:
                if not isinstance(entry.get(each), dict):
                    raise repeated(f"should have an {each} in each entry; {name} has none")
        return _once(entries, lambda entry: str(entry[key]), key)

    return check


def _entries_schema(key: str, *objects: str) -> WithJsonSchema:
    properties = {key: {"type": "string", "minLength": 1}} | {each: {"type": "object"} for each in objects}
    entry = {"type": "object", "required": [key, *objects], "properties": properties}
    return WithJsonSchema({"type": "array", "items": entry})


def _once(entries: tuple[T, ...], key: Callable[[T], str], name: str) -> tuple[T, ...]:
    """`entries` in the order of their keys, no two of which are the same."""
    twice = [word for word, count in Counter(map(key, entries)).items() if count > 1]
    if twice:
        raise repeated(f"should have each {name} once; {twice[0]} is there twice")
    return tuple(sorted(entries, key=key))


def _in_order(versions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(versions)))


def _examples(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    return _once(examples, lambda example: example.name, "name")


class Identity(Shape):
    """Who the server says it is (`serverInfo`), without what only decorates it."""

    name: str
    """For programs."""
    version: str = ""
    """Of the server."""
    title: str | None = None
    """For people."""


class Contract(Shape):
    """All that a contract file says, its lists in the order of their names."""

    version: Literal[1] = 1
    """Of this format."""
    server: Identity
    """Who it says that it is."""
    instructions: str | None = None
    """What it tells models about itself."""
    protocol_versions: Annotated[tuple[ProtocolVersion, ...], Field(min_length=1), AfterValidator(_in_order)]
    """Those that the server really speaks."""
    capabilities: dict[Era, Entry] = Field(default_factory=dict)
    """What the server says that it can, in each era that it serves."""
    tools: Annotated[
        tuple[Entry, ...],
        AfterValidator(_entries("name", "inputSchema")),
        _entries_schema("name", "inputSchema"),
    ] = ()
    """Entries of tools/list."""
    resources: Annotated[tuple[Entry, ...], AfterValidator(_entries("uri")), _entries_schema("uri")] = ()
    """Entries of resources/list."""
    resource_templates: Annotated[
        tuple[Entry, ...], AfterValidator(_entries("uriTemplate")), _entries_schema("uriTemplate")
    ] = ()
    """Entries of resources/templates/list."""
    prompts: Annotated[tuple[Entry, ...], AfterValidator(_entries("name")), _entries_schema("name")] = ()
    """Entries of prompts/list."""
    examples: Annotated[tuple[Example, ...], AfterValidator(_examples)] = ()
    """Calls, and how they have to be answered."""
    responses: tuple[Response, ...] = ()
    """How a stand-in answers what no example does, the first rule that applies; nothing that a server is held to."""

    @field_validator("examples")
    @classmethod
    def _of_this_server(cls, examples: tuple[Example, ...], info: ValidationInfo) -> tuple[Example, ...]:
        """Refuse what no server can meet that keeps the rest of the contract, and what each server meets."""
        if "tools" not in info.data:  # which are told to be bad
            return examples
        tools = {str(tool["name"]): tool for tool in info.data["tools"]}
        for example in examples:
            if example.tool is not None and example.tool not in tools and example.expect.kind in _ANSWERS:
                hint = did_you_mean(example.tool, tools)
                raise repeated(f"should call tools of the contract; {example.name} calls {example.tool}{hint}")
            if example.expect.fits is True and not isinstance(
                tools.get(example.tool or "", {}).get("outputSchema"), dict
            ):
                raise repeated(
                    f"should say fits: true of tools with an outputSchema only; {example.name} has none to fit"
                )
        return examples

    @field_validator("responses")
    @classmethod
    def _for_its_tools(cls, responses: tuple[Response, ...], info: ValidationInfo) -> tuple[Response, ...]:
        """Refuse rules for other tools, and places for other arguments."""
        if "tools" in info.data:
            faults = list(faults_of(responses, {str(tool["name"]): tool for tool in info.data["tools"]}))
            if faults:
                raise repeated("; ".join(faults))
        return responses

    def tool(self, name: str) -> Mapping[str, Any] | None:
        """The entry of the tool `name`."""
        return next((tool for tool in self.tools if tool["name"] == name), None)


def read_contract(path: Path) -> Contract:
    """The contract in the file `path`.

    Raises:
        InvalidInput: it cannot be read, or is no contract; one sentence for each problem, with the file and the key.
    """
    return load_json(path, Contract)


def parse_contract(text: str, name: str) -> Contract:
    """The contract in `text`, which complaints call `name`.

    Raises:
        InvalidInput: as `read_contract`.
    """
    return parse_json(text, name, Contract)


def contract_text(contract: Contract) -> str:
    """The canonical file of `contract`: keys in the order of the alphabet, lists in that of their names, no times.

    Letters that cannot be seen are written as escapes: what a server hides in a description shows in a review.
    """
    document = contract.model_dump(mode="json", exclude_defaults=True) | {"version": contract.version}
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"
    return text if text.replace("\n", "").isprintable() else "".join(map(_visible, text))


def _visible(letter: str) -> str:
    return letter if letter.isprintable() or letter == "\n" else json.dumps(letter)[1:-1]


def contract_schema() -> dict[str, Any]:
    """The JSON Schema of a contract file; what the classes say of their fields describes its keys."""
    schema = Contract.model_json_schema()
    objects = {**schema["$defs"], Contract.__name__: schema}
    for model in _models(Shape):
        keys = objects.get(model.__name__, {}).get("properties", {})
        for name, words in _descriptions(model).items():
            if name in keys:
                keys[name]["description"] = words
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Contract of an MCP server"}


def _models(model: type[Shape]) -> Iterator[type[Shape]]:
    for each in model.__subclasses__():
        yield each
        yield from _models(each)


def _descriptions(model: type[Shape]) -> dict[str, str]:
    """The docstrings below the fields of `model`; pydantic could collect them too, but whenever it is imported."""
    return {
        field.target.id: " ".join(str(words.value.value).split())
        for part in reversed(model.__mro__)
        if issubclass(part, Shape)
        for defined in ast.parse(inspect.getsource(part)).body
        if isinstance(defined, ast.ClassDef)
        for field, words in pairwise(defined.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(words, ast.Expr)
        and isinstance(words.value, ast.Constant)
    }
