import asyncio
import sys

import pytest

from loadgen.cli import main
from loadgen.event_loop import new_event_loop
from servers.testing import running_server


def test_the_loop_is_uvloops_where_there_is_one() -> None:
    loop = new_event_loop()
    loop.close()
    assert type(loop).__module__.startswith("asyncio" if sys.platform == "win32" else "uvloop")


@pytest.mark.parametrize("transport", ["raw", "aiohttp"])
def test_a_run_needs_no_uvloop(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server("calculator") as server:
        monkeypatch.setitem(sys.modules, "uvloop", None)
        loop = new_event_loop()
        loop.close()
        assert isinstance(loop, asyncio.BaseEventLoop)
        assert main(["calculator", "--url", server.url, "--duration", "100ms", "--transport", transport]) == 0
