import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import ValidationError

from servers.faults.match import Argument, Match
from servers.wire.call import Call, parse_call


@dataclass
class Seen:
    """A server as a match sees it."""

    in_flight: int = 1
    attempts: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def attempt(self, call: Call) -> int:
        return self.attempts if call.tool else 0

    def client(self, call: Call) -> str | None:
        return self.names.get(call.session_id or "")


def a_call(tool: str = "create_payment", headers: dict[str, str] | None = None, **arguments: Any) -> Call:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    sent = {"mcp-session-id": "session-1", "mcp-protocol-version": "2025-11-25", **(headers or {})}
    return parse_call([(name.encode(), value.encode()) for name, value in sent.items()], json.dumps(body).encode())


def a_request(method: str) -> Call:
    return parse_call([], json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}).encode())


@pytest.mark.parametrize(
    ("written", "covered"),
    [
        ({}, True),
        ({"tool": "create_payment"}, True),
        ({"tool": "create_*"}, True),
        ({"tool": "*"}, True),
        ({"tool": "Create_*"}, False),
        ({"tool": "verify_*"}, False),
        ({"method": "tools/call"}, True),
        ({"method": "tools/*"}, True),
        ({"method": "tools/list"}, False),
        ({"era": "handshake"}, True),
        ({"era": "modern"}, False),
        ({"protocol": "2025-11-25"}, True),
        ({"protocol": "2025-06-18"}, False),
        ({"session": "session-1"}, True),
        ({"session": "session-?"}, True),
        ({"session": "session-2"}, False),
        ({"client": "inspector*"}, True),
        ({"client": "inspector"}, False),
        ({"header": {"X-Tenant": "blue*"}}, True),
        ({"header": {"x-tenant": "red"}}, False),
        ({"header": {"x-other": "*"}}, False),
        ({"header": {"x-other": None}}, True),
        ({"header": {"x-tenant": None}}, False),
        ({"arguments": [{"path": "amount", "operator": ">", "value": 100}]}, True),
        (
            {"arguments": [{"path": "amount", "operator": ">", "value": 100}, {"path": "currency", "value": "EUR"}]},
            False,
        ),
        ({"attempt": 2}, True),
        ({"attempt": 1}, False),
        ({"attempt": {"from": 2}}, True),
        ({"attempt": {"to": 3}}, True),
        ({"attempt": {"from": 3, "to": 9}}, False),
        ({"in_flight_above": 4}, True),
        ({"in_flight_above": 5}, False),
        ({"tool": "create_*", "era": "handshake", "session": "*", "in_flight_above": 0}, True),
        ({"tool": "create_*", "era": "handshake", "session": "x", "in_flight_above": 0}, False),
    ],
)
def test_a_match_covers_the_calls_that_fulfil_all_of_it(written: dict[str, Any], covered: bool) -> None:
    call = a_call(headers={"x-tenant": "blue-7"}, amount=250, currency="USD")
    seen = Seen(in_flight=5, attempts=2, names={"session-1": "inspector 3"})
    assert Match.model_validate(written).covers(call, seen) is covered


@pytest.mark.parametrize(
    ("written", "covered"),
    [
        ({}, True),
        ({"tool": "*"}, False),
        ({"method": "initialize"}, True),
        ({"method": "*"}, True),
        ({"arguments": [{"path": "amount", "operator": "missing"}]}, False),
        ({"session": "*"}, False),
        ({"client": "*"}, False),
        ({"attempt": 1}, False),
    ],
)
def test_what_is_said_of_tool_calls_and_sessions_covers_nothing_else(written: dict[str, Any], covered: bool) -> None:
    assert Match.model_validate(written).covers(a_request("initialize"), Seen(attempts=1)) is covered


ARGUMENTS = {"a": 3, "t": True, "s": "hello", "n": None, "l": [1, {"x": "y"}], "o": {"p": {"q": 2.5}}}


