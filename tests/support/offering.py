"""An MCP server that offers what a test says, in both eras or in one: lists, and answers to all other requests."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.http_server import Answer, Received, reply, result
from tests.support.mcp_script import McpScript
from tests.support.modern_script import ModernScript, rpc_error

MODERN = "2026-07-28"
Pages = Sequence[Sequence[Mapping[str, Any]]]
_MEMBERS = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}


def tool(name: str, *, reads: bool = True, **more: Any) -> dict[str, Any]:
    """An entry of `tools/list`."""
    return {"name": name, "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": reads}, **more}


def text_result(text: str, **more: Any) -> dict[str, Any]:
    """A result of `tools/call`."""
    return {"content": [{"type": "text", "text": text}], **more}


async def refuse(request: Received, writer: asyncio.StreamWriter) -> None:
    """An answer to what a server does not know."""
    writer.write(rpc_error(request, -32601, "200 OK"))


def always(outcome: Mapping[str, Any]) -> Answer:
    """The same result for each request."""

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(result(request.message["id"], outcome)))

    return answer


@dataclass
class Offering:
    """Serves `lists` (pages of entries by method), which `handshake_lists` replace in that era; `calls` answer the rest
    by method and name (or URI).
    """

    lists: Mapping[str, Pages] = field(default_factory=dict)
    calls: Mapping[tuple[str, str], Answer] = field(default_factory=dict)
    handshake_lists: Mapping[str, Pages] = field(default_factory=dict)
    capabilities: Mapping[str, Any] = field(default_factory=lambda: {"tools": {}, "resources": {}, "prompts": {}})
    eras: Sequence[str] = ("handshake", "modern")
    versions: Sequence[str] = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
    about: Mapping[str, Any] = field(default_factory=lambda: {"serverInfo": {"name": "offering", "version": "1"}})
    about_modern: Mapping[str, Any] = field(default_factory=dict)
    called: list[tuple[str, Any]] = field(default_factory=list)
    """What was called, with its params, in order."""

    def __post_init__(self) -> None:
        self.handshake = McpScript(call_tool=self._call)
        self.modern = ModernScript(call_tool=self._call)

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        modern = request.headers.get("mcp-protocol-version") == MODERN
        method = "DELETE" if request.method == "DELETE" else request.message["method"]
        if ("modern" if modern else "handshake") not in self.eras:
            writer.write(reply(b"Bad Request", status="400 Bad Request", content_type="text/plain"))
        elif method == "server/discover":
            writer.write(reply(result(request.message["id"], self._discovered())))
        elif method == "initialize":
            proposed = request.message["params"]["protocolVersion"]
            version = proposed if proposed in self.versions else self.versions[-1]
            self.handshake.initialized = {"protocolVersion": version, "capabilities": self.capabilities, **self.about}
            await self.handshake(request, writer)
        elif method in _MEMBERS:
            pages = self.lists if modern else {**self.lists, **self.handshake_lists}
            await self._list(request, writer, pages)
        elif modern and method != "tools/call":
            await self._call(request, writer)
        else:
            await (self.modern if modern else self.handshake)(request, writer)

    def _discovered(self) -> dict[str, Any]:
        info = {"io.modelcontextprotocol/serverInfo": self.about.get("serverInfo", {})}
        about = {key: value for key, value in self.about.items() if key != "serverInfo"}
        versions = {"supportedVersions": [MODERN], "resultType": "complete"}
        return {**versions, "capabilities": self.capabilities, **about, "_meta": info, **self.about_modern}

    async def _list(self, request: Received, writer: asyncio.StreamWriter, lists: Mapping[str, Pages]) -> None:
        method = request.message["method"]
        if method not in lists:
            return await refuse(request, writer)
        page = int(request.message.get("params", {}).get("cursor", 0))
        more = {"nextCursor": str(page + 1)} if page + 1 < len(lists[method]) else {}
        listed = {_MEMBERS[method]: lists[method][page], "resultType": "complete", **more}
        writer.write(reply(result(request.message["id"], listed)))
        return None

    async def _call(self, request: Received, writer: asyncio.StreamWriter) -> None:
        method, params = request.message["method"], request.message.get("params", {})
        self.called.append((method, {key: value for key, value in params.items() if key != "_meta"}))
        name = params.get("name", params.get("uri", ""))
        await self.calls.get((method, name), refuse)(request, writer)
