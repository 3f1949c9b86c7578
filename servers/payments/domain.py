"""What a payment is, which states it may pass through, and which amounts make it do so. Plain Python, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Currency(StrEnum):
    """ISO 4217 codes. Amounts are integers in the minor unit: cents, pence, paise; JPY has none, so whole yen."""

    USD = "USD"
    EUR = "EUR"
    GBP = "GBP"
    INR = "INR"
    JPY = "JPY"

    @property
    def decimals(self) -> int:
        """Digits after the decimal point of the major unit."""
        return 0 if self is Currency.JPY else 2


class Method(StrEnum):
    """How the customer pays."""

    CARD = "card"
    BANK_TRANSFER = "bank_transfer"
    WALLET = "wallet"
    UPI = "upi"


class Status(StrEnum):
    """Where a payment is in its life."""

    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DECLINED = "declined"


TRANSITIONS: Mapping[Status | None, frozenset[Status]] = {
    None: frozenset({Status.REQUIRES_ACTION, Status.PROCESSING, Status.SUCCEEDED, Status.DECLINED}),
    Status.REQUIRES_ACTION: frozenset({Status.PROCESSING, Status.SUCCEEDED, Status.FAILED}),
    Status.PROCESSING: frozenset({Status.SUCCEEDED, Status.FAILED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.DECLINED: frozenset(),
}
"""Allowed moves; None is a payment that does not exist yet."""

UNFUNDED = frozenset({Status.FAILED, Status.DECLINED})
"""States in which a payment holds no money."""


@dataclass(frozen=True, slots=True)
class Step:
    """A state that a payment takes, so many seconds after the state before it."""

    status: Status
    after: float = 0.0


PLAIN = (Step(Status.SUCCEEDED),)
SCRIPTS: Mapping[int, tuple[Step, ...]] = {
    200_001: (Step(Status.PROCESSING), Step(Status.SUCCEEDED, 2.0)),
    200_002: (Step(Status.DECLINED),),
    200_003: (Step(Status.REQUIRES_ACTION), Step(Status.PROCESSING, 5.0), Step(Status.SUCCEEDED, 2.0)),
    200_004: (Step(Status.REQUIRES_ACTION), Step(Status.FAILED, 5.0)),
    200_005: (Step(Status.PROCESSING), Step(Status.FAILED, 2.0)),
}
"""Outcomes on demand: the amount, in minor units of any currency, decides. Every other amount succeeds at once."""

MAX_AMOUNT = 99_999_999
"""The largest amount of one payment, in minor units."""
DEFAULT_BALANCE = 1_000_000
"""What a wallet holds, in minor units per currency, where nobody said otherwise."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asks for; two orders are the same payment when they are equal."""

    amount: int
    currency: Currency
    method: Method
    customer_id: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """An order that was taken, and where it stands."""

    payment_id: str
    order: Order
    status: Status
    created_at: datetime

    def moved_to(self, status: Status) -> "Payment":
        """This payment in `status`.

        Raises:
            ValueError: TRANSITIONS does not allow the move.
        """
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"a payment cannot go from {self.status} to {status}")
        return replace(self, status=status)


def script_of(amount: int) -> tuple[Step, ...]:
    """The states that a payment of `amount` minor units passes through."""
    return SCRIPTS.get(amount, PLAIN)
