from datetime import UTC, datetime
from itertools import pairwise

import pytest

from servers.payments.domain import SCRIPTS, TRANSITIONS, Currency, Method, Order, Payment, Status, script_of

EVERYDAY = {Currency.JPY: range(10, 1_001)} | {c: range(1_000, 100_001) for c in Currency if c is not Currency.JPY}
"""Amounts worth 10.00 to 1,000.00 in minor units."""


def payment(status: Status) -> Payment:
    order = Order(100, Currency.USD, Method.CARD, "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10")
    return Payment("pay_1", order, status, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("amount", [*SCRIPTS, 1])
def test_a_script_only_makes_allowed_moves_and_ends_at_rest(amount: int) -> None:
    statuses = [None, *(step.status for step in script_of(amount))]
    assert all(after in TRANSITIONS[before] for before, after in pairwise(statuses))
    assert not TRANSITIONS[statuses[-1]] or statuses[-1] is Status.REQUIRES_ACTION


@pytest.mark.parametrize("currency", Currency)
def test_an_everyday_amount_has_no_script(currency: Currency) -> None:
    assert not set(SCRIPTS) & set(EVERYDAY[currency])


def test_every_status_is_reached_by_some_amount() -> None:
    reached = {step.status for amount in [*SCRIPTS, 1] for step in script_of(amount)}
    assert reached == set(Status)


@pytest.mark.parametrize("status", Status)
def test_a_payment_moves_only_where_the_table_allows(status: Status) -> None:
    for target in Status:
        if target in TRANSITIONS[status]:
            assert payment(status).moved_to(target).status is target
        else:
            with pytest.raises(ValueError, match=f"cannot go from {status} to {target}"):
                payment(status).moved_to(target)


def test_yen_have_no_decimals_and_the_others_two() -> None:
    assert {currency: currency.decimals for currency in Currency} == {
        Currency.USD: 2, Currency.EUR: 2, Currency.GBP: 2, Currency.INR: 2, Currency.JPY: 0,
    }  # fmt: skip
