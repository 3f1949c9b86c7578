"""A tool in the form that answers a call fastest: validator, function and serializer, without what is between them."""

import inspect
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastmcp.exceptions import FastMCPError, ToolError
from fastmcp.server.dependencies import without_injected_parameters
from fastmcp.tools.function_tool import FunctionTool
from fastmcp.utilities.exceptions import get_http_status_code, is_timeout_error
from fastmcp.utilities.types import get_cached_typeadapter
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import x_mcp_header_map
from mcp_types.jsonrpc import MISSING_REQUIRED_CLIENT_CAPABILITY
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from ..errors import CallRefused

_log = logging.getLogger(__name__)
_WRAPPED = "x-fastmcp-wrap-result"
_NUMBERS = (bool, int, float)
_TOO_MANY_REQUESTS = 429


@dataclass(slots=True)
class Answer:
    """What came of a call, as JSON on its way into a reply."""

    members: bytes
    """`"content"` and `"structuredContent"` of the result, without braces."""
    is_error: bool = False
    meta: dict[str, Any] | None = None
    """`_meta` of the result, where it is another than the tool's results always have."""


class CompiledTool:
    """One tool. What it answers is what FastMCP makes of the same call; the differential test compares them.

    Raises:
        LookupError: the tool is of a kind that has no compiled form: not an async function, injected parameters, a
            time-out or authorization of its own, header parameters, results that are neither a model, a number nor
            text, or another output schema than theirs.
    """

    def __init__(self, tool: FunctionTool) -> None:
        reason = _obstacle(tool)
        if reason is not None:
            raise LookupError(f"{tool.name}: {reason}")
        self.name = tool.name
        self.tool = tool
        wrapped = bool(tool.output_schema and tool.output_schema.get(_WRAPPED))
        self.meta: dict[str, Any] = {"fastmcp": {"wrap_result": True}} if wrapped else {}
        """`_meta` of each result that is no error."""
        self._validate = get_cached_typeadapter(tool.fn).validator.validate_python
        self._serialize = get_cached_typeadapter(tool.return_type).serializer.to_json
        self._open, self._close = (b'{"result":', b"}") if wrapped else (b"", b"")
        self._type = tool.return_type
        self._is_text = tool.return_type is str

    async def answer(self, arguments: dict[str, Any]) -> Answer:
        """Call the tool: what came of it, and an error result for whatever it refused.

        Raises:
            MCPError: the tool cannot serve this client at all, which is a JSON-RPC error and no result.
        """
        try:
            try:
                body = self._validate(arguments)
            except ValidationError:
                await self.tool.run(arguments)  # says what is wrong, as it does for FastMCP
                raise
            value = await body
            if type(value) is not self._type:
                return self._unexpected(value)
            structured = self._serialize(value)
        except CallRefused as refusal:
            return _error(str(refusal))
        except FastMCPError as error:
            _log.log(error.log_level or logging.ERROR, "Error calling tool %r", self.name)
            return _error(str(error))
        except Exception as error:
            if isinstance(error, MCPError) and error.error.code == MISSING_REQUIRED_CLIENT_CAPABILITY:
                raise
            return _error(str(self._crashed(error)))
        text = structured if self._is_text else to_json(structured.decode())
        return Answer(
            b'"content":[{"type":"text","text":%b}],"structuredContent":%b%b%b'
            % (text, self._open, structured, self._close)
        )

    def _unexpected(self, value: object) -> Answer:
        """The answer of a tool that returned something else than it is annotated with, on FastMCP's own way."""
        result = self.tool.convert_result(value)
        shown = {"content": result.content, "structuredContent": result.structured_content}
        if result.structured_content is None:
            del shown["structuredContent"]
        members = to_json(shown, by_alias=True, exclude_none=True, inf_nan_mode="null")
        return Answer(members[1:-1], result.is_error, result.meta or {})

    def _crashed(self, error: Exception) -> ToolError:
        """What FastMCP tells the client of an exception that no tool should raise."""
        status = get_http_status_code(error)
        _log.error("Error calling tool %r", self.name, exc_info=error if status is None else None)
        if status == _TOO_MANY_REQUESTS:
            return ToolError("Rate limited by upstream API, please retry later")
        if is_timeout_error(error):
            return ToolError("Upstream request timed out, please retry")
        return ToolError(f"Error calling tool {self.name!r}: {error}")


def compile_tools(tools: Sequence[FunctionTool]) -> dict[str, CompiledTool]:
    """Those of `tools` that have a compiled form, by name."""
    return {tool.name: CompiledTool(tool) for tool in tools if _obstacle(tool) is None}


def _error(text: str) -> Answer:
    text = text.encode(errors="replace").decode()  # half a surrogate pair is no JSON
    return Answer(b'"content":[{"type":"text","text":%b}]' % to_json(text), is_error=True)


def _obstacle(tool: FunctionTool) -> str | None:
    """Why `tool` has no compiled form, None when it has one."""
    function, returned = tool.fn, tool.return_type
    is_model = isinstance(returned, type) and issubclass(returned, BaseModel) and _has_plain_json(returned)
    schema = tool.output_schema
    obstacles = {
        "no async function": not inspect.iscoroutinefunction(function),
        "FastMCP injects some of its parameters": without_injected_parameters(function) is not function,
        "it has a time-out or authorization of its own": tool.timeout is not None or tool.auth is not None,
        "some of its parameters are sent in headers": bool(x_mcp_header_map(tool.parameters)),
        "its results are neither a model, a number nor text": not is_model and returned not in (*_NUMBERS, str),
        "its output schema is not that of its return type": (
            schema is None or schema != FunctionTool.from_function(function).output_schema
        ),
    }
    return next((reason for reason, holds in obstacles.items() if holds), None)


def _has_plain_json(model: type[BaseModel]) -> bool:
    return not any(key.startswith("ser_json") for key in model.model_config)
