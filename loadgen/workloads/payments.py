"""The payments server's load: payments of many kinds, and questions about those that this run has made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from formats.draw import Draw

from ..call import ToolCall
from ..client.session import Tool
from ..targets import Target
from .mix import in_words, turns
from .need import need
from .recent import Recent

CREATE, VERIFY, BALANCE = "create_payment", "verify_payment", "get_wallet_balance"
CURRENCIES = ("USD", "EUR", "GBP", "INR", "JPY")
METHODS = ("card", "bank_transfer", "wallet", "upi")
STATUSES = frozenset({"requires_action", "processing", "succeeded", "failed", "declined"})
TARGETS = (
    Target(CREATE, p95_ms=150, per_second=1_000, error_rate=0.001),
    Target(VERIFY, p95_ms=50, per_second=5_000, error_rate=0.000_1),
    Target(BALANCE, p95_ms=25, per_second=10_000, error_rate=0.000_01),
)
Kind = Literal["create", "mixed", "verify", "balance"]
MIXES: Mapping[Kind, Mapping[str, int]] = {
    "create": {CREATE: 100},
    "mixed": {CREATE: 50, VERIFY: 30, BALANCE: 20},
    "verify": {VERIFY: 100},
    "balance": {BALANCE: 100},
}
_REMEMBERED = 10_000
SETUP_PAYMENTS = 100
"""Payments to make first when a run asks about payments and makes none."""
_ECHOED = ("amount", "currency", "method", "customer_id")


@dataclass(frozen=True, slots=True)
class Made:
    """A payment that this run has made, as the server confirmed it."""

    payment_id: str
    values: Mapping[str, Any]  # the echoed fields


def new_pool() -> Recent[Made]:
    """A memory of the payments made, for the workloads of one run to share."""
    return Recent(_REMEMBERED)


class PaymentsWorkload:
    """A `Workload`. What is asked and paid depends on the seed; who pays, and the idempotency keys, on `run_id` too.

    So a repeated run makes new payments of the same kinds, and not replays of the first one's. Which payment a
    question is about depends on the order of replies, as it must: only payments that exist are asked about. While
    there is none, a payment is created instead. `kind` is a name of `MIXES`, or says how often each tool is called
    relative to the others; workloads that share `made` ask about one another's payments.
    """

    tools = (CREATE, VERIFY, BALANCE)

    def __init__(
        self, seed: int, run_id: str, kind: Kind | Mapping[str, int], made: Recent[Made] | None = None
    ) -> None:
        self._seed = seed
        self._run_id = run_id
        weights = MIXES[kind] if isinstance(kind, str) else kind
        self._turns = turns(weights)
        self._called = tuple(weights)
        self._made = new_pool() if made is None else made

    @property
    def mix(self) -> str:
        """Which tools are called how often, for people."""
        return in_words(self._turns)

    def setup_calls(self, count: int | None = None) -> Iterator[ToolCall]:
        """`count` payments to make before the clock starts; None: 100 when the run itself makes none."""
        if count is None:
            count = 0 if CREATE in self._called else SETUP_PAYMENTS
        for n in range(1, count + 1):
            yield self._create("setup", n)

    def choose(self, tools: Sequence[Tool]) -> tuple[str, ...]:
        """See `PlannedWorkload`; what is not called must be there all the same."""
        need(self.tools, tools, "payments")
        return tuple(tool for tool in self.tools if tool in self._called)

    def next_call(self, n: int) -> ToolCall:
        """See `Workload`."""
        draw = Draw(self._seed, "payments", n)
        tool = self._turns[draw.below(len(self._turns))]
        if tool == CREATE or not len(self._made):
            return self._create("run", n)
        made = self._made[draw.below(len(self._made))]
        if tool == VERIFY:
            return ToolCall(VERIFY, {"payment_id": made.payment_id}, {"payment_id": made.payment_id, **made.values})
        customer = {"customer_id": made.values["customer_id"]}
        one_currency = {"currency": made.values["currency"]} if draw.below(2) else {}
        return ToolCall(BALANCE, {**customer, **one_currency}, customer)

    def find_fault(self, call: ToolCall, content: Mapping[str, Any]) -> str | None:
        """See `Workload`: echoed values, a known status, and balances that are whole minor units."""
        for key, expected in call.expected.items():
            if content.get(key) != expected or isinstance(content[key], bool):
                return f"{call.tool} should say {key} {expected!r}, but the reply says {content.get(key)!r}"
        return _balance_fault(call, content) if call.tool == BALANCE else _payment_fault(call, content)

    def take_in(self, call: ToolCall, content: Mapping[str, Any]) -> None:
        """See `Workload`."""
        if call.tool == CREATE:
            self._made.add(Made(content["payment_id"], {key: content[key] for key in _ECHOED}))

    def _create(self, stage: str, n: int) -> ToolCall:
        draw = Draw(self._seed, "payment", stage, n)
        currency = CURRENCIES[draw.below(len(CURRENCIES))]
        method = METHODS[draw.below(len(METHODS))]
        # Worth 10.00 to 1,000.00 in minor units; the yen has none.
        amount = draw.between(10, 1_000) if currency == "JPY" else draw.between(1_000, 100_000)
        identity = Draw(self._seed, "identity", self._run_id, stage, n)
        values = {"amount": amount, "currency": currency, "method": method, "customer_id": identity.uuid()}
        return ToolCall(CREATE, {**values, "idempotency_key": identity.uuid()}, values)


def _payment_fault(call: ToolCall, content: Mapping[str, Any]) -> str | None:
    payment_id, status = content.get("payment_id"), content.get("status")
    if not isinstance(payment_id, str) or not payment_id:
        return f"{call.tool} should give a payment_id, but the reply says {payment_id!r}"
    if not isinstance(status, str) or status not in STATUSES:
        return f"{call.tool} gave the status {status!r}, which is none of {', '.join(sorted(STATUSES))}"
    if call.tool == CREATE and content.get("replayed") is not False:
        return f"replayed should be false for a new idempotency key, but the reply says {content.get('replayed')!r}"
    return None


def _balance_fault(call: ToolCall, content: Mapping[str, Any]) -> str | None:
    balances = content.get("balances")
    if not isinstance(balances, dict) or not balances:
        return f"balances should be an object with a currency or more, but the reply says {balances!r}"
    for currency, amount in balances.items():
        if currency not in CURRENCIES or type(amount) is not int:
            return f"balances should be whole minor units by currency, but the reply says {currency}: {amount!r}"
    asked = call.arguments.get("currency")
    if asked is not None and set(balances) != {asked}:
        return f"balances should hold {asked} alone, but the reply holds {', '.join(sorted(balances))}"
    return None
