"""The edges of what the payments tools take, through FastMCP's own client in memory."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from fastmcp import Client, FastMCP

from servers.payments.domain import Currency, Method, Order, Payment, Status
from servers.payments.ledger import MemoryLedger, Opening
from servers.payments.tools import payments_tools

CUSTOMER = "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"
ORDER = {"amount": 10, "currency": "USD", "method": "card", "customer_id": CUSTOMER}


async def call(tool: str, arguments: dict[str, Any]) -> Any:
    created = datetime.fromisoformat("2026-01-01T05:30:00+05:30")
    known = Payment("pay_known", Order(5, Currency.USD, Method.CARD, CUSTOMER), Status.FAILED, created)
    ids = count(1)
    ledger = MemoryLedger(
        Opening(payments=(known,)), keep=9, now=lambda: datetime(2026, 1, 1, tzinfo=UTC), new_id=lambda: f"p{next(ids)}"
    )
    server = FastMCP("edges")
    for each in payments_tools(ledger):
        server.add_tool(each)
    async with Client(server) as client:
        return await client.call_tool(tool, arguments, raise_on_error=False)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 10.0},
        {"amount": 1},
        {"amount": 99_999_999},
        {"idempotency_key": "k" * 255},
        {"description": "d" * 1000},
    ],
)
async def test_what_is_just_allowed_is_taken(change: dict[str, Any]) -> None:
    result = await call("create_payment", ORDER | change)
    assert not result.is_error, result.content
    assert result.structured_content["created_at"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"amount": 0}, "amount should be greater than or equal to 1, got 0"),
        ({"amount": 100_000_000}, "amount should be less than or equal to 99999999, got 100000000"),
        ({"amount": "10"}, 'amount should be a valid integer, got "10"'),
        ({"idempotency_key": ""}, 'idempotency_key should have at least 1 character, got ""'),
        ({"idempotency_key": "k" * 256}, "idempotency_key should have at most 255 characters"),
        ({"description": "d" * 1001}, "description should have at most 1000 characters"),
        ({"customer_id": CUSTOMER + "0"}, "customer_id should be a UUID such as"),
        ({"method": "cash"}, "method should be 'card', 'bank_transfer', 'wallet' or 'upi', got \"cash\""),
    ],
)
async def test_what_is_just_not_allowed_is_refused(change: dict[str, Any], sentence: str) -> None:
    result = await call("create_payment", ORDER | change)
    assert result.is_error
    assert result.content[0].text.startswith(f"invalid_arguments: {sentence}")


async def test_times_are_in_utc() -> None:
    result = await call("verify_payment", {"payment_id": "pay_known"})
    assert result.structured_content["created_at"] == "2026-01-01T00:00:00Z"
