from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from servers.errors import CallRefused
from servers.payments.domain import DEFAULT_BALANCE, SCRIPTS, UNFUNDED, Currency, Method, Order, Payment, Status
from servers.payments.ledger import MemoryLedger, Opening

CUSTOMER = "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"
OTHER_CUSTOMER = "0b7f1e7c-4b1f-4a52-9d43-6f1c1f4e9a10"


class World:
    """A ledger with a clock that a test moves."""

    def __init__(self, opening: Opening | None = None, keep: int = 1000) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        ids = count(1)
        self.ledger = MemoryLedger(
            opening or Opening(), keep=keep, now=lambda: self.now, new_id=lambda: f"pay_{next(ids)}"
        )

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def pay(
        self, amount: int = 1000, method: Method = Method.CARD, key: str | None = None, customer: str = CUSTOMER
    ) -> Payment:
        payment, _ = self.ledger.create(Order(amount, Currency.USD, method, customer), key)
        return payment

    def balance(self, customer: str = CUSTOMER) -> int:
        return self.ledger.balances(customer)[Currency.USD]


def test_a_plain_payment_succeeds_at_once_and_is_found_again() -> None:
    world = World()
    payment = world.pay()
    assert payment.status is Status.SUCCEEDED
    assert payment.created_at == world.now
    assert world.ledger.find(payment.payment_id) == payment


@pytest.mark.parametrize(
    ("amount", "statuses"),
    [
        (200_001, {0: "processing", 1.9: "processing", 2: "succeeded", 100: "succeeded"}),
        (200_002, {0: "declined", 100: "declined"}),
        (200_003, {0: "requires_action", 5: "processing", 7: "succeeded"}),
        (200_004, {0: "requires_action", 4.9: "requires_action", 5: "failed"}),
        (200_005, {0: "processing", 2: "failed"}),
    ],
)
def test_a_documented_amount_passes_through_its_statuses(amount: int, statuses: dict[float, str]) -> None:
    world = World()
    payment, slept = world.pay(amount), 0.0
    for at, status in statuses.items():
        world.sleep(at - slept)
        slept = at
        assert world.ledger.find(payment.payment_id).status == status


def test_every_move_that_is_overdue_is_made_even_when_nobody_looked() -> None:
    world = World()
    payment = world.pay(200_003)
    world.sleep(3600)
    assert world.ledger.find(payment.payment_id).status is Status.SUCCEEDED


def test_the_same_key_with_the_same_order_replays_the_payment_as_it_stands() -> None:
    world = World()
    order = Order(200_001, Currency.USD, Method.WALLET, CUSTOMER)
    first, replayed = world.ledger.create(order, "k")
    assert not replayed
    world.sleep(2)
    again, replayed = world.ledger.create(order, "k")
    assert replayed
    assert (again.payment_id, again.status) == (first.payment_id, Status.SUCCEEDED)
    assert world.balance() == DEFAULT_BALANCE - 200_001


def test_the_same_key_with_another_order_is_refused() -> None:
    world = World()
    first = world.pay(1000, key="k")
    with pytest.raises(CallRefused, match=rf"^idempotency_error: .*'k'.*{first.payment_id}"):
        world.pay(1001, key="k")


def test_without_a_key_the_same_order_is_another_payment() -> None:
    world = World()
    assert world.pay().payment_id != world.pay().payment_id


def test_a_wallet_payment_takes_its_money_and_other_methods_do_not() -> None:
    world = World()
    for method in Method:
        world.pay(1000, method)
    assert world.balance() == DEFAULT_BALANCE - 1000
    assert world.ledger.balances(CUSTOMER)[Currency.EUR] == DEFAULT_BALANCE


def test_an_empty_wallet_is_refused_with_what_it_holds_and_leaves_no_trace() -> None:
    world = World(Opening(wallets={CUSTOMER: {Currency.USD: 500}}))
    with pytest.raises(
        CallRefused, match="^insufficient_funds: the wallet holds 500 USD in minor units, 501 are needed"
    ):
        world.pay(501, Method.WALLET, key="k")
    assert world.pay(500, Method.WALLET, key="k").status is Status.SUCCEEDED
    assert world.balance() == 0


def test_a_wallet_payment_that_fails_later_gives_the_money_back() -> None:
    world = World()
    world.pay(200_005, Method.WALLET)
    assert world.balance() == DEFAULT_BALANCE - 200_005
    world.sleep(2)
    assert world.balance() == DEFAULT_BALANCE


def test_an_unknown_payment_is_refused_by_its_id() -> None:
    with pytest.raises(CallRefused, match="^payment_not_found: there is no payment 'pay_9'"):
        World().ledger.find("pay_9")


