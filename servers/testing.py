"""Servers for other people's tests: real ones, on a real socket of this machine, on a free port.

with running_server("payments") as server:
    client = fastmcp.Client(server.url)
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from formats.contract import parse_contract

from .app import TestbedApp, build_app
from .config import CalculatorConfig, PaymentsConfig, ServerConfig, StubConfig
from .run import Server, admin_url, bind_all, endpoint_url

_CONFIGS: dict[str, type[ServerConfig]] = {
    "calculator": CalculatorConfig,
    "payments": PaymentsConfig,
    "stub": StubConfig,
}
_GIVEN = "contract"
"""What complaints call a contract that is in no file."""
_SECONDS_TO_START = 30.0
_SECONDS_TO_STOP = 10.0
"""Beyond the grace."""


@dataclass(frozen=True)
class RunningServer:
    """A server that accepts connections."""

    name: str
    url: str
    """The MCP endpoint, such as http://127.0.0.1:40123/mcp."""
    stop: Callable[[], None]
    """Begins a graceful stop, as SIGTERM does; the `with` block's end does so anyway, and waits."""
    admin_url: str | None = None
    """Where the control API's own port is, if it was given `admin_port`."""

    @property
    def base_url(self) -> str:
        """Where /health, /metrics and /_testbed are."""
        return self.url.removesuffix("/mcp")


@contextmanager
def running_server(
    name: Literal["calculator", "payments", "stub"],
    *,
    contract: str | Path | Mapping[str, Any] | None = None,
    faults: str | Path | Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[RunningServer]:
    """Run a server in a thread of this process, from here to the end of the `with` block.

    Process-wide, sse-starlette's own cutting of streams at a stop is switched off.

    Args:
        name: which server.
        contract: of a stub: a file, the name of a bundled one, or what would stand in the file.
        faults: a fault profile: a file, the name of a preset, or what would stand in the file.
        settings: fields of its configuration, named as the flags of `mcp-serve` with underscores
            (`response="sse"`, `seed=7`, `keep=10`, …); the port is a free one unless given.

    Raises:
        ValidationError: a setting that the configuration does not take.
        InvalidInput, CannotListen: as the command would say.
        CannotStart: the app failed at its start.
        TimeoutError: the server did not start within 30 seconds, or not stop within its grace and 10 more.
    """
    text = json.dumps(faults) if isinstance(faults, Mapping) else None
    given: dict[str, Any] = {"port": 0, "faults": str(faults) if isinstance(faults, (str, Path)) else None}
    said = None
    if isinstance(contract, Mapping):
        said = parse_contract(json.dumps(contract), _GIVEN)
        given["contract"] = _GIVEN
    elif contract is not None:
        given["contract"] = str(contract)
    config = _CONFIGS[name].model_validate({**given, **settings})
    app = build_app(config, profile=text, contract=said)
    try:
        with running_app(app, config) as server:
            yield server
    finally:
        app.close()


@contextmanager
def running_app(app: TestbedApp, config: ServerConfig) -> Iterator[RunningServer]:
    """Run `app` as `running_server` does; of `config`, where to listen and how long to wait count."""
    sockets = bind_all(config, app)
    up_or_over = threading.Event()
    server = Server(app, config.grace, up_or_over.set)
    failures: list[BaseException] = []

    def stop() -> None:
        server.should_exit = True

    def run() -> None:
        try:
            server.run(sockets)
        except BaseException as error:  # noqa: BLE001 - raised again where the caller is
            failures.append(error)
        finally:
            up_or_over.set()

    thread = threading.Thread(target=run, name=f"mcp-serve-{app.name}", daemon=True)
    thread.start()
    try:
        if not up_or_over.wait(_SECONDS_TO_START):
            raise TimeoutError(f"the {app.name} server did not start within {_SECONDS_TO_START:.0f} s")
        if failures:
            raise failures[0]
        yield RunningServer(app.name, endpoint_url(sockets), stop, admin_url(config, sockets))
    finally:
        stop()
        thread.join(config.grace + _SECONDS_TO_STOP)
    if thread.is_alive():
        raise TimeoutError(f"the {app.name} server did not stop within {config.grace + _SECONDS_TO_STOP:.0f} s")
