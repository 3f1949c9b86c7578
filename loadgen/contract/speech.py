"""Requests as a client of one protocol version writes them, and with whatever a check wants to be wrong in them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from formats.contract import Era

from ..client.dialogue import CLIENT, HEADERS, META
from ..client.modern import MODERN, PREFIX, header_value, mirrors, routing_headers
from ..client.transport import Request
from ..mirrored import Path

Id = int | str | float | None


class New:
    """An id that no request had yet."""


NEW = New()
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def era_of(version: str) -> Era:
    """The era that a protocol version is of: each date after the handshake's is modern."""
    return "modern" if version >= MODERN and version[0].isdigit() else "handshake"


@dataclass(frozen=True, slots=True)
class Speech:
    """How requests of `version` look, none yet when it is empty, in the session `session_id` if there is one.

    `mirrored` are, by tool, the arguments that modern calls repeat in headers. `ids` are those of its requests: none is
    used twice, since servers may keep replies by them.
    """

    version: str
    session_id: str | None = None
    mirrored: Mapping[str, Mapping[Path, str]] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: count(1), compare=False)

    @property
    def era(self) -> Era:
        """The era of the version."""
        return era_of(self.version)

    @property
    def headers(self) -> dict[str, str]:
        """Those of every POST, DELETE and GET."""
        own = {"MCP-Protocol-Version": self.version} if self.version else {}
        return {**HEADERS, **own, **({"Mcp-Session-Id": self.session_id} if self.session_id else {})}

    def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        request_id: Id | New = NEW,
        *,
        headers: Mapping[str, str] | Mapping[str, str | None] | None = None,
        body: bytes | None = None,
    ) -> Request:
        """A request of `method`; `headers` replace its own, None takes one away, and `body` is sent as it is."""
        params = self.params_of(params or {})
        request_id = next(self.ids) if isinstance(request_id, New) else request_id
        own = self.headers
        if self.era == "modern":
            own |= self._routing(method, params)
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        return Request("POST", replaced(own, headers), encoded(message) if body is None else body)

    def notification(self, method: str, headers: Mapping[str, str] | Mapping[str, str | None] | None = None) -> Request:
        """A notification of `method`, with more `headers`."""
        own = self.headers | (routing_headers(method) if self.era == "modern" else {})
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if self.era == "modern":
            message["params"] = self.params_of({})
        return Request("POST", replaced(own, headers), encoded(message))

    def bare(
        self, method: Literal["GET", "DELETE"], headers: Mapping[str, str] | Mapping[str, str | None] | None = None
    ) -> Request:
        """A request without a body."""
        return Request(method, replaced(self.headers, {"Content-Type": None, **(headers or {})}))

    def params_of(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """`params` with the `_meta` of a modern request."""
        return (
            {"_meta": {**META, f"{PREFIX}protocolVersion": self.version}, **params}
            if self.era == "modern"
            else dict(params)
        )

    def _routing(self, method: str, params: Mapping[str, Any]) -> dict[str, str]:
        name = params.get(_NAMED_BY.get(method, ""))
        headers = {"Mcp-Method": header_value(method)} | (
            {"Mcp-Name": header_value(name)} if isinstance(name, str) else {}
        )
        wanted = self.mirrored.get(str(name), {}) if method == "tools/call" else {}
        arguments = params.get("arguments")
        return headers | dict(mirrors(wanted, arguments if isinstance(arguments, Mapping) else {}))


def opening(version: str) -> dict[str, Any]:
    """The params of `initialize`."""
    return {"protocolVersion": version, "capabilities": {}, "clientInfo": CLIENT}


def encoded(message: object) -> bytes:
    """JSON as it is sent; integers of any size stay what they are."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def replaced(headers: Mapping[str, str], by: Mapping[str, str] | Mapping[str, str | None] | None) -> dict[str, str]:
    """`headers` with those of `by` in their place; None takes one away."""
    changed = {name.lower(): value for name, value in (by or {}).items()}
    kept = {name: value for name, value in headers.items() if name.lower() not in changed}
    return kept | {name: value for name, value in (by or {}).items() if value is not None}
