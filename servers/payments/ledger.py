"""The payments that were made and the wallets that paid for them, in memory, with a bound on both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from ..errors import CallRefused
from .domain import DEFAULT_BALANCE, UNFUNDED, Currency, Method, Order, Payment, Step, script_of

Wallet = dict[Currency, int]


@dataclass(frozen=True)
class Opening:
    """The world at the start. Its customers and payments are kept for ever; what is made later may be forgotten."""

    wallets: Mapping[str, Mapping[Currency, int]] = field(default_factory=dict)
    """Balances in minor units by customer; a currency that is not named holds DEFAULT_BALANCE."""
    payments: tuple[Payment, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    """Payment id by idempotency key."""


class MemoryLedger:
    """Payments, idempotency keys and wallets of one server process.

    Args:
        opening: what exists already.
        keep: how many later payments, and how many later customers' wallets, are remembered; the oldest go first.
        now: the current time, with a time zone.
        new_id: makes a payment id that was never used.
    """

    def __init__(self, opening: Opening, *, keep: int, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._now = now
        self._new_id = new_id
        self._keep = keep
        self._opening_payments = {payment.payment_id: payment for payment in opening.payments}
        self._opening_wallets = {customer: _whole(balances) for customer, balances in opening.wallets.items()}
        self._keys = dict(opening.keys)
        self._payments: dict[str, Payment] = {}
        self._key_of: dict[str, str] = {}
        self._wallets: dict[str, Wallet] = {}
        self._due: list[tuple[datetime, str, Order, tuple[Step, ...], Wallet | None]] = []

    def create(self, order: Order, idempotency_key: str | None = None) -> tuple[Payment, bool]:
        """Take `order`, or find the payment that the same key made before; the flag says it was found (replayed).

        Raises:
            CallRefused: the key belongs to another order, or the wallet holds too little. A refused order leaves
                nothing behind, so that the same key may be tried again.
        """
        self._settle()
        if idempotency_key is not None and idempotency_key in self._keys:
            payment = self.find(self._keys[idempotency_key])
            if payment.order != order:
                raise CallRefused(
                    f"idempotency_error: the key {idempotency_key!r} was used before with other parameters, "
                    f"for {payment.payment_id}."
                )
            return payment, True
        first, *later = script_of(order.amount)
        wallet = None if first.status in UNFUNDED else self._reserve(order)
        payment = Payment(self._new_id(), order, first.status, self._now())
        self._remember(payment, idempotency_key)
        self._schedule(payment, payment.created_at, tuple(later), wallet)
        return payment, False

    def find(self, payment_id: str) -> Payment:
        """The payment as it stands now.

        Raises:
            CallRefused: there is none of that id, or it was forgotten.
        """
        self._settle()
        payment = self._payments.get(payment_id) or self._opening_payments.get(payment_id)
        if payment is None:
            raise CallRefused(f"payment_not_found: there is no payment {payment_id!r}.")
        return payment

    def balances(self, customer_id: str) -> dict[Currency, int]:
        """What the customer's wallet holds, in minor units, for every currency."""
        self._settle()
        return dict(self._wallet(customer_id))

    def _wallet(self, customer_id: str) -> Wallet:
        return self._opening_wallets.get(customer_id) or self._wallets.get(customer_id) or _whole({})

    def _remember(self, payment: Payment, idempotency_key: str | None) -> None:
        self._payments[payment.payment_id] = payment
        if idempotency_key is not None:
            self._keys[idempotency_key] = payment.payment_id
            self._key_of[payment.payment_id] = idempotency_key
        if len(self._payments) > self._keep:
            oldest = next(iter(self._payments))
            del self._payments[oldest]
            self._keys.pop(self._key_of.pop(oldest, ""), None)

    def _schedule(self, payment: Payment, since: datetime, steps: tuple[Step, ...], wallet: Wallet | None) -> None:
        if steps:
            due = since + timedelta(seconds=steps[0].after)
            heappush(self._due, (due, payment.payment_id, payment.order, steps, wallet))

    def _settle(self) -> None:
        """Make every move that is due by now, in the order of their times."""
        while self._due and self._due[0][0] <= self._now():
            at, payment_id, order, (step, *later), wallet = heappop(self._due)
            if step.status in UNFUNDED and wallet is not None:
                wallet[order.currency] += order.amount
            payment = self._payments.get(payment_id)
            if payment is not None:
                moved = self._payments[payment_id] = payment.moved_to(step.status)
                self._schedule(moved, at, tuple(later), wallet)

    def _reserve(self, order: Order) -> Wallet | None:
        """Take the amount out of the wallet that pays, if one does.

        That very wallet is paid back: once forgotten it is out of reach, and the customer's next one is full anyway.
        """
        if order.method is not Method.WALLET:
            return None
        wallet = self._wallet(order.customer_id)
        held = wallet[order.currency]
        if held < order.amount:
            raise CallRefused(
                f"insufficient_funds: the wallet holds {held} {order.currency} in minor units, "
                f"{order.amount} are needed."
            )
        wallet[order.currency] = held - order.amount
        if order.customer_id not in self._opening_wallets:
            self._wallets.pop(order.customer_id, None)
            self._wallets[order.customer_id] = wallet
            if len(self._wallets) > self._keep:
                del self._wallets[next(iter(self._wallets))]
        return wallet


def _whole(balances: Mapping[Currency, int]) -> Wallet:
    return {currency: balances.get(currency, DEFAULT_BALANCE) for currency in Currency}