def test_the_oldest_payment_its_key_and_the_oldest_wallet_are_forgotten_past_keep() -> None:
    world = World(keep=2)
    first = world.pay(1000, Method.WALLET, key="k")
    world.pay(1000, Method.WALLET, customer=OTHER_CUSTOMER)
    world.pay(1000, Method.WALLET, customer="00000000-0000-4000-8000-000000000009")
    with pytest.raises(CallRefused, match="payment_not_found"):
        world.ledger.find(first.payment_id)
    assert world.balance() == DEFAULT_BALANCE
    assert world.pay(2000, key="k").order.amount == 2000


def test_a_forgotten_payment_still_gives_its_money_back() -> None:
    world = World(keep=1)
    world.pay(200_005, Method.WALLET)
    world.pay(1000)
    world.sleep(2)
    assert world.balance() == DEFAULT_BALANCE


def test_what_stood_at_the_start_is_never_forgotten() -> None:
    known = Payment("pay_known", Order(5, Currency.USD, Method.CARD, CUSTOMER), Status.PROCESSING, World().now)
    world = World(Opening({CUSTOMER: {Currency.USD: 70}}, (known,), {"known": "pay_known"}), keep=1)
    for _ in range(3):
        world.pay(1, Method.WALLET, customer=OTHER_CUSTOMER)
    world.sleep(3600)
    assert world.ledger.find("pay_known") == known
    assert world.ledger.create(known.order, "known") == (known, True)
    assert world.balance() == 70


def test_money_does_not_go_back_to_a_wallet_that_was_forgotten() -> None:
    world = World(keep=1)
    world.pay(200_005, Method.WALLET)
    world.pay(1, Method.WALLET, customer=OTHER_CUSTOMER)
    world.sleep(2)
    assert world.balance() == DEFAULT_BALANCE


def test_nor_to_the_next_wallet_of_the_same_customer() -> None:
    world = World(keep=1)
    world.pay(200_004, Method.WALLET)
    world.pay(1, Method.WALLET, customer=OTHER_CUSTOMER)
    world.pay(200_001, Method.WALLET)
    world.sleep(5)
    assert world.balance() == DEFAULT_BALANCE - 200_001


def test_a_wallet_that_is_used_again_is_remembered_for_longer() -> None:
    world = World(keep=2)
    world.pay(10, Method.WALLET)
    world.pay(10, Method.WALLET, customer=OTHER_CUSTOMER)
    world.pay(10, Method.WALLET)
    world.pay(10, Method.WALLET, customer="00000000-0000-4000-8000-000000000009")
    assert world.balance() == DEFAULT_BALANCE - 20
    assert world.balance(OTHER_CUSTOMER) == DEFAULT_BALANCE


def test_a_replay_at_the_moment_a_move_is_due_shows_the_move() -> None:
    world = World()
    world.pay(200_001, key="k")
    world.sleep(2)
    assert world.pay(200_001, key="k").status is Status.SUCCEEDED


class MoneyIsConserved(RuleBasedStateMachine):
    """Whatever is done, a wallet and the live wallet payments made from it add up to what it held at the start."""

    keep = 1000

    def __init__(self) -> None:
        super().__init__()
        self.world = World(keep=self.keep)
        self.made: list[str] = []

    @rule(
        amount=st.one_of(st.sampled_from(sorted(SCRIPTS)), st.integers(1, 2_000_000)),
        method=st.sampled_from(Method),
        key=st.sampled_from([None, "a", "b"]),
    )
    def pay(self, amount: int, method: Method, key: str | None) -> None:
        try:
            payment = self.world.pay(amount, method, key)
        except CallRefused:
            return
        if payment.payment_id not in self.made:
            self.made.append(payment.payment_id)

    @rule(seconds=st.floats(0, 10))
    def time_passes(self, seconds: float) -> None:
        self.world.sleep(seconds)

    @rule()
    def another_customer_pays(self) -> None:
        self.world.pay(1, Method.WALLET, customer=OTHER_CUSTOMER)

    @invariant()
    def no_money_is_made(self) -> None:
        assert 0 <= self.world.balance() <= DEFAULT_BALANCE

    @invariant()
    def money_is_conserved(self) -> None:
        payments = [self.world.ledger.find(payment_id) for payment_id in self.made]
        held = sum(p.order.amount for p in payments if p.order.method is Method.WALLET and p.status not in UNFUNDED)
        assert self.world.balance() + held == DEFAULT_BALANCE


class NoMoneyIsMade(MoneyIsConserved):
    """Also not by a ledger that forgets nearly everything."""

    keep = 1

    @invariant()
    def money_is_conserved(self) -> None:
        """Not here: what was paid into a wallet that is forgotten is gone."""


TestMoneyIsConserved = MoneyIsConserved.TestCase
TestMoneyIsConserved.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestNoMoneyIsMade = NoMoneyIsMade.TestCase
TestNoMoneyIsMade.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
