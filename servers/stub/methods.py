"""The methods of MCP: FastMCP checks each request and writes the envelope of its reply, the answer is the stub's.

What is listed and what was recorded goes out word for word: put in place of what FastMCP made of it, above the sieve
that keeps only members which the caller's protocol version knows.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fastmcp import FastMCP
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    METHOD_NOT_FOUND,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ReadResourceRequestParams,
    ReadResourceResult,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel
from pydantic_core import from_json

from formats.contract import Contract, Era

from .capabilities import Capabilities
from .examples import Examples
from .outcome import Failure, Outcome, refused
from .prompts import Prompts
from .resources import Resources
from .tool import StubTool

_Context = ServerRequestContext[Any, Any]
_PLACEHOLDERS: dict[str, tuple[type[BaseModel], BaseModel]] = {
    "tools/call": (CallToolRequestParams, CallToolResult(content=[])),
    "resources/read": (ReadResourceRequestParams, ReadResourceResult(contents=[])),
    "prompts/get": (GetPromptRequestParams, GetPromptResult(messages=[])),
    "resources/subscribe": (SubscribeRequestParams, EmptyResult()),
    "resources/unsubscribe": (UnsubscribeRequestParams, EmptyResult()),
    "completion/complete": (CompleteRequestParams, CompleteResult(completion=Completion(values=[]))),
}
"""What FastMCP is told to answer, so that it checks the parameters; of the first three, nothing of it goes out."""
_ANSWERED = {"tools/call": "content", "resources/read": "contents", "prompts/get": "messages"}


class Methods:
    """The SDK's middleware that answers; everything it needs of a stub."""

    def __init__(
        self,
        contract: Contract,
        capabilities: Capabilities,
        tools: Mapping[str, StubTool],
        examples: Examples,
        seed: int,
    ) -> None:
        self._contract = contract
        self._capabilities = capabilities
        self._tools = tools
        self._examples = examples
        self._resources = Resources(contract, examples, seed)
        self._prompts = Prompts(contract, examples, seed)
        self._lists: dict[str, Callable[[], dict[str, Any]]] = {
            "tools/list": lambda: {"tools": contract.tools},
            "resources/list": lambda: {"resources": contract.resources},
            "resources/templates/list": lambda: {"resourceTemplates": contract.resource_templates},
            "prompts/list": lambda: {"prompts": contract.prompts},
        }

    def register(self, mcp: FastMCP) -> None:
        """Let `mcp`, which has nothing of its own, answer for the stub."""
        server = mcp._mcp_server  # noqa: SLF001 - FastMCP has no other way to it
        for method, (params, result) in _PLACEHOLDERS.items():
            server.add_request_handler(method, params, _always(result))
        server.middleware.insert(0, self)

    async def __call__(self, ctx: _Context, call_next: CallNext) -> HandlerResult:
        """Answer one message."""
        if ctx.request_id is None:
            return await call_next(ctx)
        era: Era = "modern" if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS else "handshake"
        if not self._capabilities.serves(ctx.method, era):
            raise MCPError(code=METHOD_NOT_FOUND, message="Method not found", data=ctx.method)
        made = _dumped(await call_next(ctx))
        if ctx.method in self._lists:
            return {**made, **self._lists[ctx.method]()}
        if ctx.method in ("initialize", "server/discover"):
            return self._introduced(made, era)
        if ctx.method in _ANSWERED:
            return await self._answered(ctx, made, era)
        return made

    def _introduced(self, made: dict[str, Any], era: Era) -> dict[str, Any]:
        about = {**made, "capabilities": self._capabilities.of(era)}
        about.pop("instructions", None)
        if self._contract.instructions is not None:
            about["instructions"] = self._contract.instructions
        return about

    async def _answered(self, ctx: _Context, made: dict[str, Any], era: Era) -> dict[str, Any]:
        params = dict(ctx.params or {})
        meta = made.get("_meta", {})
        if ctx.method == "tools/call":
            outcome, own = await self._called(params)
            meta = {**own, **meta}
        elif ctx.method == "resources/read":
            outcome = self._resources.read(params["uri"], era)
        else:
            outcome = self._prompts.get(params["name"], params.get("arguments") or {})
        if isinstance(outcome, Failure):
            raise outcome.exception()
        envelope = {key: value for key, value in made.items() if key not in (_ANSWERED[ctx.method], "_meta")}
        return {**envelope, **outcome, **({"_meta": meta} if meta else {})}

    async def _called(self, params: Mapping[str, Any]) -> tuple[Outcome, Mapping[str, Any]]:
        """What a tool answers, and its own `_meta`."""
        name, arguments = str(params["name"]), params.get("arguments") or {}
        tool = self._tools.get(name)
        if tool is None:
            example = self._examples.at("tools/call", name, arguments)
            return refused(f"Unknown tool: {name!r}") if example is None else example, {}
        answer = await tool.answer(arguments)
        result = {**from_json(b"{%b}" % answer.members), "isError": answer.is_error}
        return result, {} if answer.is_error else tool.meta


def _always(result: BaseModel) -> Callable[[_Context, Any], Any]:
    async def answer(_: _Context, __: Any) -> BaseModel:
        return result

    return answer


def _dumped(result: HandlerResult) -> dict[str, Any]:
    if isinstance(result, BaseModel):
        return result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return dict(result or {})
