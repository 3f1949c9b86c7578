import asyncio
import itertools
from collections.abc import Callable

import pytest

from loadgen.client.aiohttp import AiohttpTransport
from loadgen.clock import SystemClock
from loadgen.engine import Engine
from loadgen.errors import Interrupted, NothingMeasured, TargetUnreachable
from loadgen.interruption import Interruption
from loadgen.options.calculator import CalculatorOptions
from loadgen.options.payments import PaymentsOptions
from loadgen.plan import Plan
from loadgen.progress import Progress
from loadgen.result import RunResult
from servers.testing import running_server
from tests.support.clock import LeapingClock
from tests.support.http_server import Answer, Received, http_server, reply, result
from tests.support.mcp_script import McpScript, tool_result


class Silent:
    """An output that shows nothing."""

    async def watch(self, progress: Callable[[], Progress]) -> None:
        pass


async def run(plan: Plan, interruption: Interruption | None = None) -> RunResult:
    return await Engine(plan, AiohttpTransport, SystemClock(), Silent()).run(interruption or Interruption())


def payments(url: str, **flags: object) -> Plan:
    return PaymentsOptions.model_validate(
        {"url": url, "total": 60, "concurrent": 5, "seed": 1, "timeout": 5, **flags}
    ).plan()


async def run_against(answer: Answer, **flags: object) -> RunResult:
    """A run of create_payment calls against a scripted server."""
    async with http_server(answer) as server:
        return await run(payments(server.url, **flags))


TOOLS = [{"name": name} for name in ("create_payment", "verify_payment", "get_wallet_balance")]


async def pay(request: Received, writer: asyncio.StreamWriter) -> None:
    """Answers create_payment as it should be answered."""
    asked = request.message["params"]["arguments"]
    echoed = {key: asked[key] for key in ("amount", "currency", "method", "customer_id")}
    paid = {"payment_id": "p", "status": "succeeded", "replayed": False, **echoed}
    writer.write(reply(result(request.message["id"], tool_result(paid))))


def payer(**changes: object) -> McpScript:
    script = McpScript(pay, TOOLS)
    for name, value in changes.items():
        setattr(script, name, value)
    return script


@pytest.mark.parametrize("response", ["json", "sse"])
@pytest.mark.parametrize("flags", [{}, {"mixed": True}, {"only": "verify"}, {"only": "balance"}])
async def test_a_run_against_the_real_payments_server_has_no_failure(response: str, flags: dict[str, object]) -> None:
    with running_server("payments", response=response) as server:
        outcome = await run(payments(server.url, **flags))
    assert outcome.measured.errors == ()
    assert (outcome.measured.calls, outcome.measured.ok, outcome.passed) == (60, 60, True)
    sessions = outcome.measured.sessions
    assert sessions is not None
    assert (sessions.opened, sessions.failed, sessions.unfinished) == (5, 0, 0)
    tools = {tool.tool for tool in outcome.measured.tools}
    wanted = {"verify": {"verify_payment"}, "balance": {"get_wallet_balance"}}
    everything = {"create_payment", "verify_payment", "get_wallet_balance"}
    assert tools == wanted.get(str(flags.get("only")), everything if flags else {"create_payment"})


async def test_the_same_seed_run_twice_on_one_server_makes_new_payments() -> None:
    with running_server("payments") as server:
        first, second = await run(payments(server.url)), await run(payments(server.url))
    assert first.passed
    assert second.passed


async def test_a_run_against_the_real_calculator_has_no_failure() -> None:
    with running_server("calculator") as server:
        plan = CalculatorOptions.model_validate({"url": server.url, "vus": 4, "duration": 0.3, "seed": 1}).plan()
        outcome = await run(plan)
    assert outcome.measured.errors == ()
    assert outcome.measured.calls == outcome.measured.ok > 0
    assert outcome.seconds >= 0.3


async def test_the_rate_of_a_short_run_is_that_of_its_time_and_not_of_a_whole_second() -> None:
    class Last(Silent):
        async def watch(self, progress: Callable[[], Progress]) -> None:
            self.progress = progress

    seen, clock = Last(), SystemClock()
    async with http_server(payer()) as server:
        began = clock.now()
        await Engine(payments(server.url), AiohttpTransport, clock, seen).run(Interruption())
        rate = seen.progress().rate
    assert rate is not None
    assert rate >= 60 / (clock.now() - began)


async def test_session_traffic_is_not_counted_and_every_session_is_ended() -> None:
    script = payer()
    outcome = await run_against(script)
    assert outcome.measured.calls == 60
    assert (script.opened, script.ended, script.sessions) == (6, 6, set())  # five users, and the look before


