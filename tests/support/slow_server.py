"""A process like `mcp-serve` whose one tool takes as long as the call says; the argument is json or sse."""

import asyncio
import sys

from servers.app import compose
from servers.run import Server, bind, endpoint_url
from servers.wire.tool import Tool


async def wait(seconds: float) -> str:
    """Answer after so many seconds."""
    print("waiting", flush=True)  # noqa: T201 - the test reads it
    await asyncio.sleep(seconds)
    return "answered"


def main(response: str) -> None:
    app = compose("slow", [Tool.from_function(wait)], json_response=response == "json")
    sockets = bind("127.0.0.1", 0)
    Server(app, 20, lambda: print(endpoint_url(sockets), flush=True)).run(sockets)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1])
