"""The ceiling of uvicorn: reads each request to its end and answers it with one reply that was written down before.

python -m tests.support.echo_app PORT REPLY, where REPLY is a JSON file: {"status": 200, "headers": [[name, value]],
"body": "…"}.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

_SET_BY_UVICORN = {"date", "transfer-encoding"}


def echo_app(reply: dict[str, Any]) -> ASGIApp:
    """An app that knows one answer."""
    headers = [(name.encode(), value.encode()) for name, value in reply["headers"] if name not in _SET_BY_UVICORN]
    start = {"type": "http.response.start", "status": reply["status"], "headers": headers}
    end = {"type": "http.response.body", "body": reply["body"].encode()}

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        await send(start)
        await send(end)

    return app


if __name__ == "__main__":
    uvicorn.run(
        echo_app(json.loads(Path(sys.argv[2]).read_text())),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
    )
