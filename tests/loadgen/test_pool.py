from loadgen.accounting import Accounting
from loadgen.client.aiohttp import AiohttpTransport
from loadgen.clock import SystemClock
from loadgen.interruption import Interruption
from loadgen.pool import VuPool
from loadgen.schemas import OutputSchemas
from loadgen.vu import VirtualUser
from loadgen.workloads.calculator import CalculatorWorkload
from tests.support.http_server import http_server
from tests.support.mcp_script import McpScript


def pool_at(url: str) -> VuPool:
    workload, schemas, accounts, clock = CalculatorWorkload(1), OutputSchemas(()), Accounting(), SystemClock()
    return VuPool(lambda: VirtualUser(AiohttpTransport(url), 5.0, workload, schemas, accounts, clock))


async def test_users_are_made_when_they_are_needed_and_once() -> None:
    pool = pool_at("http://127.0.0.1:9/mcp")
    third = pool.user(2)
    assert len(pool) == 3
    assert pool.user(2) is third
    assert pool.user(0) is not third
    await pool.close(Interruption())


async def test_all_sessions_are_opened_and_ended() -> None:
    script = McpScript()
    async with http_server(script) as server:
        pool = pool_at(server.url)
        await pool.open(120)
        assert (len(pool), script.opened, len(script.sessions)) == (120, 120, 120)
        assert await pool.close(Interruption()) == 0
        assert script.sessions == set()


async def test_after_a_session_that_cannot_be_opened_no_more_are_tried_at_the_start() -> None:
    script = McpScript(refuses_sessions_from=1)
    async with http_server(script) as server:
        pool = pool_at(server.url)
        await pool.open(300)
        assert len(pool) == 300
        assert 1 <= script.opened <= 100
        assert await pool.close(Interruption()) == 0


async def test_sessions_that_cannot_be_ended_are_counted() -> None:
    script = McpScript()
    async with http_server(script) as server:
        pool = pool_at(server.url)
        await pool.open(3)
    assert await pool.close(Interruption()) == 3
