"""The server's Prometheus metrics, and the outermost layer that measures every call.

Names and labels follow OpenTelemetry's conventions for MCP. Labels that a client could choose are clamped to what the
server knows, so that no client can make new series; and there is a most of them, whatever happens.
"""

import asyncio
import logging
import time
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Collection, Iterable
from importlib.metadata import version

from mcp_types.methods import SPEC_CLIENT_METHODS, SPEC_CLIENT_NOTIFICATION_METHODS
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from formats.exposition import is_openmetrics, page_of
from formats.version import VERSION

from .durations import Durations
from .wire.call import MCP_PATH, PROTOCOL_VERSIONS, Call, call_of
from .wire.lane import FELL_THROUGH, REASONS, TAKEN
from .wire.reply import CANCELLED, error_type_of

OPERATION_SECONDS = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15,
    0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
)  # fmt: skip
"""Bucket bounds: every one of the conventions' own, and enough between them for honest percentiles."""
SESSION_SECONDS = (0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)

LAG_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

OTHER = "_other"
"""Stands for every value of a label that the server does not know, or has no more room for."""
_FAILED_OTHERWISE = "_OTHER"
"""The conventions' `error.type` for what has no better name."""

MOST_OPERATIONS = 40
"""Series of operations, of 30 lines each: so a page has 1,500 lines at most. Further ones are counted as `OTHER`."""
MOST_EXPECTED = 30
"""Series that are there before anything is counted in them; the rest is for what is."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one function unannotated

_log = logging.getLogger(__name__)
_METHODS = SPEC_CLIENT_METHODS | SPEC_CLIENT_NOTIFICATION_METHODS
_TRANSPORT = "tcp"
_NO_CALL = Call()
_TOOLS_CALL = "tools/call"
_SECONDS_BETWEEN_LOOKS = 0.05


class Telemetry:
    """The metrics of one server, in a registry of their own.

    Args:
        tools: names of the registered tools.
        active_sessions: how many handshake-era sessions are open right now.
    """

    def __init__(self, tools: frozenset[str], active_sessions: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._tools = tools
        self._operations = Durations(
            "mcp_server_operation_duration_seconds",
            "From the arrival of an MCP request or notification to the last byte of its reply.",
            ("mcp_method_name", "gen_ai_tool_name", "error_type", "network_transport", "mcp_protocol_version"),
            OPERATION_SECONDS,
        )
        self.registry.register(self._operations)
        self._sessions = Histogram(
            "mcp_server_session_duration_seconds",
            "How long handshake-era sessions lived, from initialize to DELETE, idle time-out or the server's stop.",
            ("network_transport", "mcp_protocol_version", "error_type"),
            buckets=SESSION_SECONDS,
            registry=self.registry,
        )
        self._sessions.labels(_TRANSPORT, HANDSHAKE_PROTOCOL_VERSIONS[-1], "")  # as with the tools below
        Gauge(
            "mcp_server_active_sessions",
            "Open handshake-era sessions.",
            ("network_transport",),
            registry=self.registry,
        ).labels(_TRANSPORT).set_function(active_sessions)
        self._lane = Counter(
            "mcp_server_lane_total",
            "POSTs to the MCP endpoint, by who answered them: the fast lane or FastMCP, and why it did.",
            ("path", "reason"),
            registry=self.registry,
        )
        self._paths = {(TAKEN, ""): self._lane.labels(TAKEN, "")}
        self._paths |= {(FELL_THROUGH, reason): self._lane.labels(FELL_THROUGH, reason) for reason in REASONS}
        for tool in sorted(tools):
            self.expect(tool, "")
        self.in_flight: set[_Measured] = set()
        """What the layer is measuring."""
        self.registry.register(_ActiveRequests(self.in_flight))
        self.loop: asyncio.AbstractEventLoop | None = None
        """The loop that serves, once it does."""
        self._lag = Histogram(
            "mcp_event_loop_lag_seconds",
            "How late the event loop wakes a sleeper.",
            buckets=LAG_SECONDS,
            registry=self.registry,
        )
        Gauge("mcp_asyncio_tasks", "Tasks of the event loop.", registry=self.registry).set_function(self._tasks)
        Info("mcp_build", "Versions of this program.", registry=self.registry).info(
            {"version": VERSION, "mcp_sdk": version("mcp")}
        )
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def operation(self, call: Call, error_type: str, seconds: float) -> None:
        """Count one request to the MCP endpoint; `error_type` is empty for success."""
        method = _clamp(call.method, _METHODS)
        tool = _clamp(call.tool, self._tools) if call.tool is not None else ""
        spoken = _clamp(call.protocol_version, PROTOCOL_VERSIONS) if call.protocol_version is not None else ""
        labels = (method, tool, error_type, _TRANSPORT, spoken)
        if labels not in self._operations and len(self._operations) >= MOST_OPERATIONS:
            labels = (OTHER, OTHER, _FAILED_OTHERWISE if error_type else "", _TRANSPORT, OTHER)
        self._operations.labels(*labels).observe(seconds)

    def expect(self, tool: str, error_type: str) -> None:
        """Let the calls of a tool that end like that count from 0: `rate()` does not see the first of a new series.

        They are those of the newest protocol that has sessions, as clients mostly speak it.
        """
        if len(self._operations) < MOST_EXPECTED:
            self._operations.labels(_TOOLS_CALL, tool, error_type, _TRANSPORT, HANDSHAKE_PROTOCOL_VERSIONS[-1])

    def path(self, path: str, reason: str) -> None:
        """Count one POST that the lane took (TAKEN, "") or did not (FELL_THROUGH, one of its REASONS)."""
        self._paths[path, reason].inc()

    def session(self, protocol_version: str, seconds: float) -> None:
        """Count one session that ended."""
        self._sessions.labels(_TRANSPORT, protocol_version, "").observe(seconds)

    async def watch_loop(self, now: Callable[[], float]) -> None:
        """Measure the event loop's lag until cancelled."""
        self.loop = asyncio.get_running_loop()
        while True:
            due = now() + _SECONDS_BETWEEN_LOOKS
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            self._lag.observe(max(0.0, now() - due))

    def _tasks(self) -> float:
        return 0 if self.loop is None else len(asyncio.all_tasks(self.loop))

    def route(self) -> Route:
        """The route that exposes the registry, in the format that the scraper asks for."""

        async def metrics(request: Request) -> Response:
            _, content_type = choose_encoder(request.headers.get("accept", ""))
            page = page_of(self.registry.collect(), openmetrics=is_openmetrics(content_type))
            return Response(page, headers={"Content-Type": content_type})

        return Route("/metrics", metrics)


