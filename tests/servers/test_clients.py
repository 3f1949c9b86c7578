"""The servers as the field's real clients see them: the MCP SDK's and FastMCP's, in both eras."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import fastmcp
import mcp
import pytest
from mcp_types import CallToolResult, TextContent, Tool

from servers.testing import RunningServer

Mode = Literal["legacy", "auto", "2026-07-28"]
CUSTOMER = "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"


class Caller:
    """What the tests ask of a client, whichever it is."""

    def __init__(
        self, list_tools: Callable[[], Awaitable[list[Tool]]], call: Callable[..., Awaitable[Any]], version: str
    ) -> None:
        self.list_tools = list_tools
        self._call = call
        self.version = version

    async def call(self, tool: str, **arguments: Any) -> Any:
        result = await self._call(tool, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    async def refusal(self, tool: str, **arguments: Any) -> str:
        result = await self._call(tool, arguments)
        assert result.is_error
        (content,) = result.content
        assert isinstance(content, TextContent)
        return content.text


@asynccontextmanager
async def fastmcp_client(url: str, mode: Mode) -> AsyncIterator[Caller]:
    async with fastmcp.Client(url, mode=mode) as client:

        async def call(tool: str, arguments: dict[str, Any]) -> Any:
            return await client.call_tool(tool, arguments, raise_on_error=False)

        yield Caller(client.list_tools, call, str(client.protocol_version))


@asynccontextmanager
async def sdk_client(url: str, mode: Mode) -> AsyncIterator[Caller]:
    async with mcp.Client(url, mode=mode) as client:

        async def call(tool: str, arguments: dict[str, Any]) -> CallToolResult:
            return await client.call_tool(tool, arguments)

        async def list_tools() -> list[Tool]:
            return (await client.list_tools()).tools

        yield Caller(list_tools, call, client.protocol_version)


Connect = Callable[[str, Mode], Any]


@pytest.fixture(params=[fastmcp_client, sdk_client])
def client(request: pytest.FixtureRequest) -> Connect:
    connect: Connect = request.param
    return connect


@pytest.fixture(params=["legacy", "auto", "2026-07-28"])
def mode(request: pytest.FixtureRequest) -> Mode:
    chosen: Mode = request.param
    return chosen


async def test_a_client_speaks_the_era_it_chose(calculator: RunningServer, client: Connect, mode: Mode) -> None:
    async with client(calculator.url, mode) as caller:
        assert caller.version == ("2025-11-25" if mode == "legacy" else "2026-07-28")


async def test_the_calculator_lists_and_answers_its_tools(
    calculator: RunningServer, client: Connect, mode: Mode
) -> None:
    async with client(calculator.url, mode) as caller:
        tools = {tool.name: tool for tool in await caller.list_tools()}
        assert list(tools) == ["add", "subtract", "multiply", "divide"]
        for tool in tools.values():
            assert tool.input_schema["properties"]["a"]["type"] == "number"
            assert tool.output_schema is not None
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint
            assert tool.annotations.idempotent_hint
        assert [(await caller.call(tool, a=1, b=2))["result"] for tool in tools] == [3.0, -1.0, 2.0, 0.5]
        assert isinstance((await caller.call("add", a=1, b=2))["result"], float)
        assert await caller.refusal("divide", a=1, b=0) == "division_by_zero: b must not be zero."


async def test_a_payment_is_made_replayed_verified_and_paid_for(
    payments: RunningServer, client: Connect, mode: Mode
) -> None:
    async with client(payments.url, mode) as caller:
        assert [tool.name for tool in await caller.list_tools()] == [
            "create_payment",
            "verify_payment",
            "get_wallet_balance",
        ]
        before = (await caller.call("get_wallet_balance", customer_id=CUSTOMER, currency="EUR"))["balances"]
        order = {"amount": 1234, "currency": "EUR", "method": "wallet", "customer_id": CUSTOMER.upper()}
        key = f"{caller.version}-{client.__name__}-{mode}-{payments.url}"
        made = await caller.call("create_payment", **order, idempotency_key=key, description="tea")
        assert made["status"] == "succeeded"
        assert made["customer_id"] == CUSTOMER
        assert (made["amount"], made["currency"], made["method"]) == (1234, "EUR", "wallet")
        assert made["replayed"] is False
        again = await caller.call("create_payment", **order, idempotency_key=key, description="tea")
        assert again == {**made, "replayed": True}
        verified = await caller.call("verify_payment", payment_id=made["payment_id"])
        assert verified == {name: value for name, value in made.items() if name != "replayed"}
        after = (await caller.call("get_wallet_balance", customer_id=CUSTOMER))["balances"]
        assert after["EUR"] == before["EUR"] - 1234
        assert set(after) == {"USD", "EUR", "GBP", "INR", "JPY"}


async def test_the_documented_payment_errors_are_sentences_that_begin_with_their_code(
    payments: RunningServer, client: Connect, mode: Mode
) -> None:
    order = {"amount": 1000, "currency": "USD", "method": "card", "customer_id": CUSTOMER}
    broke = {**order, "method": "wallet", "customer_id": "00000000-0000-4000-8000-000000000003"}
    async with client(payments.url, mode) as caller:
        assert (await caller.refusal("create_payment", **broke)).startswith(
            "insufficient_funds: the wallet holds 0 USD"
        )
        assert (await caller.refusal("verify_payment", payment_id="pay_0")).startswith("payment_not_found: ")
        assert (await caller.refusal("create_payment", **order, idempotency_key="seed-succeeded")).startswith(
            "idempotency_error: the key 'seed-succeeded' was used before"
        )
        assert await caller.refusal("create_payment", **{**order, "customer_id": "me", "amount": 0.5}) == (
            "invalid_arguments: amount should be a valid integer, got 0.5; "
            'customer_id should be a UUID such as 6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10, got "me".'
        )


async def test_declined_and_requires_action_are_normal_results(
    payments: RunningServer, client: Connect, mode: Mode
) -> None:
    async with client(payments.url, mode) as caller:
        for amount, status in ((200_001, "processing"), (200_002, "declined"), (200_003, "requires_action")):
            made = await caller.call(
                "create_payment", amount=amount, currency="JPY", method="card", customer_id=CUSTOMER
            )
            assert made["status"] == status


async def test_the_world_of_the_seed_file_is_there(payments: RunningServer, client: Connect, mode: Mode) -> None:
    async with client(payments.url, mode) as caller:
        for status in ("succeeded", "processing", "requires_action", "declined", "failed"):
            assert (await caller.call("verify_payment", payment_id=f"pay_seed_{status}"))["status"] == status
