import os
from collections.abc import Iterator

import pytest

from servers import cli
from servers.config import ServerConfig
from servers.testing import RunningServer, running_server
from tests.support.raw_mcp import ERAS, RawClient


@pytest.fixture(scope="module", params=["json", "sse"])
def response(request: pytest.FixtureRequest) -> str:
    """How the server answers."""
    mode: str = request.param
    return mode


@pytest.fixture(scope="module", params=[True, False], ids=["lane", "no-lane"])
def lane(request: pytest.FixtureRequest) -> bool:
    """Who answers tool calls: the fast lane, or FastMCP."""
    on: bool = request.param
    return on


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    """The protocol version that the client speaks."""
    version: str = request.param
    return version


@pytest.fixture(scope="module")
def calculator(response: str, lane: bool) -> Iterator[RunningServer]:
    with running_server("calculator", response=response, lane=lane) as server:
        yield server


@pytest.fixture(scope="module")
def payments(response: str, lane: bool) -> Iterator[RunningServer]:
    with running_server("payments", response=response, lane=lane) as server:
        yield server


@pytest.fixture
def raw(calculator: RunningServer, era: str) -> RawClient:
    """A hand-written client of the calculator."""
    return RawClient(calculator.url, era)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[ServerConfig]:
    """The configurations that the command would have served."""
    configs: list[ServerConfig] = []
    monkeypatch.setattr(cli, "_serve", configs.append)
    for name in [name for name in os.environ if name.startswith("MCP_SERVE_")]:
        monkeypatch.delenv(name)
    return configs
