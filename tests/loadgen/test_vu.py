import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from loadgen.client.aiohttp import AiohttpTransport
from loadgen.client.modern import MODERN
from loadgen.client.raw import RawTransport
from loadgen.client.session import PROTOCOL
from loadgen.clock import Clock, SystemClock
from loadgen.outcome import Cancelled, CheckFailed, HttpStatus, Ok, SchemaViolation, SessionLost, Timeout, ToolError
from loadgen.sample import Sample, SessionSample
from loadgen.schemas import OutputSchemas
from loadgen.vu import VirtualUser
from loadgen.warm_up import WarmUp
from loadgen.workloads.calculator import CalculatorWorkload
from tests.support.clock import LeapingClock
from tests.support.http_server import Answer, HttpServer, Received, http_server, reply, result
from tests.support.mcp_script import McpScript, tool_result
from tests.support.modern_script import ModernScript
from tests.support.transport import FakeTransport

Kind = type[RawTransport] | type[AiohttpTransport]
MINUTE = 60.0
RESULT_SCHEMA = {"type": "object", "properties": {"result": {"type": "number"}}, "required": ["result"]}
OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
}


async def calculate(request: Received, writer: asyncio.StreamWriter) -> None:
    params = request.message["params"]
    value = OPERATIONS[params["name"]](params["arguments"]["a"], params["arguments"]["b"])
    writer.write(reply(result(request.message["id"], tool_result({"result": value}))))


def answering(answer: dict[str, Any]) -> Callable[[Received, asyncio.StreamWriter], Awaitable[None]]:
    async def call_tool(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(result(request.message["id"], answer)))

    return call_tool


@dataclass
class Ledger:
    """Accounts that keep everything."""

    calls: list[Sample] = field(default_factory=list)
    sessions: list[SessionSample] = field(default_factory=list)
    reissued: int = 0

    def add(self, sample: Sample) -> None:
        self.calls.append(sample)

    def add_session(self, sample: SessionSample) -> None:
        self.sessions.append(sample)

    def add_reissued(self, n: int) -> None:
        self.reissued += n


@asynccontextmanager
async def user_of(
    script: McpScript, warm_up: WarmUp | None = None
) -> AsyncIterator[tuple[VirtualUser, Ledger, HttpServer]]:
    async with http_server(script) as server:
        schemas = OutputSchemas((tool, RESULT_SCHEMA) for tool in CalculatorWorkload.tools)
        ledger = Ledger()
        user = VirtualUser(
            AiohttpTransport(server.url), 5.0, CalculatorWorkload(1), schemas, ledger, SystemClock(), warm_up
        )
        try:
            yield user, ledger, server
        finally:
            await user.close()


async def test_every_call_is_one_sample_and_the_session_is_opened_once_and_ended() -> None:
    script = McpScript(calculate)
    async with user_of(script) as (user, ledger, _):
        await user.open()
        for n in range(1, 11):
            assert isinstance(await user.iterate(n), Ok)
    assert len(ledger.calls) == 10
    assert (len(ledger.sessions), script.opened, script.ended) == (1, 1, 1)


async def test_a_call_was_due_before_it_was_sent_and_sent_before_it_ended() -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, _):
        await user.iterate(1)
        (call,) = ledger.calls
        assert call.sent is not None
        assert call.due <= call.sent < call.end


async def test_the_next_call_is_due_after_the_last_one_ended() -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, _):
        await user.iterate(1)
        await user.iterate(2)
        first, second = ledger.calls
        assert first.end <= second.due


async def test_opening_a_session_is_no_part_of_the_call_that_wanted_it() -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, _):
        await user.iterate(1)
        assert ledger.sessions[0].end <= ledger.calls[0].due


@pytest.fixture(params=[RawTransport, AiohttpTransport])
def kind(request: pytest.FixtureRequest) -> Kind:
    made: Kind = request.param
    return made


async def one_call(
    answer: Answer, kind: Kind, clock: Clock, protocol: str = PROTOCOL, *, retry_lost: bool = False, early: float = 0.0
) -> Sample:
    """The sample of one call, which may take a minute of `clock`, to a server that answers so.

    It is of a closed model, or of an open one, and made `early` seconds before it is due.
    """
    async with http_server(answer) as server:
        schemas, ledger = OutputSchemas((tool, RESULT_SCHEMA) for tool in CalculatorWorkload.tools), Ledger()
        user = VirtualUser(
            kind(server.url),
            MINUTE,
            CalculatorWorkload(1),
            schemas,
            ledger,
            clock,
            protocol=protocol,
            retry_lost=retry_lost,
        )
        if early:
            await user.open()
        await user.iterate(1, clock.now() + early if early else None)
        await user.close()
    (sample,) = ledger.calls
    return sample


