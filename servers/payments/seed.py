"""The seed file: customers, wallets and payments that exist whenever the server starts."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from formats.errors import InvalidInput
from formats.strict_yaml import load_yaml

from .domain import MAX_AMOUNT, Currency, Method, Order, Payment, Status
from .ledger import Opening
from .tools import CustomerId, PaymentId

Balance = Annotated[int, Field(strict=True, ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeedCustomer(_Strict):
    """A customer whose wallet is known; currencies that are not named hold the default."""

    customer_id: CustomerId
    wallet: dict[Currency, Balance] = {}


class SeedPayment(_Strict):
    """A payment that stays in its status for ever."""

    payment_id: PaymentId
    status: Status
    amount: Annotated[int, Field(strict=True, ge=1, le=MAX_AMOUNT)]
    currency: Currency
    method: Method
    customer_id: CustomerId
    created_at: AwareDatetime
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    description: Annotated[str | None, Field(max_length=1000)] = None


class SeedFile(_Strict):
    """A whole seed file."""

    version: Literal[1]
    customers: tuple[SeedCustomer, ...] = ()
    payments: tuple[SeedPayment, ...] = ()


def read_seed(path: Path) -> Opening:
    """The opening state that the seed file at `path` describes.

    Raises:
        InvalidInput: unreadable, not the format, or an id or key that stands twice; one sentence per problem.
    """
    seed = load_yaml(path, SeedFile)
    problems = [
        *_twice(path, "customers", "customer_id", [c.customer_id for c in seed.customers]),
        *_twice(path, "payments", "payment_id", [p.payment_id for p in seed.payments]),
        *_twice(path, "payments", "idempotency_key", [p.idempotency_key for p in seed.payments if p.idempotency_key]),
    ]
    if problems:
        raise InvalidInput(problems)
    return Opening(
        wallets={customer.customer_id: customer.wallet for customer in seed.customers},
        payments=tuple(
            Payment(
                p.payment_id,
                Order(p.amount, p.currency, p.method, p.customer_id, p.description),
                p.status,
                p.created_at,
            )
            for p in seed.payments
        ),
        keys={p.idempotency_key: p.payment_id for p in seed.payments if p.idempotency_key is not None},
    )


def _twice(path: Path, section: str, field: str, values: list[str]) -> list[str]:
    repeated = sorted({value for value in values if values.count(value) > 1})
    return [f"{path}: {section}: {field} {value} stands more than once" for value in repeated]
