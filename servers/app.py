"""The only composition root: which layers a request passes, in which order, is written here and nowhere else."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastmcp import FastMCP
from fastmcp.server.http import HostOriginGuardMiddleware
from fastmcp.tools.function_tool import FunctionTool
from starlette.types import ASGIApp

from formats.fixtures import find_fixture

from . import __version__
from .calculator.tools import calculator_tools
from .config import CalculatorConfig, PaymentsConfig, ServerConfig
from .health import health_route
from .payments.ledger import MemoryLedger
from .payments.seed import read_seed
from .payments.tools import payments_tools
from .telemetry import Telemetry, TelemetryLayer
from .wire.call import MCP_PATH, CallReader
from .wire.sessions import SessionWatch
from .wire.streams import OpenStreams


@dataclass(frozen=True)
class TestbedApp:
    """A server that is ready to be run."""

    __test__ = False  # pytest, this is no test class

    name: str
    asgi: ASGIApp
    streams: OpenStreams
    """What a graceful stop closes before it waits."""


def build_app(config: ServerConfig, now: Callable[[], float] = time.monotonic) -> TestbedApp:
    """Compose the server that `config` describes.

    Raises:
        InvalidInput: a file that the configuration names cannot be used.
    """
    return compose(*_tools(config, now), json_response=config.response == "json", now=now)


def compose(
    name: str, tools: list[FunctionTool], *, json_response: bool, now: Callable[[], float] = time.monotonic
) -> TestbedApp:
    """Put every layer around a FastMCP server that has `tools`."""
    mcp = FastMCP(name, version=__version__)
    for tool in tools:
        mcp.add_tool(tool)
    starlette = mcp.http_app(path=MCP_PATH, json_response=json_response)
    telemetry = Telemetry(frozenset(tool.name for tool in tools), lambda: len(sessions.opened))
    starlette.router.routes += [health_route(name, lambda: not streams.closing, now), telemetry.route()]

    sessions = SessionWatch(starlette, now, telemetry.session)
    streams = OpenStreams(sessions)
    reader = CallReader(streams)
    guard = HostOriginGuardMiddleware(reader, mode="auto")
    return TestbedApp(name, TelemetryLayer(guard, telemetry), streams)


def _tools(config: ServerConfig, now: Callable[[], float]) -> tuple[str, list[FunctionTool]]:
    match config:
        case CalculatorConfig():
            return "calculator", calculator_tools()
        case PaymentsConfig():
            # One look at the wall clock: when somebody sets it, payments must not be settled sooner or later.
            started, zero = datetime.now(UTC), now()
            ledger = MemoryLedger(
                read_seed(find_fixture("seeds", config.seed_file)),
                keep=config.keep,
                now=lambda: started + timedelta(seconds=now() - zero),
                new_id=lambda: f"pay_{os.urandom(12).hex()}",
            )
            return "payments", payments_tools(ledger)
    raise TypeError(f"no server is known for {type(config).__name__}")
