from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.call import ToolCall
from loadgen.client.session import Tool
from loadgen.errors import NothingMeasured
from loadgen.workloads.payments import BALANCE, CREATE, VERIFY, PaymentsWorkload, new_pool

SEEDS = st.integers(min_value=0)
NUMBERS = st.integers(min_value=1, max_value=10**9)


def created(call: ToolCall, payment_id: str = "pay_1", **changes: Any) -> dict[str, Any]:
    """The reply that a server should give to `call`."""
    echoed = {key: call.arguments[key] for key in ("amount", "currency", "method", "customer_id")}
    return {
        "payment_id": payment_id,
        "status": "succeeded",
        **echoed,
        "created_at": "2026-01-01T00:00:00Z",
        "replayed": False,
        **changes,
    }


def with_payments(kind: Any, count: int = 3) -> PaymentsWorkload:
    workload = PaymentsWorkload(7, "run", kind)
    for n in range(1, count + 1):
        call = PaymentsWorkload(7, "run", "create").next_call(n)
        workload.take_in(call, created(call, f"pay_{n}"))
    return workload


@given(SEEDS, st.lists(NUMBERS))
def test_the_nth_payment_depends_on_seed_run_and_n_alone(seed: int, order: list[int]) -> None:
    in_order = {n: PaymentsWorkload(seed, "r", "create").next_call(n) for n in sorted(order)}
    workload = PaymentsWorkload(seed, "r", "create")
    assert {n: workload.next_call(n) for n in order} == in_order


@given(SEEDS, NUMBERS)
def test_another_run_of_the_seed_pays_the_same_as_other_customers_with_other_keys(seed: int, n: int) -> None:
    one, two = (dict(PaymentsWorkload(seed, run, "create").next_call(n).arguments) for run in ("r1", "r2"))
    for identity in ("customer_id", "idempotency_key"):
        assert one.pop(identity) != two.pop(identity)
    assert one == two


@given(SEEDS, NUMBERS)
def test_a_payment_is_worth_10_to_1000_in_minor_units_of_a_known_currency(seed: int, n: int) -> None:
    arguments = PaymentsWorkload(seed, "r", "create").next_call(n).arguments
    low, high = (10, 1_000) if arguments["currency"] == "JPY" else (1_000, 100_000)
    assert type(arguments["amount"]) is int
    assert low <= arguments["amount"] <= high
    assert arguments["currency"] in ("USD", "EUR", "GBP", "INR", "JPY")
    assert arguments["method"] in ("card", "bank_transfer", "wallet", "upi")
    assert str(UUID(arguments["customer_id"])) == arguments["customer_id"]


def test_all_currencies_and_methods_occur_and_no_idempotency_key_occurs_twice() -> None:
    calls = [PaymentsWorkload(1, "r", "create").next_call(n) for n in range(1, 1_001)]
    assert len({(c.arguments["currency"], c.arguments["method"]) for c in calls}) == 20
    assert len({c.arguments["idempotency_key"] for c in calls}) == 1_000


def test_mixed_is_50_30_20() -> None:
    workload = with_payments("mixed")
    tools = Counter(workload.next_call(n).tool for n in range(1, 10_001))
    shares = {tool: count / 100 for tool, count in tools.items()}
    assert shares == pytest.approx({CREATE: 50, VERIFY: 30, BALANCE: 20}, abs=1.5)


def test_while_there_is_no_payment_one_is_created_instead() -> None:
    workload = PaymentsWorkload(7, "r", "mixed")
    assert {workload.next_call(n).tool for n in range(1, 100)} == {CREATE}


@pytest.mark.parametrize(("kind", "tool"), [("verify", VERIFY), ("balance", BALANCE)])
def test_only_one_tool_is_called_after_100_payments_to_ask_about(kind: Any, tool: str) -> None:
    workload = PaymentsWorkload(7, "r", kind)
    setup = list(workload.setup_calls())
    assert [call.tool for call in setup] == [CREATE] * 100
    for n, call in enumerate(setup):
        workload.take_in(call, created(call, f"pay_{n}"))
    assert {workload.next_call(n).tool for n in range(1, 100)} == {tool}


def test_a_run_that_creates_payments_needs_no_setup() -> None:
    assert list(PaymentsWorkload(7, "r", "mixed").setup_calls()) == []


def test_a_verification_expects_what_was_paid() -> None:
    workload = with_payments("verify", count=1)
    paid = PaymentsWorkload(7, "run", "create").next_call(1)
    call = workload.next_call(1)
    assert call.arguments == {"payment_id": "pay_1"}
    reply = created(paid)
    del reply["replayed"]
    assert workload.find_fault(call, reply) is None
    assert workload.find_fault(call, {**reply, "payment_id": "pay_2"}) is not None
    assert workload.find_fault(call, {**reply, "amount": reply["amount"] + 1}) is not None


