import asyncio

import pytest

from formats.errors import InvalidInput
from loadgen.client import CallFailed, Connect, SchemaViolation, ToolError, perform_calculation
from servers.testing import running_server
from tests.support.http_server import Received, http_server, reply, result
from tests.support.mcp_script import McpScript, tool_result


async def test_a_calculation_is_one_call() -> None:
    with running_server("calculator") as server:
        assert await perform_calculation(server.url, "add", 1, 2) == 3.0


async def test_a_refusal_is_raised_as_its_sentence() -> None:
    with running_server("calculator") as server:
        with pytest.raises(CallFailed, match="zero") as raised:
            await perform_calculation(server.url, "divide", 1, 0)
        assert isinstance(raised.value.outcome, ToolError)


async def test_a_server_that_is_not_there_is_raised(free_port: int) -> None:
    with pytest.raises(CallFailed) as raised:
        await perform_calculation(f"http://127.0.0.1:{free_port}/mcp", "add", 1, 2)
    assert isinstance(raised.value.outcome, Connect)


@pytest.mark.parametrize("structured", [{"result": "3"}, {"result": True}, {}, None])
async def test_a_result_without_a_number_is_raised_and_the_session_ended(structured: object) -> None:
    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(result(request.message["id"], tool_result(structured))))

    script = McpScript(answer)
    async with http_server(script) as server:
        with pytest.raises(CallFailed) as raised:
            await perform_calculation(server.url, "add", 1, 2)
    assert isinstance(raised.value.outcome, SchemaViolation)
    assert (script.opened, script.ended) == (1, 1)


async def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput):
        await perform_calculation("calculator", "add", 1, 2)
