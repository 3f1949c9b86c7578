"""A handshake-era MCP server in a few lines, whose `tools/call` does what a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Received, reply, result

ADD = {"name": "add", "inputSchema": {"type": "object"}}
INITIALIZED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "script", "version": "1"}}


async def add(request: Received, writer: asyncio.StreamWriter) -> None:
    """Answers a tools/call of an adder as it should be answered."""
    arguments = request.message["params"]["arguments"]
    writer.write(reply(result(request.message["id"], tool_result({"result": arguments["a"] + arguments["b"]}))))


def tool_result(structured: Any, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": "."}], "structuredContent": structured, "isError": False, **more}


@dataclass
class McpScript:
    """Answers as an MCP server; each field changes one thing."""

    call_tool: Callable[[Received, asyncio.StreamWriter], Awaitable[None]] = add
    tools: list[dict[str, Any]] = field(default_factory=lambda: [ADD])
    initialized: dict[str, Any] = field(default_factory=lambda: dict(INITIALIZED))
    issues_sessions: bool = True
    refuses_sessions_from: int | None = None
    """From this initialize on, counted from 1, the answer is 503."""
    sessions: set[str] = field(default_factory=set)
    opened: int = 0
    ended: int = 0

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        method = "DELETE" if request.method == "DELETE" else request.message["method"]
        if (
            method != "initialize"
            and self.issues_sessions
            and request.headers.get("mcp-session-id") not in self.sessions
        ):
            writer.write(reply(b"Session not found", status="404 Not Found", content_type="text/plain"))
        elif method == "initialize":
            self._initialize(request, writer)
        elif method == "notifications/initialized":
            writer.write(reply(b"", status="202 Accepted"))
        elif method == "tools/list":
            writer.write(reply(result(request.message["id"], {"tools": self.tools})))
        elif method == "DELETE":
            self.sessions.remove(request.headers["mcp-session-id"])
            self.ended += 1
            writer.write(reply(b""))
        else:
            await self.call_tool(request, writer)

    def _initialize(self, request: Received, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        if self.refuses_sessions_from is not None and self.opened >= self.refuses_sessions_from:
            writer.write(reply(b"Too many open sessions", status="503 Service Unavailable", content_type="text/plain"))
            return
        headers = {}
        if self.issues_sessions:
            headers["Mcp_Session_Id"] = f"session-{self.opened}"
            self.sessions.add(f"session-{self.opened}")
        writer.write(reply(result(request.message["id"], self.initialized), **headers))
