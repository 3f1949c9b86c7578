"""What the modern era (2026-07-28) adds to a request, without IO: routing headers, mirrored arguments, `_meta`."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from ..mirrored import Path

MODERN = "2026-07-28"
"""The protocol version that has neither a handshake nor sessions."""
PREFIX = "io.modelcontextprotocol/"
"""Of the protocol's own keys in `_meta`."""

_VERBATIM = re.compile(r"[\x20-\x7E]*")


def request_meta(client: Mapping[str, str]) -> Mapping[str, Any]:
    """`_meta` of every request, where `client` is our name and version (basic/index, "_meta")."""
    return {
        f"{PREFIX}protocolVersion": MODERN,
        f"{PREFIX}clientInfo": client,
        f"{PREFIX}clientCapabilities": {},
    }


def routing_headers(method: str, name: str | None = None) -> dict[str, str]:
    """The headers that repeat what the body says (basic/transports, "Standard headers")."""
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    return headers if name is None else {**headers, "Mcp-Name": header_value(name)}


def header_value(text: str) -> str:
    """`text` as a header value: as it is when it survives the way, else in base64.

    >>> header_value("add"), header_value(" ä")
    ('add', '=?base64?IMOk?=')
    """
    looks_encoded = text.startswith("=?base64?") and text.endswith("?=")
    if _VERBATIM.fullmatch(text) and text == text.strip() and not looks_encoded:
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode('ascii')}?="


def mirrors(wanted: Mapping[Path, str], arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers that repeat `arguments`; what is absent, null or no plain value has none."""
    found = ((header, _at(arguments, path)) for path, header in wanted.items())
    return tuple((header, header_value(_plain(value))) for header, value in found if isinstance(value, str | int))


def _at(arguments: Mapping[str, Any], path: Path) -> object:
    node: object = arguments
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _plain(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
