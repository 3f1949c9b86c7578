"""A contract with something of everything that a stub has to answer."""

from typing import Any

from formats.contract import Contract

ANYTHING: dict[str, Any] = {"type": "object"}
FORECAST = {
    "type": "object",
    "$defs": {"day": {"type": "object", "required": ["low"], "properties": {"low": {"type": "integer"}}}},
    "required": ["city", "unit", "days"],
    "properties": {
        "city": {"type": "string"},
        "unit": {"enum": ["C", "F"]},
        "days": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/day"}},
    },
    "additionalProperties": False,
}
ORDER = {
    "type": "object",
    "required": ["id", "amount"],
    "properties": {"id": {"type": "string"}, "amount": {"type": "integer"}, "note": {"type": ["string", "null"]}},
}
SUM = {
    "type": "object",
    "properties": {"result": {"type": "integer"}},
    "required": ["result"],
    "x-fastmcp-wrap-result": True,
}


def _tool(name: str, schema: Any = ANYTHING, output: Any = None, **more: Any) -> dict[str, Any]:
    entry = {"name": name, "inputSchema": schema, **more}
    return entry if output is None else {**entry, "outputSchema": output}


def _arguments(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
TOOLS = [
    _tool(
        "echo",
        {"$schema": "http://json-schema.org/draft-07/schema#", **_arguments("text", text=TEXT)},
        title="Echo",
        description="Says it again.",
        annotations={"readOnlyHint": True, "x-of-its-own": 1},
        execution={"taskSupport": "optional"},
        icons=[{"src": "data:image/png;base64,AA==", "mimeType": "image/png"}],
        _meta={"vendor/x": {"deep": [1, None]}},
        unheardOf=[{"b": 1, "a": 2}],
    ),
    _tool("forecast", _arguments("city", city=TEXT, days=WHOLE), FORECAST),
    _tool("add", _arguments("a", "b", a=WHOLE, b=WHOLE), SUM),
    _tool("create", _arguments("amount", amount=WHOLE, note={**TEXT, "default": "none"}, key=TEXT), ORDER),
    _tool("look", _arguments("id", id=TEXT), ORDER),
    _tool("odd", {"type": "object", "properties": {"which": {"$ref": "#/$defs/gone"}}}),
    _tool("impossible", output={"type": "object", "not": {}}),
    _tool("routed", _arguments("region", region={**TEXT, "x-mcp-header": "Region"})),
]
EXAMPLES: list[dict[str, Any]] = [
    {
        "name": "an exact result",
        "tool": "echo",
        "arguments": {"text": "hi"},
        "expect": {
            "result": {
                "content": [{"type": "text", "text": "hi", "_meta": {"n": None}}, {"type": "odd", "of": "its own"}],
                "unheardOf": {"x": [None, 1.5]},
            }
        },
    },
    {"name": "a refusal", "tool": "echo", "arguments": {}, "expect": {"tool_error": "Say something."}},
    {
        "name": "a protocol error",
        "tool": "echo",
        "arguments": {"text": "boom"},
        "expect": {"error": {"code": -32050, "message": "boom"}},
    },
    {
        "name": "no such tool",
        "tool": "nothing",
        "expect": {"error": {"code": -32602, "message": "Tool nothing not found"}},
    },
    {"name": "fits", "tool": "forecast", "arguments": {"city": "Rome"}, "expect": {"fits": True}},
    {
        "name": "matches",
        "tool": "forecast",
        "arguments": {"city": "Oslo", "days": 2},
        "expect": {
            "match": {
                "/structuredContent/city": {"const": "Oslo"},
                "/structuredContent/days/1/low": {"type": "integer", "maximum": -20, "minimum": -30},
                "/content/0/text": True,
            }
        },
    },
    {
        "name": "a read",
        "resource": "memo://recorded",
        "expect": {"result": {"contents": [{"uri": "memo://recorded", "text": "as it was", "unheardOf": 1}]}},
    },
    {"name": "a bad read", "resource": "memo://bad", "expect": {"error": {"code": -32010, "message": "bad"}}},
    {
        "name": "a prompt",
        "prompt": "greet",
        "arguments": {"who": "Ada"},
        "expect": {"result": {"messages": [{"role": "assistant", "content": {"type": "text", "text": "Hello, Ada"}}]}},
    },
]
RESPONSES: list[dict[str, Any]] = [
    {
        "tool": "create",
        "when": {"required": ["key"]},
        "get": {"order": "key:${arguments.key}"},
        "structured": "${order}",
    },
    {
        "tool": "create",
        "when": {"properties": {"amount": {"exclusiveMinimum": 100}}},
        "tool_error": "declined: ${arguments.amount} is too much.",
    },
    {
        "tool": "create",
        "set": {
            "order:${uuid}": {"id": "${uuid}", "amount": "${arguments.amount}", "note": "${arguments.note}"},
            "key:${arguments.key}": {"id": "${uuid}", "amount": "${arguments.amount}"},
        },
        "structured": {"id": "${uuid}", "amount": "${arguments.amount}", "note": "${arguments.note}"},
    },
    {
        "tool": "look",
        "get": {"order": "order:${arguments.id}"},
        "missing": {
            "error": {"code": -32044, "message": "no order ${arguments.id}", "data": {"id": "${arguments.id}"}}
        },
        "structured": {"id": "${order.id}", "amount": "${order.amount}", "note": "${order.note}"},
    },
    {"tool": "odd", "when": {"required": ["which"]}, "result": {"content": [], "given": "${arguments.which}"}},
]
SAMPLE: dict[str, Any] = {
    "version": 1,
    "server": {"name": "sample-server", "version": "9.8", "title": "A Sample"},
    "instructions": "Be kind.",
    "protocol_versions": ["2025-11-25", "2026-07-28"],
    "capabilities": {
        "handshake": {
            "tools": {"listChanged": True},
            "resources": {"subscribe": True, "listChanged": False},
            "prompts": {},
            "logging": {},
            "completions": {},
            "tasks": {"list": {}},
            "extensions": {"io.modelcontextprotocol/ui": {"a": 1}, "com.example/odd": {}},
        },
        "modern": {"tools": {}, "resources": {"listChanged": True}, "prompts": {}, "experimental": {"x": {}}},
    },
    "tools": TOOLS,
    "resources": [
        {"uri": "memo://recorded", "name": "recorded", "mimeType": "text/plain", "unheardOf": 1},
        {"uri": "memo://json", "name": "json", "mimeType": "application/json"},
        {"uri": "memo://picture", "name": "picture", "mimeType": "image/png"},
    ],
    "resource_templates": [
        {"uriTemplate": "memo://people/{name}", "name": "person", "mimeType": "text/html", "unheardOf": 1}
    ],
    "prompts": [
        {
            "name": "greet",
            "description": "A greeting.",
            "arguments": [{"name": "who", "required": True}, {"name": "how"}],
            "unheardOf": 1,
        }
    ],
    "examples": EXAMPLES,
    "responses": RESPONSES,
}


def contract(**changes: Any) -> Contract:
    """A contract with a tool, but for what the test says of it."""
    least = {"server": {"name": "least"}, "protocol_versions": ["2025-11-25"], "tools": [_tool("any")]}
    return Contract.model_validate({**least, **changes})


def tool(name: str = "any", schema: Any = ANYTHING, output: Any = None, **more: Any) -> dict[str, Any]:
    """A tool's entry."""
    return _tool(name, schema, output, **more)
