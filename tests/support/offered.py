"""What the good server offers: tools, a resource, a template, a prompt, and the examples of its contract."""

from typing import Any

from tests.support.raw_mcp import HANDSHAKE

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", HANDSHAKE)
BATCHES = "2025-03-26"
CACHED = (
    "server/discover",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "prompts/list",
    "resources/read",
)
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
READS_ONLY = {"readOnlyHint": True}
TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
ECHO = {
    "name": "echo",
    "description": "Says it again.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "text": {**TEXT, "x-mcp-header": "Text"},
            "times": {"type": "integer", "minimum": 1, "maximum": 5},
            "voice": {"enum": ["loud", "low"]},
        },
        "required": ["text", "times"],
        "additionalProperties": False,
    },
    "outputSchema": {"type": "object", "properties": {"echo": {"type": "string"}}, "required": ["echo"]},
    "annotations": READS_ONLY,
}
RECALL = {
    "name": "recall",
    "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
    "outputSchema": {"type": "object", "properties": {"stored": {"type": "integer"}}, "required": ["stored"]},
    "annotations": READS_ONLY,
}
STORE = {
    "name": "store",
    "inputSchema": {
        "type": "object",
        "properties": {"text": TEXT},
        "required": ["text"],
        "additionalProperties": False,
    },
}
TOOLS: list[dict[str, Any]] = [ECHO, RECALL, STORE]
NOTE = {"uri": "note://one", "name": "one"}
TEMPLATE = {"uriTemplate": "note://{name}", "name": "note"}
GREET = {"name": "greet", "arguments": [{"name": "who", "required": True}]}
CAPABILITIES: dict[str, Any] = {"tools": {"listChanged": True}, "resources": {}, "prompts": {}}
SERVER = {"name": "good", "version": "1"}
EXAMPLES = [
    {
        "name": "twice",
        "tool": "echo",
        "arguments": {"text": "hey", "times": 2},
        "expect": {"match": {"/structuredContent/echo": {"const": "heyhey"}}},
    },
    {"name": "a note", "resource": "note://one", "expect": {"match": {"/contents/0/text": True}}},
    {"name": "a greeting", "prompt": "greet", "arguments": {"who": "you"}, "expect": {"match": {"/messages/0": True}}},
]
LISTS = {
    "tools/list": ("tools", TOOLS),
    "resources/list": ("resources", [NOTE]),
    "resources/templates/list": ("resourceTemplates", [TEMPLATE]),
    "prompts/list": ("prompts", [GREET]),
}