async def test_lost_sessions_are_counted_and_opened_anew() -> None:
    script = payer()
    seen = 0

    async def forgets_once(request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        if seen == 20:
            script.sessions.clear()
        await pay(request, writer)

    script.call_tool = forgets_once
    outcome = await run_against(script)
    assert {error.label for error in outcome.measured.errors} == {"session_lost"}
    assert outcome.measured.sessions is not None
    assert outcome.measured.sessions.lost == outcome.measured.failed > 0
    assert outcome.measured.sessions.opened == 5 + outcome.measured.failed
    assert outcome.measured.calls == 60


async def test_sessions_that_cannot_be_opened_fail_their_calls() -> None:
    outcome = await run_against(payer(refuses_sessions_from=2))
    assert [(error.label, error.count) for error in outcome.measured.errors] == [("http_status(503)", 60)]
    assert outcome.measured.sessions is not None
    assert outcome.measured.sessions.opened == 0
    assert not outcome.passed


async def test_a_server_that_dies_mid_run_leaves_a_full_account() -> None:
    calls = 0

    async def dies(request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls > 30:
            writer.transport.abort()
        else:
            await pay(request, writer)

    outcome = await run_against(payer(call_tool=dies))
    assert (outcome.measured.calls, outcome.measured.ok) == (60, 30)
    assert [(error.category, error.label, error.count) for error in outcome.measured.errors] == [
        ("Connection", "reset", 30)
    ]


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "HTTP status"),
        (reply(b"<html>"), "JSON decode"),
        (reply(b"hello", content_type="text/plain"), "Content type"),
        (reply(b'{"jsonrpc":"2.0","id":99,"result":{}}'), "JSON decode"),
        (reply(b": nothing\n\n", content_type="text/event-stream"), "SSE protocol"),
        (reply(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"no"}}'), "JSON-RPC error"),
    ],
)
async def test_what_a_broken_server_answers_has_a_category_of_its_own(answer: bytes, category: str) -> None:
    async def broken(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    outcome = await run_against(payer(call_tool=broken), total=3)
    assert [(error.category, error.count) for error in outcome.measured.errors] == [(category, 3)]


async def test_an_endless_body_ends_at_the_limit() -> None:
    async def endless(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ")
        while True:
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    outcome = await run_against(payer(call_tool=endless), total=1)
    assert [error.label for error in outcome.measured.errors] == ["sse_protocol"]


async def test_a_server_that_hangs_costs_the_timeout_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = itertools.count(1)

    async def hangs(_: Received, __: asyncio.StreamWriter) -> None:
        if next(hanging) == 5:
            clock.leap(60)
        await asyncio.Event().wait()

    clock = LeapingClock(monkeypatch)
    outcome = await run_against(payer(call_tool=hangs), total=5, timeout=60)
    assert [(error.label, error.count) for error in outcome.measured.errors] == [("timeout(first_byte)", 5)]


async def test_nobody_listening_is_unreachable(free_port: int) -> None:
    with pytest.raises(TargetUnreachable, match=f"127.0.0.1:{free_port}/mcp cannot be reached: .*Connection refused"):
        await run(payments(f"http://127.0.0.1:{free_port}"))


async def test_a_web_server_without_mcp_is_no_target() -> None:
    async def web(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"Not Found", status="404 Not Found", content_type="text/plain"))

    with pytest.raises(TargetUnreachable, match="does not answer as an MCP server: .* 404"):
        await run_against(web)


async def test_a_server_without_the_tools_is_named_with_those_it_has() -> None:
    with pytest.raises(NothingMeasured, match=r"has no create_payment, .* \(it has add\); is that a payments server\?"):
        await run_against(McpScript())


async def test_a_preparation_that_fails_altogether_measures_nothing() -> None:
    async def refuses(request: Received, writer: asyncio.StreamWriter) -> None:
        said = {"content": [{"type": "text", "text": "closed today"}], "isError": True}
        writer.write(reply(result(request.message["id"], said)))

    with pytest.raises(NothingMeasured, match="closed today"):
        await run_against(payer(call_tool=refuses), only="verify")


async def test_tools_without_an_output_schema_are_noted() -> None:
    outcome = await run_against(payer())
    assert outcome.notes == ("No outputSchema, so only what the workload knows was checked: create_payment.",)


async def test_a_stopped_run_lets_calls_under_way_end_and_is_marked() -> None:
    interruption = Interruption()
    calls = 0

    async def stops_at_ten(request: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        if calls == 10:
            interruption.press()
        await pay(request, writer)

    script = payer(call_tool=stops_at_ten)
    async with http_server(script) as server:
        outcome = await run(payments(server.url, total=10_000), interruption)
    assert outcome.interrupted
    assert 10 <= outcome.measured.calls == outcome.measured.ok < 20
    assert script.sessions == set()


async def test_a_run_stopped_twice_counts_the_calls_under_way_as_cancelled() -> None:
    interruption = Interruption()

    async def stops(_: Received, __: asyncio.StreamWriter) -> None:
        interruption.press()
        await asyncio.Event().wait()

    outcome = await asyncio.wait_for(run_interrupted(payer(call_tool=stops), interruption), 20)
    assert outcome.interrupted
    assert [(error.label, error.count) for error in outcome.measured.errors] == [("cancelled", 5)]


async def run_interrupted(script: McpScript, interruption: Interruption) -> RunResult:
    async with http_server(script) as server:
        return await run(payments(server.url), interruption)


async def test_a_run_stopped_before_its_first_call_has_no_result() -> None:
    interruption = Interruption()
    interruption.press()
    with pytest.raises(Interrupted):
        await run_interrupted(payer(), interruption)
