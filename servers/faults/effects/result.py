"""Faults of a result (`result:`): tool errors, broken promises, types of result. Those of lists are in `listing.py`."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from ...wire.call import Call, Era
from ...wire.reply import TOOL_ERROR
from ..exchange import Exchange, Phase
from .breakage import broken
from .family import Family
from .listing import ChangeDescription, ChangeSchema, ListChanged, Pages, UnknownTool, Vanish, is_error
from .message_fault import MODERN, MessageFault, ResultFault

_ASKED_FOR = {"type": "object", "properties": {"confirm": {"type": "boolean"}}, "required": ["confirm"]}


class IsError(MessageFault):
    """`{is_error: "wallet is asleep"}`: the tool reports an error with this text, and does not run.

    With `phase: after` the tool has run, and its result is lost.
    """

    methods: ClassVar[frozenset[str]] = frozenset({"tools/call"})
    outcome: ClassVar[str | None] = "tool_error"

    is_error: str
    acts: Phase = Field("before", alias="phase")

    def phase(self) -> Phase:
        """See `Effect`."""
        return self.acts

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({TOOL_ERROR})

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        return exchange.answer(is_error(exchange.call, self.is_error))


class Structured(ResultFault):
    """`{structured: missing | wrong_type | extra | "null" | absent}`: structuredContent breaks the tool's outputSchema.

    A member is left out, has another type, is one that the schema does not know, or is null; with `absent`,
    structuredContent itself is left out. Which member is drawn among those where it breaks something; `field` (such as
    `balances.USD`) names it. Where nothing can be broken so, the reply stays as it is and nothing is counted. The text
    of the result still says what is right.
    """

    methods: ClassVar[frozenset[str]] = frozenset({"tools/call"})
    outcome: ClassVar[str | None] = "schema_violation"

    structured: Literal["missing", "wrong_type", "extra", "null", "absent"]
    field: str | None = None

    @field_validator("structured", mode="before")
    @classmethod
    def _take_a_bare_null(cls, given: object) -> object:
        return "null" if given is None else given  # YAML's null, which means the same here

    def change(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:
        """See `ResultFault`."""
        schema = exchange.facts.output_schemas.get(exchange.call.tool or "")
        content = result.get("structuredContent")
        if schema is None or not isinstance(content, dict) or result.get("isError"):
            return None
        if self.structured == "absent":
            return {key: value for key, value in result.items() if key != "structuredContent"}
        changed = broken(content, schema, self.structured, exchange.draw("structured"), self.field)
        return None if changed is None else {**result, "structuredContent": changed}


class ResultType(ResultFault):
    """`{result_type: missing}`, `{result_type: partial}`: resultType left out, or one that the client cannot know.

    By the protocol, a client takes a missing one for `complete`.
    """

    eras: ClassVar[frozenset[Era]] = MODERN

    result_type: str = Field(min_length=1)

    @field_validator("result_type")
    @classmethod
    def _be_wrong(cls, given: str) -> str:
        if given == "complete":
            raise ValueError("should not be complete, which is the right one")
        return given

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`."""
        return None if self.result_type == "missing" else "schema_violation"

    def change(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:  # noqa: ARG002 - see there
        """See `ResultFault`."""
        if self.result_type != "missing":
            return {**result, "resultType": self.result_type}
        return {key: value for key, value in result.items() if key != "resultType"} if "resultType" in result else None


class InputRequired(MessageFault):
    """`{input_required: "Pay?"}`: the call needs input first; so do its retries, each with a new requestState.

    The tool does not run. For calls without end, the rule must hit the retries, too: give it no `when`, or none that
    lets one through.
    """

    eras: ClassVar[frozenset[Era]] = MODERN
    methods: ClassVar[frozenset[str]] = frozenset({"tools/call", "prompts/get", "resources/read"})
    outcome: ClassVar[str | None] = "schema_violation"

    input_required: str = Field(min_length=1)

    def phase(self) -> Phase:
        """See `Effect`."""
        return "before"

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        form = {"mode": "form", "message": self.input_required, "requestedSchema": _ASKED_FOR}
        result = {
            "resultType": "input_required",
            "inputRequests": {"confirm": {"method": "elicitation/create", "params": form}},
            "requestState": _next_round(exchange.call),
        }
        return exchange.answer({"jsonrpc": "2.0", "id": exchange.call.id, "result": result})


def _next_round(call: Call) -> str:
    """The state of one round more than the request's; what a client makes up begins anew."""
    state = call.params.get("requestState")
    rounds = state.removeprefix("round-") if isinstance(state, str) else ""
    return f"round-{int(rounds) + 1 if rounds.isdecimal() and len(rounds) <= 9 else 1}"  # noqa: PLR2004 - bounded


class Result(
    Family[
        IsError
        | Structured
        | ResultType
        | InputRequired
        | Pages
        | Vanish
        | ChangeDescription
        | ChangeSchema
        | UnknownTool
        | ListChanged
    ]
):
    """`result:` in a profile."""

    kinds = (
        IsError,
        Structured,
        ResultType,
        InputRequired,
        Pages,
        Vanish,
        ChangeDescription,
        ChangeSchema,
        UnknownTool,
        ListChanged,
    )
