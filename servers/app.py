"""The only composition root: which layers a request passes, in which order, is written here and nowhere else."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fastmcp.tools.function_tool import FunctionTool
from starlette.types import ASGIApp

from formats.contract import Contract
from formats.errors import InvalidDocument

from .config import ServerConfig
from .fault_metrics import FaultMetrics
from .faults.admin import Admin
from .faults.body import as_yaml
from .faults.control import Control
from .faults.effects import EFFECTS
from .faults.effects.listen import ToolsChanged
from .faults.journal import Journal, RuleCount
from .faults.middleware import FaultLayer
from .faults.model import NO_FAULTS, Profile
from .faults.plane import Plane
from .faults.profile import parse_profile, read_profile
from .faults.server_facts import ServerFacts
from .faults.system_clock import SystemClock
from .health import health_route
from .offer import Offer, offer_of, offer_of_tools
from .telemetry import Telemetry, TelemetryLayer
from .wire.call import MAX_BODY, MCP_PATH, CallReader, UnderWay
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
    faults: "Faults | None" = None
    warnings: Sequence[str] = ()
    """What who starts it should know, in sentences."""

    def stopping(self) -> None:
        """A graceful stop begins: end whatever it would otherwise wait for."""
        self.streams.close()
        if self.faults is not None:
            self.faults.stopping()

    def close(self) -> None:
        """The server is over."""
        if self.faults is not None:
            self.faults.journal.close()


@dataclass(frozen=True)
class Faults:
    """The fault plane of one server, for those who run it."""

    layer: FaultLayer
    admin: Admin
    plane: Plane
    journal: Journal
    listeners: ToolsChanged

    def stopping(self) -> None:
        """A graceful stop begins."""
        self.layer.close()
        self.admin.close()
        self.listeners.close()

    @property
    def idle_rules(self) -> Mapping[str, int]:
        """The rules in place that never took effect: how many calls each of them hit."""
        counts = self.journal.by_rule
        names = (rule.name for rule in self.plane.profile.rules)
        hits = {name: counts[name] if name in counts else RuleCount() for name in names}
        return {name: count.matched for name, count in hits.items() if not count.counted}


@dataclass(frozen=True)
class FaultSettings:
    """What a server is told about faults at its start."""

    profile: Profile = NO_FAULTS
    journal: Path | None = None
    """Where all records go."""
    token: str | None = None
    """Of the control API."""


_NO_SETTINGS = FaultSettings()


def build_app(
    config: ServerConfig,
    now: Callable[[], float] = time.monotonic,
    profile: str | None = None,
    contract: Contract | None = None,
) -> TestbedApp:
    """Compose the server that `config` describes.

    Args:
        config: which server.
        now: monotonic seconds, for everything but how long delays take.
        profile: text of a fault profile, instead of the file that the configuration names.
        contract: of a stub, instead of the file that the configuration names.

    Raises:
        InvalidInput: a file that the configuration names, or the profile, cannot be used.
    """
    offer = offer_of(config, now, contract)
    return _compose(
        offer,
        json_response=config.response == "json",
        lane=config.lane,
        max_body=config.max_body,
        now=now,
        faults=FaultSettings(_profile(config, profile, list(offer.inputs)), config.journal, config.admin_token),
    )


def tool_names(config: ServerConfig) -> list[str]:
    """The tools that the server of `config` has."""
    return list(offer_of(config).inputs)


def _profile(config: ServerConfig, text: str | None, tools: Sequence[str]) -> Profile:
    if text is not None:
        try:
            return parse_profile(as_yaml(text), "faults", EFFECTS, tools, config.seed)
        except InvalidDocument as error:  # nobody has seen the lines of this text
            raise InvalidDocument("faults", [replace(found, line=None) for found in error.findings]) from error
    return NO_FAULTS if config.faults is None else read_profile(config.faults, EFFECTS, tools, config.seed)


def compose(
    name: str,
    tools: Sequence[FunctionTool],
    *,
    json_response: bool,
    lane: bool = True,
    max_body: int = MAX_BODY,
    now: Callable[[], float] = time.monotonic,
    faults: FaultSettings = _NO_SETTINGS,
) -> TestbedApp:
    """Put every layer around a FastMCP server that has `tools`.

    Raises:
        InvalidInput: the journal's file cannot be written.
    """
    offer = offer_of_tools(name, tools)
    return _compose(offer, json_response=json_response, lane=lane, max_body=max_body, now=now, faults=faults)


def _compose(
    offer: Offer,
    *,
    json_response: bool,
    lane: bool,
    max_body: int,
    now: Callable[[], float],
    faults: FaultSettings,
) -> TestbedApp:
    # Else FastMCP lists all tools before each modern call, to find out which parameters are sent in headers.
    offer.mcp._mcp_server.get_tool_input_schema = offer.inputs.get  # noqa: SLF001 - no public way
    starlette = offer.mcp.http_app(path=MCP_PATH, json_response=json_response)
    listeners = ToolsChanged(starlette)
    listeners.register(offer.mcp)
    telemetry = Telemetry(frozenset(offer.inputs), lambda: len(sessions.opened))
    starlette.router.routes += [
        health_route(offer.name, lambda: not streams.closing, now, lane=lane, more=offer.health),
        telemetry.route(),
    ]

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
            offer.laned,
            sessions.live,
            in_flight,
            server=offer.info,
            json_response=json_response,
            on_path=telemetry.path,
        )
    )
    app, plane = _under_faults(calls, sessions, listeners, telemetry, offer, faults, max_body, now)
    return TestbedApp(offer.name, TelemetryLayer(Guard(app), telemetry), streams, plane, offer.warnings)


def _under_faults(
    calls: ASGIApp,
    sessions: SessionWatch,
    listeners: ToolsChanged,
    telemetry: Telemetry,
    offer: Offer,
    settings: FaultSettings,
    max_body: int,
    now: Callable[[], float],
) -> tuple[ASGIApp, Faults]:
    """The layers from the control API down to where faults act on `calls`."""
    journal, clock, under_way = Journal(file=settings.journal), SystemClock(), UnderWay()
    plane = Plane(settings.profile, now, under_way)
    names = list(offer.inputs)
    metrics = FaultMetrics(telemetry, names, plane)
    facts = ServerFacts(offer.outputs, listeners)
    layer = FaultLayer(calls, plane, journal, sessions, clock, metrics.injected, facts)
    admin = Admin(
        CallReader(layer, max_body, under_way),
        Control(plane, journal, names, EFFECTS, metrics.prepare, offer.forget),
        settings.token,
    )
    return admin, Faults(layer, admin, plane, journal, listeners)