def _clamp(value: str | None, known: Collection[str]) -> str:
    return value if value is not None and value in known else OTHER


class _ActiveRequests(Collector):
    """The requests under way, counted when somebody asks: that costs a request nothing."""

    def __init__(self, in_flight: "Collection[_Measured]") -> None:
        self._in_flight = in_flight
        self._seen = {_TOOLS_CALL: 0}

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """What the registry asks for at a scrape."""
        family = GaugeMetricFamily(
            "mcp_server_active_requests", "MCP requests that have no whole reply yet.", labels=("mcp_method_name",)
        )
        now = Tally(_clamp(request.call.method, _METHODS) for request in tuple(self._in_flight))
        self._seen = dict.fromkeys(self._seen, 0) | now
        for method, count in self._seen.items():
            family.add_metric((method,), count)
        yield family


class TelemetryLayer:
    """Outermost ASGI layer: measures every POST to the MCP endpoint, whoever answers it, and the loop it runs in."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, now: Callable[[], float] = time.perf_counter) -> None:
        self.app = app
        self.telemetry = telemetry
        self.now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "lifespan":
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self.telemetry.watch_loop(self.now))
                try:
                    await self.app(scope, receive, send)
                finally:
                    watching.cancel()
            return
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != MCP_PATH:
            await self.app(scope, receive, send)
            return
        await _Measured(self, scope)(receive, send)


class _Measured:
    """One request on its way through the layer."""

    def __init__(self, layer: TelemetryLayer, scope: Scope) -> None:
        self._layer = layer
        self._scope = scope
        self._status = 0
        self._is_stream = False
        self._last = b""

    async def __call__(self, receive: Receive, send: Send) -> None:
        started = self._layer.now()
        in_flight = self._layer.telemetry.in_flight
        in_flight.add(self)
        failure: BaseException | None = None

        def watch(message: Message) -> Awaitable[None]:
            self._note(message)
            return send(message)

        try:
            await self._layer.app(self._scope, receive, watch)
        except BaseException as error:
            failure = error
            raise
        finally:
            in_flight.discard(self)
            self._count(failure, self._layer.now() - started)

    @property
    def call(self) -> Call:
        """What it asks for, as far as it was read."""
        return call_of(self._scope) or _NO_CALL

    def _note(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            for name, value in message["headers"]:
                if name == b"content-type":
                    self._is_stream = value.startswith(b"text/event-stream")
        elif (body := message.get("body", b"")) and not body.startswith(b":"):  # a comment of the stream says nothing
            self._last = body

    def _count(self, failure: BaseException | None, seconds: float) -> None:
        call = self.call
        error_type = error_type_of(self._status, self._last, is_stream=self._is_stream)
        if failure is not None:
            error_type = CANCELLED if isinstance(failure, asyncio.CancelledError) else _FAILED_OTHERWISE
        if error_type:
            _log.info("%s %s: %s after %.1f ms", call.method, call.tool or "", error_type, seconds * 1000)
        self._layer.telemetry.operation(call, error_type, seconds)
