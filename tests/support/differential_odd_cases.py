"""What is asked of the tools that answer in odd ways, and of the payments server."""

from typing import Any

from .differential import SESSION
from .differential_bent_tools import SELF_CANCELLING
from .differential_corpus import ABSENT, Case, Changes, call
from .differential_tools import odd_tools
from .raw_mcp import HANDSHAKE, MODERN

CUSTOMER = "6f1c1f4e-4b1f-4a52-9d43-0b7f1e7c9a10"
PAYMENT: dict[str, Any] = {"amount": 1234, "currency": "USD", "method": "card", "customer_id": CUSTOMER}

_ARGUMENTS: dict[str, dict[str, Any]] = {
    "slow twice": {"tool": "slow", "arguments": {"seconds": 0.03}},
    "slow of a default": {"tool": "slow"},
    "not finite nan": {"tool": "not_finite", "arguments": {"which": "nan"}},
    "not finite inf": {"tool": "not_finite", "arguments": {"which": "-inf"}},
    "a float of text": {"tool": "not_finite", "arguments": {"which": "1e16"}},
    "a refusal of many lines": {"tool": "refuses", "arguments": {"why": "a\r\nb\n\n\x00\u2028\ud83d"}},
    "a refusal of nothing": {"tool": "refuses", "arguments": {"why": ""}},
    "a thread": {"tool": "synchronous", "arguments": {"a": 1, "b": "\r\n"}},
    "a coerced int": {"tool": "synchronous", "arguments": {"a": "1"}},
    "an int that is none": {"tool": "synchronous", "arguments": {"a": "x", "b": 2}},
    "coerced": {"tool": "coerced", "arguments": {"number": "7", "flag": "yes", "when": 0, "names": ["a"]}},
    "a validator that breaks": {"tool": "validator_breaks", "arguments": {"a": 1}},
    "a validator that refuses": {"tool": "validator_refuses", "arguments": {"a": 1}},
    "a nested object": {
        "tool": "coerced",
        "arguments": {"number": 7.0, "inner": {"when": "2020-01-01T00:00:00Z", "tags": ["x"]}},
    },
    "an object as a string": {
        "tool": "coerced",
        "arguments": {"number": 7, "names": '["a"]', "inner": '{"when": 0, "tags": []}'},
    },
    "a broken nested object": {"tool": "coerced", "arguments": {"number": 7.5, "inner": {"tags": "x"}}},
    "an alias": {"tool": "aliased", "arguments": {"other": 1}},
    "no alias": {"tool": "aliased", "arguments": {"a": 1}},
    "talks to nobody": {"tool": "talks"},
    "talks with a token": {"tool": "talks", "meta": {"progressToken": "t"}},
    "talks with a token and a log level": {
        "tool": "talks",
        "meta": {"progressToken": 7, "io.modelcontextprotocol/logLevel": "debug"},
    },
    "asks for a version of a tool": {"tool": "tagged", "meta": {"fastmcp": {"version": "2"}}},
    "asks for a version that there is not": {"tool": "tagged", "meta": {"fastmcp": {"version": "9"}}},
    "a header for nothing": {"tool": "routed", "arguments": {"region": "west"}},
    "a header": {"tool": "routed", "arguments": {"region": "west"}, "headers": {"Mcp-Param-Region": "west"}},
    "a header in other letters": {
        "tool": "routed",
        "arguments": {"region": "west"},
        "headers": {"mcp-param-REGION": "west"},
    },
    "another header": {"tool": "routed", "arguments": {"region": "west"}, "headers": {"Mcp-Param-Region": "east"}},
    "a header in base64": {
        "tool": "routed",
        "arguments": {"region": "ü"},
        "headers": {"Mcp-Param-Region": "=?base64?w7w=?="},
    },
    "a header twice": {
        "tool": "routed",
        "arguments": {"region": "west"},
        "headers": {"Mcp-Param-Region": ("west", "west")},
    },
    "a header without its argument": {"tool": "routed", "arguments": {}, "headers": {"Mcp-Param-Region": "west"}},
    "a header of an argument that is null": {"tool": "routed", "arguments": {"region": None}},
}


def odd_cases(era: str) -> list[Case]:
    """Every odd tool without arguments, and some with."""
    found = []
    for tool in odd_tools():
        last_words = tool.fn in SELF_CANCELLING and era == HANDSHAKE
        headers = {"Mcp-Session-Id": f"{SESSION}{tool.name}"} if last_words else {}
        found.append(Case(tool.name, (call(era, tool.name, {}, headers=headers),)))
    for name, changes in _ARGUMENTS.items():
        found.append(Case(name, (call(era, **{"arguments": {}, **changes}),)))
    surviving = (call(era, "lone_surrogate", {}), call(era, "text", {}, message={"id": 2}))
    return [*found, Case("a call after one of a lone surrogate", surviving)]


def payment_cases(era: str) -> list[Case]:
    """Payments made, made again, refused, looked up."""
    key = f"key of {era}"
    changes: dict[str, Changes] = {
        "plain": {},
        "all amounts in one": {"amount": 1, "currency": "JPY", "method": "upi", "description": "ü\n"},
        "a whole float": {"amount": 10.0},
        "a broken float": {"amount": 10.5},
        "declined": {"amount": 200_002},
        "requires action": {"amount": 200_003},
        "too much": {"amount": 100_000_000},
        "a wallet too small": {"amount": 99_999_999, "method": "wallet"},
        "an unknown currency": {"currency": "XXX"},
        "a customer that is none": {"customer_id": "me"},
        "a customer in capitals": {"customer_id": CUSTOMER.upper()},
        "a key too long": {"idempotency_key": "k" * 256},
        "nothing": dict.fromkeys(PAYMENT, ABSENT),
    }
    made = {name: {k: v for k, v in {**PAYMENT, **it}.items() if v is not ABSENT} for name, it in changes.items()}
    pay = call(era, "create_payment", {**PAYMENT, "idempotency_key": key})
    return [
        *(Case(name, (call(era, "create_payment", arguments),)) for name, arguments in made.items()),
        Case("the same key twice", (pay, pay)),
        Case(
            "the same key with another amount",
            (pay, call(era, "create_payment", {**PAYMENT, "amount": 5, "idempotency_key": key})),
        ),
        Case("no such payment", (call(era, "verify_payment", {"payment_id": "pay_ü"}),)),
        Case("a wallet", (call(era, "get_wallet_balance", {"customer_id": CUSTOMER}),)),
        Case(
            "one currency of a wallet", (call(era, "get_wallet_balance", {"customer_id": CUSTOMER, "currency": "EUR"}),)
        ),
        Case("two eras, one ledger", (pay, call(MODERN, "create_payment", {**PAYMENT, "idempotency_key": key}))),
    ]
