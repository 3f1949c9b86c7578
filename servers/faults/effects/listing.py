"""Faults of `tools/list` (part of `result:`): pages that disagree, tools that vanish or change while a client runs."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from ...wire.call import Call, Era
from ...wire.reply import TOOL_ERROR
from ..exchange import Exchange, Phase
from .message_fault import BOTH, MessageFault, ResultFault

_LIST = frozenset({"tools/list"})
_CURSOR = "testbed-page-"
_MOST_DIGITS = 9


class _Listing(ResultFault):
    """A fault of the list of tools."""

    methods: ClassVar[frozenset[str]] = _LIST

    def change(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:
        """See `ResultFault`."""
        tools = result.get("tools")
        if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
            return None
        return self.relist({**result, "tools": tools}, exchange)

    def relist(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:
        """What becomes of `result`, whose `tools` are objects; None: it stays."""
        raise NotImplementedError


class Pages(_Listing):
    """`{pages: repeat | skip | change | loop, size: 2}`: tools/list in pages that do not fit together.

    `repeat`: each page begins with the last tool of the page before; `skip`: between two pages a tool falls out;
    `change`: as `repeat`, and the tool has another description the second time; `loop`: the last page leads back to
    the first. A list that the server itself cuts into pages, or that fits on one page, stays as it is. The rule has to
    hit the requests for the other pages, too: those that it lets pass are answered with the whole list.
    """

    pages: Literal["repeat", "skip", "change", "loop"]
    size: int = Field(2, ge=1)

    def seen(self, call: Call) -> str | None:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`."""
        return "schema_violation" if self.pages == "loop" else None

    def relist(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:
        """See `_Listing`."""
        tools = result["tools"]
        if "nextCursor" in result or len(tools) <= self.size:
            return None
        start = min(_start(exchange.call.params.get("cursor")), len(tools))
        end = start + self.size
        page = tools[start:end]
        if 0 < start < len(tools) and self.pages in ("repeat", "change"):
            before = tools[start - 1]
            page = [before if self.pages == "repeat" else _redescribed(before, None), *page]
        elif start > 0 and self.pages == "skip":
            page = page[1:]
        result = {**result, "tools": page}
        if end < len(tools):
            result["nextCursor"] = f"{_CURSOR}{end}"
        elif self.pages == "loop":
            result["nextCursor"] = f"{_CURSOR}0"
        return result


class _OneTool(_Listing):
    """A fault of one tool in the list, or with `"*"` of every one."""

    def relist(self, result: dict[str, Any], exchange: Exchange) -> dict[str, Any] | None:  # noqa: ARG002 - see there
        """See `_Listing`."""
        tools = [self.alter(tool) if self.listed_tool in ("*", tool.get("name")) else tool for tool in result["tools"]]
        return None if tools == result["tools"] else {**result, "tools": [tool for tool in tools if tool is not None]}

    @property
    def listed_tool(self) -> str:
        """The tool's name; a profile is held to it."""
        raise NotImplementedError

    def alter(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        """What becomes of the tool; None: it goes."""
        raise NotImplementedError


class Vanish(_OneTool):
    """`{vanish: add}`: the tool is not in the list. `{unknown_tool: true}` on its calls makes it gone for good."""

    vanish: str = Field(min_length=1)

    @property
    def listed_tool(self) -> str:
        """See `_OneTool`."""
        return self.vanish

    def alter(self, tool: dict[str, Any]) -> dict[str, Any] | None:  # noqa: ARG002 - see there
        """See `_OneTool`."""
        return None


class ChangeDescription(_OneTool):
    """`{change_description: add, text: "…"}`: the tool has another description; without `text`, a longer one."""

    change_description: str = Field(min_length=1)
    text: str | None = None

    @property
    def listed_tool(self) -> str:
        """See `_OneTool`."""
        return self.change_description

    def alter(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        """See `_OneTool`."""
        return _redescribed(tool, self.text)


class ChangeSchema(_OneTool):
    """`{change_schema: add, of: input, adds: confirmed}`: one required property more in the tool's schema.

    `of: output` takes its outputSchema, if it has one. The tool itself stays what it was: its calls neither need the
    argument nor return the member.
    """

    change_schema: str = Field(min_length=1)
    of: Literal["input", "output"] = "input"
    adds: str = Field("confirmed", min_length=1)

    @property
    def listed_tool(self) -> str:
        """See `_OneTool`."""
        return self.change_schema

    def alter(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        """See `_OneTool`."""
        schema = tool.get(f"{self.of}Schema")
        if not isinstance(schema, dict):
            return tool
        properties, required = schema.get("properties"), schema.get("required")
        changed = {
            **schema,
            "properties": {**(properties if isinstance(properties, dict) else {}), self.adds: {"type": "boolean"}},
            "required": [*(required if isinstance(required, list) else []), self.adds],
        }
        return {**tool, f"{self.of}Schema": changed}


class UnknownTool(MessageFault):
    """`{unknown_tool: true}`: a call is answered as if there were no such tool, with FastMCP's sentence."""

    methods: ClassVar[frozenset[str]] = frozenset({"tools/call"})
    outcome: ClassVar[str | None] = "tool_error"

    unknown_tool: Literal[True]

    def phase(self) -> Phase:
        """See `Effect`."""
        return "before"

    def error_types(self) -> frozenset[str]:
        """See `CountedAs`."""
        return frozenset({TOOL_ERROR})

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        call = exchange.call
        return exchange.answer(is_error(call, f"Unknown tool: {call.tool!r}"))


class ListChanged(MessageFault):
    """`{list_changed: true}`: every client that listens is told that the tools changed, when the request comes in.

    It goes to `subscriptions/listen` streams in the modern era, and to the sessions' GET streams in the handshake era;
    when nobody listens there is nothing to act on. `app.py` must put an `Announcer` into `ServerFacts` for it, such as
    `listen.ToolsChanged`.
    """

    eras: ClassVar[frozenset[Era]] = BOTH

    list_changed: Literal[True]

    def phase(self) -> Phase:
        """See `Effect`."""
        return "before"

    def concerns(self, call: Call) -> bool:  # noqa: ARG002 - see `MessageFault`
        """See `MessageFault`; any request is an occasion."""
        return True

    async def apply(self, exchange: Exchange) -> bool:
        """See `MessageFault`."""
        announcer = exchange.facts.announcer
        return announcer is not None and await announcer.tools_changed() > 0


def is_error(call: Call, text: str) -> dict[str, Any]:
    """A `tools/call` response that says that the tool failed."""
    result: dict[str, Any] = {"resultType": "complete"} if call.era == "modern" else {}
    result |= {"content": [{"type": "text", "text": text}], "isError": True}
    return {"jsonrpc": "2.0", "id": call.id, "result": result}


def _start(cursor: object) -> int:
    digits = cursor.removeprefix(_CURSOR) if isinstance(cursor, str) else ""
    return int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else 0


def _redescribed(tool: dict[str, Any], text: str | None) -> dict[str, Any]:
    return {**tool, "description": f"{tool.get('description', '')} (changed)".strip() if text is None else text}
