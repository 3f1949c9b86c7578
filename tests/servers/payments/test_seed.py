from pathlib import Path

import pytest

from formats.errors import InvalidInput
from formats.fixtures import find_fixture
from servers.payments.domain import Currency, Status
from servers.payments.seed import read_seed

GOOD = """
version: 1
customers:
  - customer_id: 00000000-0000-4000-8000-000000000001
    wallet: {USD: 5}
payments:
  - {payment_id: p1, status: failed, amount: 7, currency: JPY, method: upi, idempotency_key: k,
     customer_id: 00000000-0000-4000-8000-000000000001, created_at: 2026-01-01T00:00:00Z}
"""


def seed_file(folder: Path, text: str) -> Path:
    path = folder / "seed.yaml"
    path.write_text(text)
    return path


def test_the_bundled_seed_has_a_payment_in_every_status_and_a_customer_who_is_broke() -> None:
    opening = read_seed(find_fixture("seeds", "payments"))
    assert {payment.status for payment in opening.payments} == set(Status)
    assert any(not any(wallet.values()) and len(wallet) == len(Currency) for wallet in opening.wallets.values())


def test_a_seed_file_gives_its_wallets_payments_and_keys(tmp_path: Path) -> None:
    opening = read_seed(seed_file(tmp_path, GOOD))
    assert opening.wallets == {"00000000-0000-4000-8000-000000000001": {Currency.USD: 5}}
    assert [(p.payment_id, p.status, p.order.amount, p.order.currency) for p in opening.payments] == [
        ("p1", Status.FAILED, 7, Currency.JPY)
    ]
    assert opening.keys == {"k": "p1"}


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        ("version: 1", "version: 2", "seed.yaml:2: version should be 1, got 2"),
        (
            "wallet: {USD: 5}",
            "walet: {USD: 5}",
            r"seed.yaml:5: customers\[0\].walet is not known \(did you mean wallet\?\)",
        ),
        ("USD: 5", "USD: -5", r"seed.yaml:5: customers\[0\].wallet.USD should be greater than or equal to 0, got -5"),
        ("USD: 5", "CHF: 5", r"seed.yaml:5: .*CHF.* should be 'USD', 'EUR', 'GBP', 'INR' or 'JPY'"),
        ("status: failed", "status: lost", r"seed.yaml:7: payments\[0\].status should be .*, got \"lost\""),
        ("amount: 7,", "", r"seed.yaml:7: payments\[0\].amount is required"),
        ("2026-01-01T00:00:00Z", "soon", r"seed.yaml:8: payments\[0\].created_at should be a valid datetime"),
        ("2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "seed.yaml:8: not valid YAML: 2026-02-30.*: day is out of"),
        ("customers:", "customers: [", "seed.yaml:4: not valid YAML"),
        ("version: 1", "version: 1\nversion: 1", "seed.yaml:3: version is given twice"),
    ],
)
def test_a_mistake_in_a_seed_file_is_named_with_line_and_key(
    tmp_path: Path, was: str, becomes: str, problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read_seed(seed_file(tmp_path, GOOD.replace(was, becomes)))


def test_an_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    customers, payments = GOOD.split("customers:\n")[1].split("payments:\n")
    twice = GOOD.replace(customers, customers * 2) + payments
    with pytest.raises(InvalidInput) as raised:
        read_seed(seed_file(tmp_path, twice))
    assert [problem.split("seed.yaml")[1] for problem in raised.value.problems] == [
        ":4: customers customer_id 00000000-0000-4000-8000-000000000001 stands more than once",
        ":9: payments payment_id p1 stands more than once; idempotency_key k stands more than once",
    ]
