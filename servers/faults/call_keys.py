"""A call as a person describes it, for `explain` of the control API."""

import json
from datetime import date
from typing import Any

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import BaseModel, ConfigDict, field_validator

from ..errors import ControlRefused
from ..wire.call import CALL_KEY_META, PROTOCOL_VERSIONS, Call, parse_call
from .match import era_of

_CLIENT_INFO = "io.modelcontextprotocol/clientInfo"


class CallKeys(BaseModel):
    """What can be said about it; everything has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "tools/call"
    tool: str | None = None
    arguments: dict[str, Any] = {}
    protocol: str = HANDSHAKE_PROTOCOL_VERSIONS[-1]
    session: str | None = None
    client: str | None = None
    headers: dict[str, str] = {}
    key: str | None = None
    """The client's name for the call, `<run>/<tool>/<n>`."""

    @field_validator("protocol", mode="before")
    @classmethod
    def _be_known(cls, given: object) -> object:
        version = given.isoformat() if isinstance(given, date) else given  # YAML reads 2025-11-25 as a date
        if version not in PROTOCOL_VERSIONS:
            raise ValueError(f"should be one of {', '.join(PROTOCOL_VERSIONS)}")
        return version

    def call(self) -> Call:
        """What the wire would make of it.

        Raises:
            ControlRefused: the arguments are nothing that JSON has.
        """
        params: dict[str, Any] = {"_meta": {}}
        if self.method == "tools/call":
            params |= {"name": self.tool, "arguments": self.arguments}
        if self.client is not None:
            params["_meta"][_CLIENT_INFO] = params["clientInfo"] = {"name": self.client}
        if self.key is not None:
            params["_meta"][CALL_KEY_META] = self.key
        if self.method == "initialize":
            params["protocolVersion"] = self.protocol
        headers = {"mcp-protocol-version": self.protocol} if self.method != "initialize" else {}
        if self.session is not None and era_of(self.protocol) == "handshake":
            headers["mcp-session-id"] = self.session
        headers |= {name.lower(): value for name, value in self.headers.items()}
        message = {"jsonrpc": "2.0", "id": 1, "method": self.method, "params": params}
        sent = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]
        try:
            body = json.dumps(message, default=str, skipkeys=True)
        except (ValueError, RecursionError) as error:
            raise ControlRefused(400, "invalid", "arguments", "arguments cannot be written as JSON") from error
        return parse_call(sent, body.encode())
