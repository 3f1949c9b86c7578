"""The servers that are compared: each twice, with the lane and without it."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette

from servers.app import TestbedApp, compose
from servers.config import CalculatorConfig
from servers.testing import RunningServer, running_app, running_server
from servers.wire.sessions import session_manager
from servers.wire.tool import Tool

from .differential import AllowedDifference, Pair, Side
from .differential_gate import Gate
from .differential_tools import odd_tools, yes
from .stub_contract import SAMPLE


@contextmanager
def pair_of(
    name: Literal["calculator", "payments", "odd", "stub"], response: str, allowed: tuple[AllowedDifference, ...]
) -> Iterator[Pair]:
    """The server of that name twice; `odd` has the tools that answer in odd ways, `stub` is one of `SAMPLE`."""
    with ExitStack() as stack:
        servers: list[RunningServer] = []
        for on in (True, False):
            if name == "odd":
                app = compose("odd", odd_tools(), json_response=response == "json", lane=on)
                running = running_app(app, CalculatorConfig(port=0))
            else:
                contract = SAMPLE if name == "stub" else None
                running = running_server(name, contract=contract, response=response, lane=on)
            servers.append(stack.enter_context(running))
        yield stack.enter_context(closing(Pair(servers[0], servers[1], allowed)))
        _stop(servers)


@dataclass(frozen=True)
class Gated:
    """A server whose `wait` answers when the test says so."""

    side: Side
    gate: Gate
    app: TestbedApp

    @property
    def sessions(self) -> StreamableHTTPSessionManager:
        """FastMCP's own session manager, below all layers."""
        layer: Any = self.app.streams
        while not isinstance(layer, Starlette):
            layer = layer.app
        return session_manager(layer)


@dataclass(frozen=True)
class GatedPair:
    pair: Pair
    lane: Gated
    plain: Gated

    @property
    def both(self) -> tuple[Gated, Gated]:
        return self.lane, self.plain


@contextmanager
def gated_pair(response: str, allowed: tuple[AllowedDifference, ...], grace: float = 10.0) -> Iterator[GatedPair]:
    """Two servers with a gate each."""
    gates = Gate(), Gate()
    apps: list[TestbedApp] = []
    servers: list[RunningServer] = []
    with ExitStack() as stack:
        for gate, on in zip(gates, (True, False), strict=True):
            tools = [gate.tool(), Tool.from_function(yes)]
            apps.append(compose("gated", tools, json_response=response == "json", lane=on))
            servers.append(stack.enter_context(running_app(apps[-1], CalculatorConfig(port=0, grace=grace))))
        pair = stack.enter_context(closing(Pair(servers[0], servers[1], allowed)))
        sides = zip((pair.lane, pair.plain), gates, apps, strict=True)
        yield GatedPair(pair, *(Gated(*parts) for parts in sides))
        _stop(servers)


def _stop(servers: list[RunningServer]) -> None:
    """Begin to stop them all before the first is waited for."""
    for server in servers:
        server.stop()
