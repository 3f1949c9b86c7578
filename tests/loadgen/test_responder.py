import asyncio
import sys

import orjson
import pytest

from loadgen.client.aiohttp import AiohttpTransport
from loadgen.client.session import Session, call_tool, initialize_session, list_tools
from loadgen.outcome import Ok
from loadgen.responder import EVERY, service_seconds


@pytest.mark.parametrize(
    ("schedule", "slow"),
    [("constant", []), ("mixture", [1, EVERY + 1, 2 * EVERY + 1]), ("stop", [])],
)
def test_the_schedule_says_which_calls_are_slow(schedule: str, slow: list[int]) -> None:
    assert [n for n in range(1, 2 * EVERY + 2) if service_seconds(schedule, n) > 0.1] == slow  # type: ignore[arg-type]  # by row


async def test_the_responder_answers_its_tool_and_tells_how_long_it_took() -> None:
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "loadgen.responder", "constant"]
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    transport = AiohttpTransport(f"http://127.0.0.1:{port}/mcp")
    session = await initialize_session(transport, 5)
    assert isinstance(session, Session)
    assert isinstance(await list_tools(session), tuple)
    for _ in range(3):
        assert isinstance(await call_tool(session, "answer", {}), Ok)
    await transport.close()
    out, _ = await process.communicate(b"")
    assert process.returncode == 0
    seconds = orjson.loads(out)
    assert len(seconds) == 3
    assert all(second >= 0.004 for second in seconds)
