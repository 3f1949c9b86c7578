"""The least that answers MCP's handshake era and four calculator tools, on uvicorn: a server that is rarely the limit.

python -m tests.support.minimal_mcp PORT
"""

import operator
import sys
from typing import Any

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send

_OPERATIONS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}
_NUMBER = {"type": "number"}
_TOOLS = [
    {
        "name": name,
        "description": name,
        "inputSchema": {"type": "object", "properties": {"a": _NUMBER, "b": _NUMBER}, "required": ["a", "b"]},
        "outputSchema": {"type": "object", "properties": {"result": _NUMBER}, "required": ["result"]},
        "annotations": {"readOnlyHint": True},
    }
    for name in _OPERATIONS
]


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The result of one request."""
    if method == "tools/call":
        value = _OPERATIONS[params["name"]](params["arguments"]["a"], params["arguments"]["b"])
        content = [{"type": "text", "text": str(value)}]
        return {"content": content, "structuredContent": {"result": value}, "isError": False}
    if method == "initialize":
        server = {"name": "minimal", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": server}
    return {"tools": _TOOLS} if method == "tools/list" else {}


async def app(_: Scope, receive: Receive, send: Send) -> None:
    """ASGI: every POST is one JSON-RPC message, everything else is done."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    status, reply, headers = 202, b"", [(b"content-type", b"application/json"), (b"mcp-session-id", b"minimal")]
    if body:
        request = orjson.loads(body)
        if "id" in request:
            result = answer(request["method"], request.get("params", {}))
            status, reply = 200, orjson.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result})
    headers.append((b"content-length", b"%d" % len(reply)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reply})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False, lifespan="off")