def test_a_right_reply_to_a_payment_has_no_fault() -> None:
    call = PaymentsWorkload(7, "run", "create").next_call(1)
    for status in ("requires_action", "processing", "succeeded", "failed", "declined"):
        assert PaymentsWorkload(7, "run", "create").find_fault(call, created(call, status=status)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 1},
        {"amount": "1000"},
        {"currency": "CHF"},
        {"method": "cash"},
        {"customer_id": "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"},
        {"payment_id": ""},
        {"payment_id": 5},
        {"status": "done"},
        {"status": None},
        {"status": []},
        {"status": {"is": "succeeded"}},
        {"replayed": True},
    ],
)
def test_a_wrong_value_in_the_reply_to_a_payment_is_a_fault_that_names_it(wrong: dict[str, Any]) -> None:
    call = PaymentsWorkload(7, "run", "create").next_call(1)
    fault = PaymentsWorkload(7, "run", "create").find_fault(call, created(call, **wrong))
    assert fault is not None
    assert next(iter(wrong)) in fault


CUSTOMER = {"customer_id": "c"}


@pytest.mark.parametrize(
    ("balances", "right"),
    [
        ({"USD": 1, "EUR": -2, "GBP": 3, "INR": 4, "JPY": 0}, True),
        ({}, False),
        (None, False),
        ([1], False),
        ({"USD": 1.5}, False),
        ({"USD": "1"}, False),
        ({"USD": True}, False),
        ({"CHF": 1}, False),
    ],
)
def test_balances_are_whole_minor_units_by_currency(balances: Any, right: bool) -> None:
    call = ToolCall(BALANCE, CUSTOMER, CUSTOMER)
    fault = PaymentsWorkload(7, "r", "balance").find_fault(call, {"customer_id": "c", "balances": balances})
    assert (fault is None) is right


def test_a_balance_in_one_currency_holds_that_currency_alone() -> None:
    call = ToolCall(BALANCE, {**CUSTOMER, "currency": "EUR"}, CUSTOMER)
    workload = PaymentsWorkload(7, "r", "balance")
    assert workload.find_fault(call, {"customer_id": "c", "balances": {"EUR": 1}}) is None
    assert workload.find_fault(call, {"customer_id": "c", "balances": {"EUR": 1, "USD": 1}}) is not None


def test_balances_are_asked_for_with_and_without_a_currency() -> None:
    workload = with_payments("balance")
    assert {"currency" in workload.next_call(n).arguments for n in range(1, 30)} == {True, False}


def test_the_pool_of_payments_is_bounded() -> None:
    workload = with_payments("verify", count=1)
    call = PaymentsWorkload(7, "run", "create").next_call(1)
    for n in range(10_050):
        workload.take_in(call, created(call, f"new_{n}"))
    asked = {workload.next_call(n).arguments["payment_id"] for n in range(1, 2_000)}
    assert all(payment_id.startswith("new_") for payment_id in asked)


def tool(name: str) -> Tool:
    return Tool(name, None)


def test_weights_may_be_given_for_each_tool() -> None:
    workload = PaymentsWorkload(7, "r", {VERIFY: 3, BALANCE: 1})
    for n, call in enumerate(workload.setup_calls()):
        workload.take_in(call, created(call, f"pay_{n}"))
    tools = Counter(workload.next_call(n).tool for n in range(1, 4_001))
    assert workload.mix == "verify_payment 75 %, get_wallet_balance 25 %"
    assert {name: count / 40 for name, count in tools.items()} == pytest.approx({VERIFY: 75, BALANCE: 25}, abs=2)


def test_so_many_payments_are_made_first_as_are_asked_for() -> None:
    assert len(list(PaymentsWorkload(7, "r", "create").setup_calls(3))) == 3


def test_only_what_is_called_is_chosen() -> None:
    tools = [tool(name) for name in PaymentsWorkload.tools]
    assert PaymentsWorkload(7, "r", "verify").choose(tools) == (VERIFY,)
    assert PaymentsWorkload(7, "r", "mixed").choose(tools) == (CREATE, VERIFY, BALANCE)
    with pytest.raises(NothingMeasured, match="the server has no create_payment"):
        PaymentsWorkload(7, "r", "verify").choose([tool(VERIFY), tool(BALANCE)])


def test_workloads_of_one_run_can_share_their_payments() -> None:
    pool = new_pool()
    creating, verifying = (PaymentsWorkload(7, "r", kind, pool) for kind in ({CREATE: 1}, {VERIFY: 1}))
    call = creating.next_call(1)
    creating.take_in(call, created(call, "pay_shared"))
    assert verifying.next_call(1).arguments == {"payment_id": "pay_shared"}
