"""MCP requests written by hand on a real socket, for what a well-behaved client would never send."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

HANDSHAKE = "2025-11-25"
MODERN = "2026-07-28"
ERAS = (HANDSHAKE, MODERN)
JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def message(self) -> Any:
        """The JSON-RPC message, of a JSON body or of the one event of a stream."""
        data = [line[6:] for line in self.body.splitlines() if line.startswith(b"data: ")]
        return json.loads(data[0] if data else self.body)

    @property
    def refusal(self) -> str:
        """The sentence of an `isError` result."""
        result = self.message["result"]
        assert result["isError"] is True
        (content,) = result["content"]
        return str(content["text"])


_ENVELOPE = ("_meta", "resultType", "ttlMs", "cacheScope")


def result_of(reply: Reply) -> dict[str, Any]:
    """What a reply says, without its envelope."""
    assert reply.status == 200
    found: dict[str, Any] = reply.message["result"]
    return {key: value for key, value in found.items() if key not in _ENVELOPE}


def error_of(reply: Reply) -> dict[str, Any]:
    """The JSON-RPC error of a reply."""
    found: dict[str, Any] = reply.message["error"]
    return found


def send(url: str, method: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
    """One request on a connection of its own."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, parts.path, body, headers)
        response = connection.getresponse()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


class RawClient:
    """Speaks one era to one server; every part of a request can be overridden."""

    def __init__(self, url: str, era: str) -> None:
        self.url = url
        self.era = era
        self.headers = {**JSON_HEADERS, "MCP-Protocol-Version": era}
        if era == HANDSHAKE:
            reply = self.post("initialize", {"protocolVersion": era, "capabilities": {}, "clientInfo": CLIENT})
            self.headers["Mcp-Session-Id"] = reply.headers["mcp-session-id"]
            assert self.post("notifications/initialized", id=None).status == 202

    def call(self, tool: str, arguments: dict[str, Any], **headers: str) -> Reply:
        return self.post("tools/call", {"name": tool, "arguments": arguments}, id=1, **headers)

    def post(self, method: str, params: dict[str, Any] | None = None, *, id: int | None = 1, **headers: str) -> Reply:  # noqa: A002 - JSON-RPC
        """POST a message; header names are written with underscores."""
        params = dict(params or {})
        own = {}
        if self.era == MODERN:
            version = headers.get("MCP_Protocol_Version", MODERN)
            params["_meta"] = {f"{PREFIX}protocolVersion": version, f"{PREFIX}clientCapabilities": {}}
            own = {"Mcp-Method": method} | ({"Mcp-Name": params["name"]} if "name" in params else {})
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if id is None else {"id": id})
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.post_bytes(json.dumps(message).encode(), **own, **given)

    def post_bytes(self, body: bytes, **headers: str) -> Reply:
        sent = {k: v for k, v in {**self.headers, **headers}.items() if v != ""}
        return send(self.url, "POST", sent, body)


PREFIX = "io.modelcontextprotocol/"
CLIENT = {"name": "test", "version": "1"}
