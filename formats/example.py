"""Examples of a contract: one call each, and how it has to be answered."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from jsonschema_rs import ReferencingError, ValidationError, validator_for
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    Strict,
    WithJsonSchema,
    model_validator,
)

from .json_pointer import POINTER, check_pointer

Entry = dict[str, JsonValue]
UNCOMPARED = frozenset({"_meta", "resultType", "ttlMs", "cacheScope"})
"""Members of a result that are about the exchange and not about the answer; an exact result neither has nor compares
them. `isError: false` is the same as no isError."""


class Shape(BaseModel):
    """An object of a contract file: its keys are known, and it never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def usable_schema(schema: Any) -> Any:
    """`schema`, when it is a JSON Schema.

    Raises:
        ValueError: it is none; the end of a sentence.
    """
    try:
        validator_for(schema, offline=True)
    except (ValidationError, ReferencingError, ValueError) as error:
        why = error.message if isinstance(error, ValidationError) else str(error).partition("\n")[0]
        raise ValueError(f"should be a valid JSON Schema: {' '.join(why.split())}") from error
    return schema


def _one_of(words: str, *kinds: type) -> BeforeValidator:
    """A validator of a value that is true, or else of one of `kinds`; an object is a JSON Schema."""

    def check(value: Any) -> Any:
        if value is not True and not isinstance(value, kinds):
            raise ValueError(f"should be {words}")
        return usable_schema(value) if isinstance(value, dict) else value

    return BeforeValidator(check)


TrueOrSchema = Annotated[Literal[True] | Entry, _one_of("true or a JSON Schema", dict)]
TrueOrText = Annotated[Literal[True] | str | Entry, _one_of("true, a text or a JSON Schema of the text", str, dict)]
Pointer = Annotated[str, AfterValidator(check_pointer), WithJsonSchema({"type": "string", "pattern": f"^{POINTER}$"})]


class ExpectedError(Shape):
    """A JSON-RPC error."""

    code: Annotated[int, Strict()]
    """Such as -32602 for arguments that cannot be used."""
    message: str | None = None
    """Word for word; none: any."""


class Expectation(Shape):
    """What a call has to be answered with: exactly one of these.

    A tool's result with `isError: true` is what `tool_error` is for, or an exact `result` that has it; it never fits or
    matches.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    result: Entry | None = None
    """Exactly this result; _meta, resultType, ttlMs, cacheScope and isError: false do not count."""
    fits: TrueOrSchema | None = None
    """A result that fits this JSON Schema; true: one whose structuredContent fits the tool's outputSchema."""
    match: (
        Annotated[dict[Pointer, TrueOrSchema], Field(min_length=1, json_schema_extra={"additionalProperties": False})]
        | None
    ) = None
    """JSON pointers into the result, and the JSON Schema that each place has to fit; true: it has to be there."""
    tool_error: TrueOrText | None = None
    """A result with isError: true: any (true), with this text, or with a text that fits this JSON Schema. The text is
    that of all content, a line for each part."""
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


class Example(Shape):
    """One call and how it is answered: of a tool, a read of a resource (`uri`), or a prompt."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [subject]} for subject in ("tool", "resource", "prompt")]}
    )

    name: Annotated[str, Field(min_length=1)]
    """What it shows, in words; reports call it so."""
    tool: str | None = None
    """The tool that is called."""
    resource: str | None = None
    """The URI of the resource that is read."""
    prompt: str | None = None
    """The prompt that is asked for."""
    arguments: Entry = Field(default_factory=dict)
    """Of the tool or the prompt."""
    expect: Expectation
    """How it has to be answered."""

    @model_validator(mode="after")
    def _be_one(self) -> Self:
        if sum(each is not None for each in (self.tool, self.resource, self.prompt)) != 1:
            raise ValueError("should have exactly one of tool, resource, prompt")
        if self.resource is not None and self.arguments:
            raise ValueError("should have no arguments: a resource takes none")
        if self.tool is None and self.expect.kind == "tool_error":
            raise ValueError("should expect no tool_error: only tools have those")
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


def essence(result: Mapping[str, Any]) -> dict[str, Any]:
    """What of a result is compared with an exact one: all but `UNCOMPARED`, and no `isError: false`."""
    kept = {key: value for key, value in result.items() if key not in UNCOMPARED}
    if kept.get("isError") is False:
        del kept["isError"]
    return kept


def error_text(result: Mapping[str, Any]) -> str:
    """The text of a tool's error: that of all its content, a line for each part."""
    content = result.get("content")
    parts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "\n".join(text for text in parts if isinstance(text, str))