@pytest.mark.parametrize(
    ("path", "operator", "value", "holds"),
    [
        ("a", "==", 3, True),
        ("a", "==", 3.0, True),
        ("a", "==", "3", False),
        ("a", "!=", 4, True),
        ("t", "==", 1, False),  # true is no number
        ("t", "==", True, True),
        ("n", "==", None, True),
        ("n", "exists", ..., True),
        ("x", "exists", ..., False),
        ("x", "missing", ..., True),
        ("a", "missing", ..., False),
        ("x", "!=", 4, False),  # what is not there is not compared
        ("a", "<", 4, True),
        ("a", "<=", 3, True),
        ("a", ">", 3, False),
        ("a", ">=", 3, True),
        ("s", ">", "abc", True),
        ("s", ">", 3, False),
        ("t", ">", 0, False),
        ("a", "in", [1, 2, 3], True),
        ("t", "in", [1], False),
        ("s", "contains", "ell", True),
        ("s", "contains", 3, False),
        ("l", "contains", 1, True),
        ("o", "contains", "p", True),
        ("a", "contains", 3, False),
        ("s", "like", "h*o", True),
        ("s", "like", "h?o", False),
        ("a", "like", "*", False),
        ("l[0]", "==", 1, True),
        ("l[1].x", "==", "y", True),
        ("l[2]", "missing", ..., True),
        ("s[0]", "missing", ..., True),
        ("o.p.q", ">", 2, True),
        ("o.p.q.r", "exists", ..., False),
        ("o[0]", "exists", ..., False),
    ],
)
def test_arguments_are_compared_as_json_values(path: str, operator: str, value: object, holds: bool) -> None:
    written = {"path": path, "operator": operator} | ({} if value is ... else {"value": value})
    argument = Argument.model_validate(written)
    assert list(argument.problems()) == []
    assert argument.test()(ARGUMENTS) is holds


@pytest.mark.parametrize(
    ("written", "place", "problem"),
    [
        ({"era": "modern", "protocol": "2025-11-25"}, "protocol", "is no version of the modern era"),
        ({"era": "modern", "session": "x"}, "session", "cannot be matched in the modern era"),
        ({"protocol": "2026-07-28", "session": "x"}, "session", "cannot be matched in the modern era"),
        ({"method": "tools/list", "tool": "x"}, "method", "cannot go together with tool"),
        ({"method": "tool/call"}, "method", "is no method of MCP (did you mean tools/call?)"),
        ({"method": "initialize", "era": "modern"}, "method", "is no method of the modern era"),
        ({"method": "server/discover", "era": "handshake"}, "method", "is no method of the handshake era"),
        ({"method": "tools/list", "attempt": 1}, "attempt", "can only be matched with tools/call"),
        ({"method": "ping", "arguments": [{"path": "a", "value": 1}]}, "arguments", "can only be matched with"),
        ({"attempt": {"from": 3, "to": 2}}, "attempt", "should not end before it begins"),
        ({"arguments": [{"path": "a"}]}, "arguments.0.value", "is required"),
        ({"arguments": [{"path": "a", "operator": "exists", "value": 1}]}, "arguments.0.value", "has no meaning"),
        ({"arguments": [{"path": "a", "operator": "in", "value": 1}]}, "arguments.0.value", "should be a list"),
        ({"arguments": [{"path": "a", "operator": "like", "value": 1}]}, "arguments.0.value", "should be a text"),
        ({"arguments": [{"path": "a", "operator": "<", "value": [1]}]}, "arguments.0.value", "should be a number"),
    ],
)
def test_conditions_that_do_not_go_together_are_found(written: dict[str, Any], place: str, problem: str) -> None:
    ((where, sentence),) = Match.model_validate(written).problems()
    assert ".".join(map(str, where)) == place
    assert sentence.startswith(problem)


@pytest.mark.parametrize(
    "written",
    [
        {"tool": ""},
        {"tool": 3},
        {"tool": ["a"]},
        {"era": "old"},
        {"protocol": "2025-11-26"},
        {"header": {"x": 3}},
        {"arguments": {"path": "a"}},
        {"arguments": [{"path": "a..b", "value": 1}]},
        {"arguments": [{"path": "a[x]", "value": 1}]},
        {"arguments": [{"path": "a", "operator": "=~", "value": 1}]},
        {"attempt": 0},
        {"attempt": True},
        {"in_flight_above": -1},
        {"tools": "x"},
    ],
)
def test_bad_conditions_are_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Match.model_validate(written)


def test_what_depends_on_order_and_what_on_the_call_is_told_apart() -> None:
    match = Match.model_validate({"tool": "*", "era": "modern", "in_flight_above": 3, "header": {"x": "*"}})
    assert match.order_or_time == ("in_flight_above",)
    assert match.content == ("era", "header")
