"""Calls that something happens to while the tool works."""

import select
import socket
from dataclasses import dataclass
from typing import Any

from .differential import SESSION, Connection, Reply, Request
from .differential_corpus import Changes, call, notification
from .differential_servers import Gated
from .raw_mcp import HANDSHAKE


@dataclass(frozen=True)
class Flight:
    """One call of `wait` whose tool is at work."""

    server: Gated
    key: str
    connection: Connection

    def land(self) -> Reply:
        """Let the tool answer, and read the reply."""
        self.server.gate.release(self.key)
        return self.receive()

    def receive(self) -> Reply:
        """The reply, whoever ended the call."""
        reply = self.connection.receive()
        self.connection.close()
        return reply

    def how_ended(self) -> str:
        """`finished` or `cancelled`: what became of the tool, once it was let go if it still worked."""
        self.server.gate.release(self.key)
        return self.server.gate.how_ended(self.key)


class Cabin:
    """One client, with a session of its own name in the handshake era."""

    def __init__(self, server: Gated, era: str, session: str) -> None:
        self.server = server
        self.era = era
        self._headers: Changes = {"Mcp-Session-Id": f"{SESSION}{session}"} if era == HANDSHAKE else {}

    def take_off(self, key: str, call_id: Any = 9, *, meta: Changes = {}, **arguments: Any) -> Flight:  # noqa: B006 - read only
        """Send a call and wait until it is in the tool."""
        flight = Flight(self.server, key, Connection(self.server.side.netloc))
        self.server.side.send(self.call("wait", {"key": key, **arguments}, call_id, meta), flight.connection)
        self.server.gate.wait_until_entered(key)
        return flight

    def call(self, tool: str, arguments: Changes, call_id: Any, meta: Changes = {}) -> Request:  # noqa: B006 - read only
        return call(self.era, tool, arguments, message={"id": call_id}, meta=meta, headers=self._headers)

    def ask(self, tool: str = "yes", call_id: Any = "another") -> Reply:
        return self.server.side.ask(self.call(tool, {}, call_id))

    def cancel(self, call_id: Any) -> Reply:
        """Cancel, and come back when the server has acted on it."""
        params = {"requestId": call_id, "reason": "test"}
        reply = self.server.side.ask(notification(self.era, "notifications/cancelled", params, headers=self._headers))
        self.let_the_server_act()
        return reply

    def delete(self) -> Reply:
        """DELETE the session."""
        request = self.call("yes", {}, 1)
        return self.server.side.ask(Request(request.headers, method="DELETE"))

    def let_the_server_act(self) -> None:
        """Some round trips, through the session and beside it: what the server heard before, it has acted on."""
        bystander = Cabin(self.server, self.era, "bystander")
        for _ in range(5):
            assert bystander.ask().status == 200
        self.ask()


def wait_until_it_listens_no_more(server: Gated) -> None:
    """A graceful stop has begun."""
    host, _, port = server.side.netloc.rpartition(":")
    for _ in range(10_000):
        try:
            with socket.create_connection((host, int(port)), timeout=1) as aside:
                select.select([aside], [], [], 0.01)
        except OSError:
            return
    raise TimeoutError("the server still listens")
