"""What becomes of a call: a result, or a JSON-RPC error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp.shared.exceptions import MCPError

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """A JSON-RPC error."""

    code: int
    message: str
    data: Any = None

    def exception(self) -> MCPError:
        """The same as what handlers raise."""
        return MCPError(code=self.code, message=self.message, data=self.data)


Outcome = Result | Failure


def refused(text: str) -> dict[str, Any]:
    """The result of a tool that refuses a call."""
    return {"content": [{"type": "text", "text": text}], "isError": True}
