"""A transport without a wire: each reply is what a script says, at once."""

import json
from dataclasses import dataclass, field
from typing import Any

from loadgen.client.transport import Request, Sink, Timings
from loadgen.outcome import Failure
from tests.support.http_server import result
from tests.support.mcp_script import INITIALIZED, tool_result


@dataclass
class FakeTransport:
    """An adder that remembers what it was asked to do, in order: methods, `settle` and `close`."""

    done: list[str] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    """How long each method was allowed to take."""
    timings: Timings = field(default_factory=Timings)

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:
        message: dict[str, Any] = json.loads(request.body or b"{}")
        method = message.get("method", request.method)
        self.done.append(method)
        self.limits[method] = within
        answers = {"initialize": INITIALIZED, "tools/call": tool_result({"result": 3})}
        headers = {b"content-type": b"application/json", b"mcp-session-id": b"s"}
        sink.head(200 if method in answers else 202, headers)
        if method in answers:
            sink.feed(result(message["id"], answers[method]))
        return None

    async def settle(self) -> None:
        self.done.append("settle")

    async def close(self) -> None:
        self.done.append("close")
