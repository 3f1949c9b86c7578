"""The seed file: customers, wallets and payments that exist whenever the server starts."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from formats.errors import REPEATED
from formats.strict_yaml import load_yaml

from .domain import MAX_AMOUNT, Currency, Method, Order, Payment, Status
from .ledger import Opening
from .tools import CustomerId, PaymentId

T = TypeVar("T")
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


def _once(*fields: str) -> AfterValidator:
    """No two items may have the same value in one of `fields`."""

    def check(items: tuple[T, ...]) -> tuple[T, ...]:
        problems = []
        for field in fields:
            counts = Counter(value for item in items if (value := getattr(item, field)) is not None)
            problems += [f"{field} {value} stands more than once" for value, count in counts.items() if count > 1]
        if problems:
            raise PydanticCustomError(REPEATED, "{problems}", {"problems": "; ".join(problems)})
        return items

    return AfterValidator(check)


class SeedFile(_Strict):
    """A whole seed file."""

    version: Literal[1]
    customers: Annotated[tuple[SeedCustomer, ...], _once("customer_id")] = ()
    payments: Annotated[tuple[SeedPayment, ...], _once("payment_id", "idempotency_key")] = ()


def read_seed(path: Path) -> Opening:
    """The opening state that the seed file at `path` describes.

    Raises:
        InvalidInput: unreadable, not the format, or an id or key that stands twice; one sentence per problem.
    """
    seed = load_yaml(path, SeedFile)
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
