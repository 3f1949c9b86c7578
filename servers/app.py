"""The only composition root: which layers a request passes, in which order, is written here and nowhere else."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastmcp import FastMCP
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
from .wire.call import MAX_BODY, MCP_PATH, CallReader
from .wire.compiled import compile_tools
from .wire.guard import Guard
from .wire.in_flight import InFlight
from .wire.lane import Lane
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
    name, tools = _tools(config, now)
    return compose(
        name, tools, json_response=config.response == "json", lane=config.lane, max_body=config.max_body, now=now
    )


def compose(
    name: str,
    tools: list[FunctionTool],
    *,
    json_response: bool,
    lane: bool = True,
    max_body: int = MAX_BODY,
    now: Callable[[], float] = time.monotonic,
) -> TestbedApp:
    """Put every layer around a FastMCP server that has `tools`."""
    mcp = FastMCP(name, version=__version__)
    for tool in tools:
        mcp.add_tool(tool)
    # Else FastMCP lists all tools before each modern call, to find out which parameters are sent in headers.
    mcp._mcp_server.get_tool_input_schema = {tool.name: tool.parameters for tool in tools}.get  # noqa: SLF001 - no public way
    starlette = mcp.http_app(path=MCP_PATH, json_response=json_response)
    telemetry = Telemetry(frozenset(tool.name for tool in tools), lambda: len(sessions.opened))
    starlette.router.routes += [health_route(name, lambda: not streams.closing, now, lane=lane), telemetry.route()]

    in_flight = InFlight()

    def session_ended(session_id: str, version: str, seconds: float) -> None:
        if not streams.closing:  # else a stop does: it cuts off what outlasts its grace
            in_flight.end_session(session_id)
        telemetry.session(version, seconds)

    sessions = SessionWatch(starlette, now, session_ended, max_body)
    streams = OpenStreams(sessions)
    calls = (
        streams
        if not lane
        else Lane(
            streams,
            compile_tools(tools),
            sessions.live,
            in_flight,
            server={"name": name, "version": __version__},
            json_response=json_response,
            on_path=telemetry.path,
        )
    )
    reader = CallReader(calls, max_body)
    return TestbedApp(name, TelemetryLayer(Guard(reader), telemetry), streams)


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
