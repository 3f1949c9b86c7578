"""What this project adds to every tool call, whichever path the call takes.

It lives in the tool itself, not in FastMCP middleware, because a path that runs tools directly skips that.
"""

import logging
from typing import Any

from fastmcp.exceptions import ToolError, ValidationError
from fastmcp.tools.base import ToolResult
from fastmcp.tools.function_tool import FunctionTool
from pydantic import ValidationError as PydanticValidationError

from formats.errors import complaint

from ..errors import CallRefused


class Tool(FunctionTool):
    """A function tool that says in one sentence why it refuses a call."""

    async def run(self, arguments: dict[str, Any]) -> ToolResult:
        """Validate `arguments` and run the function.

        Raises:
            ToolError: with one sentence, which FastMCP sends as an `isError` result. Logged at DEBUG: a refusal is
                an answer, and FastMCP's default of a traceback would cost more than the call.
        """
        try:
            return await super().run(arguments)
        except CallRefused as refusal:
            raise ToolError(str(refusal), log_level=logging.DEBUG) from refusal
        except ValidationError as error:
            if not isinstance(error.__cause__, PydanticValidationError):
                raise
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'arguments'} {complaint(e)}" for e in error.__cause__.errors()
            )
            raise ToolError(f"invalid_arguments: {problems}.", log_level=logging.DEBUG) from error
