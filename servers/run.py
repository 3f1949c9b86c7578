"""Serving on a socket: bind, announce, answer, and stop without losing what is in flight."""

import asyncio
import errno
import gc
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType

import uvicorn
from sse_starlette.sse import AppStatus

from .app import TestbedApp, build_app
from .config import ServerConfig
from .errors import CannotListen, CannotStart
from .wire.call import MCP_PATH
from .wire.connection import RawHttpProtocol
from .wire.sessions import is_no_late_notification

_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""A host's address that this machine does not have (`::1` without IPv6): its other addresses may do."""


class Server(uvicorn.Server):
    """uvicorn, stopping gracefully: calls in flight are answered, open streams are ended, a second signal is final."""

    def __init__(self, app: TestbedApp, grace: float, on_ready: Callable[[], None]) -> None:
        # sse-starlette cuts every SSE reply half a second after a stop begins; here the reply has until `grace`.
        AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]  # not annotated there
        super().__init__(
            uvicorn.Config(
                app.asgi,
                http=RawHttpProtocol,
                lifespan="on",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=grace,  # type: ignore[arg-type]  # declared int, handed to asyncio.wait_for
            )
        )
        self._stopping = app.stopping
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
        logging.getLogger("mcp.server.streamable_http").addFilter(is_no_late_notification)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        try:
            await super().startup(sockets)
        except SystemExit as error:  # uvicorn's way to say that the lifespan failed
            for listener in sockets or ():
                listener.close()
            raise CannotStart("the server could not start; its log says why.") from error
        self._loop = asyncio.get_running_loop()
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end open streams and faults, wait for the rest."""
        self._stopping()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """First signal: stop gracefully; second: now. uvicorn does not raise it again: a stop asked for is no error."""
        if self.should_exit and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel_calls)
        self.should_exit = True

    def _cancel_calls(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Calls that a stop cut off were cut off on purpose: no traceback."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


@dataclass(frozen=True)
class Served:
    """What a server tells when connections are accepted."""

    name: str
    url: str
    """Of the MCP endpoint."""
    admin_url: str | None
    """Of the control API's own port, if there is one."""
    rules: int
    """Of the fault profile."""


def serve(config: ServerConfig, announce: Callable[[Served], None], warn: Callable[[str], None]) -> None:
    """Run the server that `config` describes until SIGTERM or SIGINT.

    Args:
        config: which server, and where.
        announce: called once connections are accepted.
        warn: called at the start with a sentence for whatever is not as somebody might expect, and at the end with one
            for each rule that never took effect.

    Raises:
        InvalidInput: a file that the configuration names cannot be used.
        CannotListen: the address cannot be bound.
        CannotStart: the app failed at its start.
    """
    _log(verbose=config.verbose)
    app = build_app(config)
    try:
        for warning in app.warnings:
            warn(warning)
        sockets = bind_all(config, app)

        def ready() -> None:
            # What is loaded by now stays: a full collection that walks it would stop every call for 80 ms.
            gc.collect()
            gc.freeze()
            announce(_served(config, app, sockets))

        Server(app, config.grace, ready).run(sockets)
        for sentence in idle(app.faults.idle_rules if app.faults is not None else {}):
            warn(sentence)
    finally:
        app.close()


def idle(rules: Mapping[str, int]) -> Iterator[str]:
    """Sentences about rules that never took effect, of which is known how many requests each of them hit."""
    unhit = [rule for rule, hits in rules.items() if not hits]
    if len(unhit) == 1:
        yield f"the fault rule {unhit[0]} never took effect: it hit no request."
    elif unhit:
        yield f"the fault rules {', '.join(unhit)} never took effect: they hit no request."
    for rule, hits in rules.items():
        if hits:
            requests = "1 request" if hits == 1 else f"{hits:,} requests"
            yield f"the fault rule {rule} never took effect: it hit {requests}, and the journal says why none counts."


def bind_all(config: ServerConfig, app: TestbedApp) -> list[socket.socket]:
    """Sockets for the MCP endpoint, and then those for the control API's own port, which `app` is told.

    Raises:
        CannotListen: with one sentence that says why.
    """
    sockets = bind(config.host, config.port)
    if config.admin_port is not None and app.faults is not None:
        try:
            admin = bind(config.host, config.admin_port)
        except CannotListen:
            for bound in sockets:
                bound.close()
            raise
        app.faults.admin.ports.add(admin[0].getsockname()[1])
        sockets += admin
    return sockets


def admin_url(config: ServerConfig, sockets: list[socket.socket]) -> str | None:
    """Where the control API's own port is, None without one."""
    return None if config.admin_port is None else endpoint_url(sockets[-1:]).removesuffix(MCP_PATH)


def _served(config: ServerConfig, app: TestbedApp, sockets: list[socket.socket]) -> Served:
    rules = len(app.faults.plane.profile.rules) if app.faults is not None else 0
    return Served(app.name, endpoint_url(sockets), admin_url(config, sockets), rules)


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of `host`, all on one port (a free one for port 0).

    Raises:
        CannotListen: with one sentence that says why.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise CannotListen(f"--host {host}: there is no such host.") from error
    sockets: list[socket.socket] = []
    refused: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listener(family, (address[0], port, *address[2:])))
        except OSError as error:
            refused = error
            if error.errno not in _NOT_HERE:
                break
        else:
            port = sockets[0].getsockname()[1]
    if refused is not None and (not sockets or refused.errno not in _NOT_HERE):
        for bound in sockets:
            bound.close()
        reason = (refused.strerror or str(refused)).lower()
        raise CannotListen(f"cannot listen on {host}:{port}: {reason}.") from refused
    return sockets


def _listener(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(2048)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def endpoint_url(sockets: list[socket.socket]) -> str:
    """The URL of the MCP endpoint on the first of `sockets`."""
    host, port = sockets[0].getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what clients here can connect to
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{MCP_PATH}"


def _log(*, verbose: bool) -> None:
    level = logging.INFO if verbose else logging.ERROR
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    for name in ("fastmcp", "mcp", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers.clear()  # FastMCP's rich handler formats each traceback for milliseconds
        logger.setLevel(level)
        logger.propagate = True
