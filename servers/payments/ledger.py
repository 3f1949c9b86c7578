"""The payments that were made and the wallets that paid for them, in memory, with a bound on both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from ..errors import CallRefused
from .domain import DEFAULT_BALANCE, UNFUNDED, Currency, Method, Order, Payment, Step, script_of


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
        self._opening_wallets = {customer: dict(balances) for customer, balances in opening.wallets.items()}
        self._keys = dict(opening.keys)
        self._payments: dict[str, Payment] = {}
        self._key_of: dict[str, str] = {}
        self._wallets: dict[str, dict[Currency, int]] = {}
        self._due: list[tuple[datetime, str, Order, tuple[Step, ...]]] = []

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
        if first.status not in UNFUNDED:
            self._reserve(order)
        payment = Payment(self._new_id(), order, first.status, self._now())
        self._remember(payment, idempotency_key)
        self._schedule(payment, payment.created_at, tuple(later))
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
        return self._wallet(customer_id)

    def _wallet(self, customer_id: str) -> dict[Currency, int]:
        known = self._opening_wallets.get(customer_id) or self._wallets.get(customer_id) or {}
        return {currency: known.get(currency, DEFAULT_BALANCE) for currency in Currency}

    def _knows_wallet(self, customer_id: str) -> bool:
        """A wallet that was forgotten is full again: paying back into it would make money."""
        return customer_id in self._opening_wallets or customer_id in self._wallets

    def _remember(self, payment: Payment, idempotency_key: str | None) -> None:
        self._payments[payment.payment_id] = payment
        if idempotency_key is not None:
            self._keys[idempotency_key] = payment.payment_id
            self._key_of[payment.payment_id] = idempotency_key
        if len(self._payments) > self._keep:
            oldest = next(iter(self._payments))
            del self._payments[oldest]
            self._keys.pop(self._key_of.pop(oldest, ""), None)

    def _schedule(self, payment: Payment, since: datetime, steps: tuple[Step, ...]) -> None:
        if steps:
            heappush(self._due, (since + timedelta(seconds=steps[0].after), payment.payment_id, payment.order, steps))

    def _settle(self) -> None:
        """Make every move that is due by now, in the order of their times."""
        while self._due and self._due[0][0] <= self._now():
            at, payment_id, order, (step, *later) = heappop(self._due)
            if step.status in UNFUNDED and self._knows_wallet(order.customer_id):
                self._pay_in(order, order.amount)
            payment = self._payments.get(payment_id)
            if payment is not None:
                moved = self._payments[payment_id] = payment.moved_to(step.status)
                self._schedule(moved, at, tuple(later))

    def _reserve(self, order: Order) -> None:
        if order.method is not Method.WALLET:
            return
        held = self._wallet(order.customer_id)[order.currency]
        if held < order.amount:
            raise CallRefused(
                f"insufficient_funds: the wallet holds {held} {order.currency} in minor units, "
                f"{order.amount} are needed."
            )
        self._pay_in(order, -order.amount)

    def _pay_in(self, order: Order, amount: int) -> None:
        if order.method is not Method.WALLET:
            return
        balances = self._wallet(order.customer_id)
        balances[order.currency] += amount
        if order.customer_id in self._opening_wallets:
            self._opening_wallets[order.customer_id] = balances
            return
        self._wallets.pop(order.customer_id, None)
        self._wallets[order.customer_id] = balances
        if len(self._wallets) > self._keep:
            del self._wallets[next(iter(self._wallets))]
