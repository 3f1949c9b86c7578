"""A small MCP server of both eras that does all that the specification says, and then one thing that a test says.

What it is asked becomes a `Sent`; a bend may change that before it goes out.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jsonschema_rs import validator_for

from formats.contract import Contract
from tests.support.http_server import Received, http_server, reply
from tests.support.offered import (
    BATCHES,
    CACHED,
    CAPABILITIES,
    EXAMPLES,
    GREET,
    HANDSHAKE_VERSIONS,
    LISTS,
    NAMED_BY,
    NOTE,
    SERVER,
    TEMPLATE,
    TOOLS,
)
from tests.support.raw_mcp import HANDSHAKE, MODERN, PREFIX

REMOVED = ("initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe")


@dataclass
class Asked:
    """One request; None or empty wherever it does not say."""

    http: Received

    @cached_property
    def message(self) -> Any:
        try:
            return json.loads(self.http.body)
        except ValueError:
            return None

    @property
    def method(self) -> str:
        return str(self.message.get("method")) if isinstance(self.message, dict) else ""

    @property
    def params(self) -> dict[str, Any]:
        found = self.message.get("params") if isinstance(self.message, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def arguments(self) -> Any:
        return self.params.get("arguments", {})

    @property
    def version(self) -> str | None:
        return self.http.headers.get("mcp-protocol-version")

    @property
    def modern(self) -> bool:
        return self.version is not None and self.version not in HANDSHAKE_VERSIONS


@dataclass
class Sent:
    """What goes out: a JSON-RPC message, or else a text."""

    status: int = 200
    message: Any = None
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    hangs: bool = False
    closes: bool = False

    @property
    def result(self) -> dict[str, Any]:
        """Empty when there is none, so that a bend can look at it unasked."""
        result = self.message.get("result") if isinstance(self.message, dict) else None
        return result if isinstance(result, dict) else {}

    @property
    def code(self) -> int | None:
        error = self.message.get("error") if isinstance(self.message, dict) else None
        return error.get("code") if isinstance(error, dict) else None

    @property
    def is_error(self) -> bool:
        return self.result.get("isError") is True


Bend = Callable[["GoodServer", Asked, Sent], Sent | None]


def refusal(status: int, code: int, request_id: Any = None, data: Any = None) -> Sent:
    """A JSON-RPC error; about no request it has no id."""
    error = {"code": code, "message": "no"} | ({} if data is None else {"data": data})
    return Sent(status, {"jsonrpc": "2.0"} | ({} if request_id is None else {"id": request_id}) | {"error": error})


def tool_error(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": True}


def structured(value: dict[str, Any]) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}


@dataclass
class GoodServer:
    """Serves `eras`; `bend` changes what is sent, or leaves it (None). `state` is for bends that remember."""

    bend: Bend | None = None
    eras: Sequence[str] = (HANDSHAKE, MODERN)
    tools: list[dict[str, Any]] = field(default_factory=lambda: [dict(tool) for tool in TOOLS])
    page: int = 2
    sessions: dict[str, str] = field(default_factory=dict)
    opened: int = 0
    stored: int = 0
    state: dict[str, Any] = field(default_factory=dict)

    def contract(self, **changes: Any) -> Contract:
        """What it keeps."""
        versions = [
            *(HANDSHAKE_VERSIONS if HANDSHAKE in self.eras else ()),
            *((MODERN,) if MODERN in self.eras else ()),
        ]
        eras = ["handshake"] * (HANDSHAKE in self.eras) + ["modern"] * (MODERN in self.eras)
        said = {
            "server": SERVER,
            "instructions": "Say it twice.",
            "protocol_versions": versions,
            "capabilities": dict.fromkeys(eras, CAPABILITIES),
            "tools": TOOLS,
            "resources": [NOTE],
            "resource_templates": [TEMPLATE],
            "prompts": [GREET],
            "examples": EXAMPLES,
        }
        return Contract.model_validate({**said, **changes})

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        asked = Asked(request)
        sent = self._answer(asked)
        if self.bend is not None:
            sent = self.bend(self, asked, sent) or sent
        if sent.closes:
            writer.close()
        elif sent.hangs:
            await asyncio.sleep(60)
        else:
            self._send(sent, writer)

    def _send(self, sent: Sent, writer: asyncio.StreamWriter) -> None:
        body = sent.text.encode() if sent.message is None else json.dumps(sent.message).encode()
        names = {name.replace("-", "_"): value for name, value in sent.headers.items()}
        writer.write(reply(body, status=f"{sent.status} Whatever", content_type=sent.content_type, **names))

    def _answer(self, asked: Asked) -> Sent:
        if not asked.http.headers.get("origin", "http://127.0.0.1").startswith("http://127.0.0.1"):
            return Sent(403, text="Forbidden Origin", content_type="text/plain")
        if asked.modern:
            return self._modern(asked) if MODERN in self.eras else refusal(400, -32600)
        return self._handshake(asked) if HANDSHAKE in self.eras else refusal(400, -32600)

    def _fault_of_form(self, asked: Asked) -> Sent | None:
        """Of headers and body, the same in both eras."""
        if asked.http.headers.get("content-type") != "application/json":
            return Sent(415)
        if "application/json" not in asked.http.headers.get("accept", ""):
            return Sent(406)
        if asked.message is None:
            return refusal(400, -32700)
        message = asked.message
        if (
            not isinstance(message, dict)
            or message.get("jsonrpc") != "2.0"
            or not isinstance(message.get("method"), str)
        ):
            return refusal(400, -32600)
        if "id" in message and (isinstance(message["id"], bool) or not isinstance(message["id"], (str, int))):
            return refusal(400, -32600)
        return None

    # The handshake era.

    def _handshake(self, asked: Asked) -> Sent:
        session_id = asked.http.headers.get("mcp-session-id")
        if asked.http.method != "POST":
            return self._end(session_id) if asked.http.method == "DELETE" else Sent(405)
        if isinstance(asked.message, list) and self.sessions.get(session_id or "") == BATCHES:
            responses = [self._carry_out(Asked(self._alone(asked, each))).message for each in asked.message]
            return Sent(200, responses)
        fault = self._fault_of_form(asked)
        if fault is not None:
            return fault
        if asked.method == "initialize":
            return self._initialize(asked)
        if session_id is None or session_id not in self.sessions:
            return refusal(400 if session_id is None else 404, -32600, asked.message.get("id"))
        return self._carry_out(asked)

    def _alone(self, asked: Asked, message: Any) -> Received:
        return Received("POST", asked.http.headers, json.dumps(message).encode(), asked.http.connection)

    def _initialize(self, asked: Asked) -> Sent:
        wanted = asked.params["protocolVersion"]
        version = wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE
        self.opened += 1
        self.sessions[f"session-{self.opened}"] = version
        result = {"protocolVersion": version, "capabilities": CAPABILITIES, "serverInfo": SERVER}
        sent = Sent(200, self._response(asked, {**result, "instructions": "Say it twice."}))
        sent.headers["Mcp-Session-Id"] = f"session-{self.opened}"
        return sent

    def _end(self, session_id: str | None) -> Sent:
        return Sent(404 if self.sessions.pop(session_id or "", None) is None else 200)

    # The modern era.

    def _modern(self, asked: Asked) -> Sent:
        if asked.http.method != "POST":
            return Sent(405)
        return self._fault_of_form(asked) or self._fault_of_envelope(asked) or self._carry_out(asked)

    def _fault_of_envelope(self, asked: Asked) -> Sent | None:
        """Of `_meta` and the headers that repeat what the body says."""
        if "id" not in asked.message:
            return None
        request_id, meta = asked.message["id"], asked.params.get("_meta", {})
        if not {f"{PREFIX}protocolVersion", f"{PREFIX}clientCapabilities"} <= {*meta}:
            return refusal(400, -32602, request_id)
        wanted = {"mcp-protocol-version": meta[f"{PREFIX}protocolVersion"], "mcp-method": asked.method}
        if asked.method in NAMED_BY and isinstance(asked.params.get(NAMED_BY[asked.method]), str):
            wanted["mcp-name"] = asked.params[NAMED_BY[asked.method]]
        text = asked.arguments.get("text") if isinstance(asked.arguments, dict) else None
        if asked.params.get("name") == "echo" and isinstance(text, str) and text.isascii() and text == text.strip():
            wanted["mcp-param-text"] = text
        if any(asked.http.headers.get(name) != value for name, value in wanted.items()):
            return refusal(400, -32020, request_id)
        if asked.version != MODERN:
            return refusal(400, -32022, request_id, {"supported": [MODERN], "requested": asked.version})
        return None

    # Methods.

    def _carry_out(self, asked: Asked) -> Sent:
        if "id" not in asked.message:
            return Sent(202)
        request_id = asked.message["id"]
        found = self._result(asked)
        if isinstance(found, dict):
            return Sent(200, self._response(asked, found))
        status = {-32601: 404}.get(found, 400) if asked.modern else 200
        return refusal(status, found, request_id)

    def _response(self, asked: Asked, result: dict[str, Any]) -> dict[str, Any]:
        if asked.modern:
            result = {"resultType": "complete", **result, "_meta": {f"{PREFIX}serverInfo": SERVER}}
            if asked.method in CACHED:
                result |= {"ttlMs": 0, "cacheScope": "private"}
        return {"jsonrpc": "2.0", "id": asked.message["id"], "result": result}

    def _result(self, asked: Asked) -> dict[str, Any] | int:
        """A result, or the code of an error."""
        found: dict[str, Any] | int = -32601
        if asked.method in LISTS:
            found = self._list(asked)
        elif asked.method == "tools/call":
            found = self._call(asked)
        elif asked.method == "resources/read":
            uri = asked.params.get("uri")
            unknown = -32602 if asked.modern else -32002
            found = {"contents": [{"uri": uri, "text": "one"}]} if uri == NOTE["uri"] else unknown
        elif asked.method == "prompts/get":
            who = asked.params.get("name") == "greet" and "who" in (asked.params.get("arguments") or {})
            message = {"role": "user", "content": {"type": "text", "text": "hi"}}
            found = {"messages": [message]} if who else -32602
        elif asked.method == "ping" and not asked.modern:
            found = {}
        elif asked.method == "server/discover" and asked.modern:
            found = {"supportedVersions": [MODERN], "capabilities": CAPABILITIES, "instructions": "Say it twice."}
        return found

    def _list(self, asked: Asked) -> dict[str, Any] | int:
        member, entries = LISTS[asked.method]
        entries = self.tools if member == "tools" else entries
        cursor = asked.params.get("cursor", "0")
        if not re.fullmatch(r"\d", str(cursor)) or (cursor != "0" and int(cursor) >= len(entries)):
            return -32602
        start = int(cursor)
        more = {"nextCursor": str(start + self.page)} if start + self.page < len(entries) else {}
        return {member: entries[start : start + self.page], **more}

    def _call(self, asked: Asked) -> dict[str, Any] | int:
        tool = next((tool for tool in self.tools if tool["name"] == asked.params.get("name")), None)
        if tool is None or not isinstance(asked.arguments, dict):
            return -32602
        if not validator_for(tool["inputSchema"]).is_valid(asked.arguments):
            return tool_error("invalid arguments")
        if tool["name"] == "store":
            self.stored += 1
            return {"content": [{"type": "text", "text": "stored"}]}
        if tool["name"] == "recall":
            return structured({"stored": self.stored})
        return structured({"echo": asked.arguments["text"] * int(asked.arguments["times"])})


@asynccontextmanager
async def serving(server: GoodServer) -> AsyncIterator[str]:
    """Its URL."""
    async with http_server(server) as running:
        yield running.url
