from collections.abc import Iterator

import pytest

from servers.testing import RunningServer, running_server
from tests.support.raw_mcp import RawClient
from tests.support.stub_contract import SAMPLE


@pytest.fixture(scope="module")
def stub(response: str, lane: bool) -> Iterator[RunningServer]:
    """The stand-in for the sample server."""
    with running_server("stub", contract=SAMPLE, response=response, lane=lane) as server:
        yield server


@pytest.fixture
def raw(stub: RunningServer, era: str) -> RawClient:
    """A hand-written client of it."""
    return RawClient(stub.url, era)
