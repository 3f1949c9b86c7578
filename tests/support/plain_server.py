"""A plain FastMCP server with one tool, as one would write it without this project; its best mode is JSON.

python -m tests.support.plain_server PORT json|sse
"""

import sys

import uvicorn
from fastmcp import FastMCP

mcp = FastMCP("plain")


@mcp.tool
async def add(a: float, b: float) -> float:
    """Add two numbers."""
    return a + b


if __name__ == "__main__":
    uvicorn.run(
        mcp.http_app(json_response=sys.argv[2] == "json"),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
