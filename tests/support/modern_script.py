"""A modern-era MCP server in a few lines, whose `tools/call` does what a test says."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Answer, Received, reply, result
from tests.support.mcp_script import ADD, add

DISCOVERED = {
    "resultType": "complete",
    "supportedVersions": ["2026-07-28"],
    "capabilities": {},
    "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "modern", "version": "1"}},
}


def rpc_error(request: Received, code: int, status: str, data: Any = None) -> bytes:
    """A JSON-RPC error with an HTTP status of its own."""
    error = {"code": code, "message": "no", "data": data}
    return reply(json.dumps({"jsonrpc": "2.0", "id": request.message["id"], "error": error}).encode(), status=status)


@dataclass
class ModernScript:
    """Answers as a modern server; each field changes one thing."""

    call_tool: Answer = add
    tools: list[dict[str, Any]] = field(default_factory=lambda: [ADD])

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        method = request.message["method"]
        assert request.headers["mcp-method"] == method
        assert request.headers["mcp-protocol-version"] == "2026-07-28"
        assert request.message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        if method == "server/discover":
            writer.write(reply(result(request.message["id"], DISCOVERED)))
        elif method == "tools/list":
            writer.write(reply(result(request.message["id"], {"resultType": "complete", "tools": self.tools})))
        elif method == "tools/call":
            await self.call_tool(request, writer)
        else:
            writer.write(rpc_error(request, -32601, "404 Not Found"))
