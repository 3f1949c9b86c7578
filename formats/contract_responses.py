"""`responses` of a contract file: how a stand-in answers calls that no example answers. Real servers have none.

A rule is for the calls of one tool whose arguments fit `when`. It binds names to what it gets from the stand-in's
memory, sets what it is to remember, and answers with a template. docs/contracts.md explains each key.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from .errors import repeated
from .example import Entry, Shape, usable_schema
from .nearest import did_you_mean
from .template import Place, Template

ARGUMENTS, CALL, UUID = "arguments", "call", "uuid"
"""Names that every template may use: the call's arguments, `call.n` (its number), an id of its own."""
_ANSWERS = ("result", "structured", "tool_error", "error")
_ELSEWHERE = frozenset(
    {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "patternProperties"}
)
"""Keywords that may say of more arguments than `properties` does."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]


class ErrorTemplate(Shape):
    """A JSON-RPC error."""

    code: int
    """Such as -32602 for arguments that cannot be used."""
    message: str = ""
    """A template."""
    data: JsonValue = None
    """A template; null: none."""


class AnswerTemplate(Shape):
    """How to answer: one of these, each a template."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in _ANSWERS]})

    result: Entry | None = None
    """The whole result."""
    structured: JsonValue = None
    """The structuredContent of the result, whose text is its JSON."""
    tool_error: str | None = None
    """The text of a result with `isError: true`."""
    error: ErrorTemplate | None = None
    """A JSON-RPC error."""

    @model_validator(mode="after")
    def _be_one(self) -> Self:
        given = [kind for kind in _ANSWERS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise repeated(f"should have exactly one of {', '.join(_ANSWERS)}")
        return self

    @property
    def kind(self) -> str:
        """Which of them it is."""
        return next(kind for kind in _ANSWERS if getattr(self, kind) is not None)

    @property
    def template(self) -> dict[str, Any]:
        """The one that is given, by its kind."""
        value = getattr(self, self.kind)
        return {self.kind: value.model_dump() if isinstance(value, BaseModel) else value}


class Response(AnswerTemplate):
    """A rule."""

    tool: str
    """The tool whose calls it answers."""
    when: Annotated[Entry, AfterValidator(usable_schema)] | None = None
    """A JSON Schema that the arguments have to fit; none: any arguments."""
    get: dict[Name, str] = Field(default_factory=dict)
    """Names for what is remembered, and the templates of their keys."""
    missing: AnswerTemplate | None = None
    """The answer when nothing is remembered under one of those keys; none: the next rule is tried."""
    set: Entry = Field(default_factory=dict)
    """What to remember when the rule answers: templates of keys, and of their values."""

    @model_validator(mode="after")
    def _know_their_names(self) -> Self:
        if self.missing is not None and not self.get:
            raise repeated("should have get: without it nothing can be missing")
        taken = [name for name in self.get if name in (ARGUMENTS, CALL, UUID)]
        if taken:
            raise repeated(f"should call what it gets otherwise: {taken[0]} is always there")
        for where, place in self.places():
            fault = _fault(place, () if where.startswith(("get.", "missing.")) else self.get)
            if fault:
                raise repeated(f"should use known names: {where} has {place}, {fault}")
        return self

    def places(self) -> Iterator[tuple[str, Place]]:
        """Every place in the rule's templates, with where it stands.

        Raises:
            PydanticCustomError: a template cannot be read.
        """
        yield from _places("get", self.get)
        if self.missing is not None:
            yield from _places("missing", self.missing.template)
        for key, value in self.set.items():
            yield from ((f"set.{key}", place) for _, place in Template(key).places)
            yield from _places("set", {key: value})
        yield from _places("", self.template)


def faults_of(responses: Sequence[Response], tools: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with `responses` of a server that has `tools`, each as the end of a sentence."""
    for at, response in enumerate(responses):
        tool = tools.get(response.tool)
        if tool is None:
            hint = did_you_mean(response.tool, tools)
            yield f"should be for tools of the contract; [{at}] is for {response.tool}{hint}"
            continue
        known = _argument_names(tool.get("inputSchema"))
        for where, place in response.places():
            if known is not None and place.name == ARGUMENTS and place.steps and place.steps[0] not in known:
                hint = did_you_mean(place.steps[0], known)
                yield f"should use arguments that the tool takes; [{at}].{where} has {place}{hint}"


def _places(prefix: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    try:
        for where, place in Template(dict(value)).places:
            yield f"{prefix}{where}".removeprefix("."), place
    except ValueError as error:
        raise repeated(f"should have templates that can be read: {f'{prefix}.{error}'.removeprefix('.')}") from error


def _fault(place: Place, names: Mapping[str, Any] | tuple[()]) -> str | None:
    if place.name == CALL:
        return None if place.steps == ("n",) else "where only call.n is known"
    if place.name == UUID:
        return "and an id has no parts" if place.steps else None
    known = [ARGUMENTS, CALL, UUID, *names]
    return None if place.name in known else f"which is not known{did_you_mean(place.name, known)}"


def _argument_names(schema: Any) -> list[str] | None:
    """The names of all arguments that a tool with this inputSchema takes; None: it does not say."""
    if not isinstance(schema, Mapping) or _ELSEWHERE & schema.keys():
        return None
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, Mapping) else None