@pytest.mark.parametrize("early", [0.0, 0.005])
async def test_a_call_that_was_sent_once_more_took_the_time_of_both(
    kind: Kind, early: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count(1)

    async def lost_once(request: Received, writer: asyncio.StreamWriter) -> None:
        if next(calls) == 1:
            clock.leap(MINUTE / 2)
            writer.close()
        else:
            await calculate(request, writer)

    clock = LeapingClock(monkeypatch)
    call = await one_call(ModernScript(lost_once), kind, clock, MODERN, retry_lost=True, early=early)
    assert isinstance(call.outcome, Ok)
    assert call.sent is not None
    assert MINUTE / 2 < call.end - call.sent <= call.end - call.due < MINUTE


async def test_a_call_that_timed_out_after_the_first_bytes_took_until_then(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begins(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        asyncio.get_running_loop().call_later(0.05, clock.leap, MINUTE)
        await asyncio.Event().wait()

    clock = LeapingClock(monkeypatch)
    call = await one_call(McpScript(begins), kind, clock)
    assert call.outcome == Timeout("no end of the reply within 60 s", "total")
    assert call.end - call.due >= MINUTE


@pytest.mark.parametrize("has_session", [True, False])
async def test_a_call_that_is_not_due_yet_is_not_sent_before(has_session: bool) -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, _):
        if has_session:
            await user.open()
        due = time.perf_counter() + 0.005
        await user.iterate(1, due)
        (call,), (session,) = ledger.calls, ledger.sessions
        assert call.sent is not None
        assert due == call.due <= call.sent
        assert has_session or session.due >= due


async def test_a_lost_session_fails_its_call_and_the_next_call_gets_a_new_one() -> None:
    script = McpScript(calculate)
    async with user_of(script) as (user, ledger, _):
        await user.iterate(1)
        script.sessions.clear()
        assert isinstance(await user.iterate(2), SessionLost)
        assert isinstance(await user.iterate(3), Ok)
        assert len(ledger.sessions) == 2


async def test_a_session_that_cannot_be_opened_fails_the_call_that_wanted_it_and_only_that() -> None:
    script = McpScript(calculate, refuses_sessions_from=1)
    async with user_of(script) as (user, ledger, _):
        await user.open()
        assert isinstance(await user.iterate(1), HttpStatus)
        assert script.opened == 1
        script.refuses_sessions_from = None
        assert isinstance(await user.iterate(2), Ok)
        assert [call.sent is None for call in ledger.calls] == [True, False]
        assert [type(session.failure) for session in ledger.sessions] == [HttpStatus, type(None)]


async def test_a_call_that_is_cancelled_before_it_is_due_was_not_sent() -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, server):
        await user.open()
        asked = len(server.received)
        call = asyncio.create_task(user.iterate(1, time.perf_counter() + MINUTE))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert (ledger.calls[0].sent, len(server.received)) == (None, asked)


async def test_a_call_whose_session_could_not_be_opened_does_not_fail_before_it_is_due() -> None:
    async with user_of(McpScript(calculate, refuses_sessions_from=1)) as (user, ledger, _):
        await user.open()
        due = time.perf_counter() + 0.005
        assert isinstance(await user.iterate(1, due), HttpStatus)
        assert ledger.calls[0].end >= ledger.calls[0].due == due


async def test_a_call_of_an_open_model_is_due_at_its_moment_even_when_its_session_is_not_open_yet() -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, _):
        due = SystemClock().now() - 5
        await user.iterate(1, due)
        (call,) = ledger.calls
        assert call.due == due
        assert call.sent is not None
        assert call.sent >= ledger.sessions[0].end


async def test_a_call_that_is_never_made_is_counted_as_cancelled() -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, server):
        user.abandon(1, 7.0)
        (call,) = ledger.calls
        assert (call.due, call.sent, type(call.outcome)) == (7.0, None, Cancelled)
        assert server.received == []


async def test_where_the_time_of_a_call_went_is_part_of_its_sample() -> None:
    async with user_of(McpScript(calculate)) as (user, ledger, _):
        await user.iterate(1)
        assert ledger.calls[0].timings is not None


async def test_calls_of_the_warm_up_are_made_and_thrown_away() -> None:
    async with user_of(McpScript(calculate), WarmUp(iterations=2)) as (user, ledger, _):
        for n in (1, 2, 3):
            assert isinstance(await user.iterate(n), Ok)
        assert (len(ledger.calls), len(ledger.sessions)) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (tool_result({"result": "three"}), SchemaViolation),
        (tool_result({}), SchemaViolation),
        ({"content": []}, SchemaViolation),
        (tool_result({"result": 123.456}), CheckFailed),
        ({"content": [{"type": "text", "text": "no"}], "isError": True}, ToolError),
    ],
)
async def test_a_wrong_reply_is_a_failure_of_its_kind(answer: dict[str, Any], outcome: type) -> None:
    async with user_of(McpScript(answering(answer))) as (user, ledger, _):
        assert isinstance(await user.iterate(1), outcome)
        assert isinstance(ledger.calls[0].outcome, outcome)


async def test_a_call_is_never_repeated() -> None:
    async def close(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with user_of(McpScript(close)) as (user, _, server):
        await user.iterate(1)
        assert [request.message["method"] for request in server.received].count("tools/call") == 1


async def test_a_cancelled_call_is_counted_as_cancelled() -> None:
    begun = asyncio.Event()

    async def hang(_: Received, __: asyncio.StreamWriter) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with user_of(McpScript(hang)) as (user, ledger, _):
        call = asyncio.create_task(user.iterate(1))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert [type(sample.outcome) for sample in ledger.calls] == [Cancelled]


async def test_the_connection_is_settled_before_a_session_or_a_call_counts_as_over() -> None:
    transport, ledger = FakeTransport(), Ledger()
    user = VirtualUser(transport, 60.0, CalculatorWorkload(1), OutputSchemas(()), ledger, SystemClock())
    await user.open()
    assert transport.done == ["initialize", "notifications/initialized", "settle"]
    await user.iterate(1)
    assert transport.done[3:] == ["tools/call", "settle"]


async def test_a_goodbye_has_five_seconds_and_never_more_than_a_call() -> None:
    for within, goodbye in ((60.0, 5.0), (2.0, 2.0)):
        transport = FakeTransport()
        user = VirtualUser(transport, within, CalculatorWorkload(1), OutputSchemas(()), Ledger(), SystemClock())
        await user.open()
        assert await user.close() is None
        assert transport.done[-2:] == ["DELETE", "close"]
        assert (transport.limits["initialize"], transport.limits["DELETE"]) == (within, goodbye)
