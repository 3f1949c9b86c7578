"""Reference servers for other people's tests: real ones, on a real socket of this machine, on a free port.

with running_server("payments") as server:
    client = fastmcp.Client(server.url)
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from .app import TestbedApp, build_app
from .config import CalculatorConfig, PaymentsConfig, ServerConfig
from .run import Server, bind, endpoint_url

_CONFIGS: dict[str, type[ServerConfig]] = {"calculator": CalculatorConfig, "payments": PaymentsConfig}
_SECONDS_TO_START = 30.0


@dataclass(frozen=True)
class RunningServer:
    """A server that accepts connections."""

    name: str
    url: str
    """The MCP endpoint, such as http://127.0.0.1:40123/mcp."""
    stop: Callable[[], None]
    """Begins a graceful stop, as SIGTERM does; the `with` block's end does so anyway, and waits."""

    @property
    def base_url(self) -> str:
        """Where /health and /metrics are."""
        return self.url.removesuffix("/mcp")


@contextmanager
def running_server(name: Literal["calculator", "payments"], **settings: Any) -> Iterator[RunningServer]:
    """Run a reference server in a thread of this process, from here to the end of the `with` block.

    Args:
        name: which server.
        settings: fields of its configuration, named as the flags of `mcp-serve` with underscores
            (`response="sse"`, `keep=10`, …); the port is a free one unless given.

    Raises:
        ValidationError: a setting that the configuration does not take.
        InvalidInput, CannotListen: as the command would say.
        TimeoutError: the server did not start within 30 seconds.
    """
    config = _CONFIGS[name].model_validate({"port": 0, **settings})
    with running_app(build_app(config), config) as server:
        yield server


@contextmanager
def running_app(app: TestbedApp, config: ServerConfig) -> Iterator[RunningServer]:
    """Run `app` as `running_server` does; of `config`, where to listen and how long to wait count."""
    sockets = bind(config.host, config.port)
    ready = threading.Event()
    server = Server(app, config.grace, ready.set)

    def stop() -> None:
        server.should_exit = True

    thread = threading.Thread(target=server.run, args=(sockets,), name=f"mcp-serve-{app.name}", daemon=True)
    thread.start()
    try:
        if not ready.wait(_SECONDS_TO_START):
            raise TimeoutError(f"the {app.name} server did not start within {_SECONDS_TO_START:.0f} s")
        yield RunningServer(app.name, endpoint_url(sockets), stop)
    finally:
        stop()
        thread.join(config.grace + _SECONDS_TO_START)
