"""The payments tools as clients see them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Protocol

from fastmcp.tools.function_tool import FunctionTool
from mcp_types import ToolAnnotations
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ..wire.tool import Tool
from .domain import MAX_AMOUNT, Currency, Method, Order, Payment, Status

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class Ledger(Protocol):
    """What the tools need of a ledger; every refusal is a `CallRefused`."""

    def create(self, order: Order, idempotency_key: str | None = None) -> tuple[Payment, bool]:
        """Take the order, or find what the same key made before (True)."""
        ...

    def find(self, payment_id: str) -> Payment:
        """The payment as it stands now."""
        ...

    def balances(self, customer_id: str) -> dict[Currency, int]:
        """The customer's wallet in minor units, every currency."""
        ...


def _uuid(text: str) -> str:
    if not _UUID.fullmatch(text):
        raise ValueError("should be a UUID such as 6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10")
    return text.lower()


def _whole(value: object) -> object:
    """JSON has one kind of number: 10.0 is the integer 10."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Amount = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=MAX_AMOUNT,
        description="Amount in the currency's minor unit (USD 12.34 is 1234, JPY 12 is 12).",
    ),
    BeforeValidator(_whole),
]
CustomerId = Annotated[
    str,
    Field(strict=True, description="The customer's UUID.", json_schema_extra={"format": "uuid"}),
    AfterValidator(_uuid),
]
PaymentId = Annotated[
    str, Field(strict=True, min_length=1, max_length=255, description="The id that create_payment returned.")
]
IdempotencyKey = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=255,
        description="Makes a repeated call safe: the same key with the same parameters returns the same payment.",
    ),
]
Description = Annotated[str | None, Field(max_length=1000, description="Free text kept with the payment.")]


class VerifiedPayment(BaseModel):
    """A payment as it stands."""

    model_config = ConfigDict(extra="forbid")

    payment_id: str
    status: Status
    amount: int = Field(description="In the currency's minor unit.")
    currency: Currency
    method: Method
    customer_id: str
    created_at: datetime = Field(description="RFC 3339, UTC.")
    description: str | None


class CreatedPayment(VerifiedPayment):
    """A payment, and whether it existed before this call."""

    replayed: bool = Field(description="True when the idempotency key had made this payment before.")


class WalletBalance(BaseModel):
    """What a customer's wallet holds."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str
    balances: dict[Currency, int] = Field(description="Minor units by currency.")


def payments_tools(ledger: Ledger) -> list[FunctionTool]:
    """`create_payment`, `verify_payment` and `get_wallet_balance` over `ledger`."""

    async def create_payment(
        amount: Amount,
        currency: Currency,
        method: Method,
        customer_id: CustomerId,
        idempotency_key: IdempotencyKey = None,
        description: Description = None,
    ) -> CreatedPayment:
        """Create a payment. Declined and requires_action are statuses of a normal result, not errors."""
        order = Order(amount, currency, method, customer_id, description)
        payment, replayed = ledger.create(order, idempotency_key)
        return CreatedPayment(**_facts(payment).model_dump(), replayed=replayed)

    async def verify_payment(payment_id: PaymentId) -> VerifiedPayment:
        """Look up where a payment stands."""
        return _facts(ledger.find(payment_id))

    async def get_wallet_balance(customer_id: CustomerId, currency: Currency | None = None) -> WalletBalance:
        """Look up what a customer's wallet holds, in one currency or in all of them."""
        balances = ledger.balances(customer_id)
        return WalletBalance(
            customer_id=customer_id, balances=balances if currency is None else {currency: balances[currency]}
        )

    look_up = ToolAnnotations(read_only_hint=True, idempotent_hint=True, destructive_hint=False, open_world_hint=False)
    create = ToolAnnotations(read_only_hint=False, idempotent_hint=False, destructive_hint=False, open_world_hint=False)
    return [
        Tool.from_function(create_payment, title="Create payment", annotations=create),
        Tool.from_function(verify_payment, title="Verify payment", annotations=look_up),
        Tool.from_function(get_wallet_balance, title="Get wallet balance", annotations=look_up),
    ]


def _facts(payment: Payment) -> VerifiedPayment:
    order = payment.order
    return VerifiedPayment(
        payment_id=payment.payment_id,
        status=payment.status,
        amount=order.amount,
        currency=order.currency,
        method=order.method,
        customer_id=order.customer_id,
        created_at=payment.created_at.astimezone(UTC),
        description=order.description,
    )
