"""What the look at a target tells the virtual users."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from loadgen.cli import main
from loadgen.client.raw import RawTransport
from loadgen.clock import SystemClock
from loadgen.engine import Engine
from loadgen.interruption import Interruption
from loadgen.options.payments import PaymentsOptions
from loadgen.outputs.console import Silence
from servers.app import compose
from servers.config import CalculatorConfig
from servers.testing import running_app
from servers.wire.tool import Tool
from tests.support.http_server import Received, http_server, reply, result
from tests.support.mcp_script import tool_result
from tests.support.modern_script import ModernScript


async def order(
    team: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Team"})],
    count: Annotated[int, Field(json_schema_extra={"x-mcp-header": "Count"})],
) -> int:
    """Order something for a team."""
    return count + len(team)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A real server, which refuses modern calls that do not repeat `team` and `count` in headers."""
    app = compose("orders", [Tool.from_function(order)], json_response=True)
    with running_app(app, CalculatorConfig(port=0)) as server:
        yield server.url


@pytest.mark.parametrize("transport", ["raw", "aiohttp"])
@pytest.mark.parametrize("protocol", ["auto", "2026-07-28", "2025-11-25"])
def test_calls_repeat_the_arguments_in_headers_that_the_server_wants_there(
    url: str, protocol: str, transport: str, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    argv = ["tool", "order", "--url", url, "--args", '{"team": "blå", "count": 3}', "--total", "12", "--vus", "3"]
    assert main([*argv, "--protocol", protocol, "--transport", transport, "--json", str(report)]) == 0
    requests = json.loads(report.read_text("utf-8"))["requests"]
    assert (requests["total"], requests["failed"]) == (12, 0)


async def test_calls_that_prepare_a_run_repeat_them_too() -> None:
    schema = {"type": "object", "properties": {"customer_id": {"type": "string", "x-mcp-header": "Customer"}}}
    names = ("create_payment", "verify_payment", "get_wallet_balance")

    async def pay(request: Received, writer: asyncio.StreamWriter) -> None:
        params = request.message["params"]
        asked = params["arguments"]
        if params["name"] == "create_payment":
            assert request.headers["mcp-param-customer"] == asked["customer_id"]
        answer = {"payment_id": "p", "status": "succeeded", "replayed": False, **asked}
        writer.write(reply(result(request.message["id"], tool_result(answer))))

    async with http_server(ModernScript(pay, [{"name": name, "inputSchema": schema} for name in names])) as server:
        plan = PaymentsOptions.model_validate(
            {"url": server.url, "total": 5, "only": "verify", "protocol": "2026-07-28"}
        ).plan()
        await Engine(plan, RawTransport, SystemClock(), Silence()).run(Interruption())
    prepared = [each for each in server.received if each.headers.get("mcp-name") == "create_payment"]
    assert len(prepared) == 100
    assert all("mcp-param-customer" in each.headers for each in prepared)
