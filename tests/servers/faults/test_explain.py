from typing import Any

import pytest

from formats.errors import InvalidInput
from servers.faults.effects import EFFECTS
from servers.faults.explain import OTHER_METHODS, explain, forecast
from servers.faults.model import Profile
from servers.faults.plane import Plane
from servers.faults.profile import parse_profile
from servers.wire.call import Call

TOOLS = ("create_payment", "verify_payment", "get_wallet_balance")
PROFILE = """\
version: 1
seed: 42
rules:
  - name: slow-creates
    match: {tool: create_payment}
    when: {probability: 0.2, after: 10s}
    do: [{latency: 80ms}]
  - name: every-seventh-503
    match: {tool: "verify_*", era: modern}
    when: {every: 7}
    do: [{http: {status: 503}}]
    exclusive: true
  - name: wallet-asleep
    match: {tool: get_wallet_balance}
    when: {first: 3}
    do: [{result: {is_error: "wallet is asleep"}}]
    exclusive: true
  - name: everything
    when: {every: 2}
    do: [{latency: 1ms}]
  - name: lists
    match: {method: "tools/*"}
    when: {first: 1}
    do: [{latency: 1ms}]
"""


def a_profile(text: str = PROFILE) -> Profile:
    return parse_profile(text, "p", EFFECTS, TOOLS)


def test_the_table_says_which_calls_and_on_what_it_depends() -> None:
    lines = [" ".join(line.split()) for line in explain(a_profile(), TOOLS, 16).splitlines()]
    assert lines == [
        "Seed 42; 16 calls of each tool, numbered from 1.",
        "rule tool hits calls",
        "slow-creates create_payment <= 1 2 depends on order or time: when.after",
        "every-seventh-503 verify_payment <= 2 7 14 only calls with the right era",
        "wallet-asleep get_wallet_balance 3 1-3",
        "everything create_payment 8 2 4 6 8 10 12 14 16",
        "everything verify_payment <= 8 2 4 6 8 10 12 14 16 unless hit by every-seventh-503",
        "everything get_wallet_balance 7 4 6 8 10 12 14 16",
        "everything (other methods) ? drawn by method",
        "lists create_payment 1 1",
        "lists verify_payment <= 1 1 unless hit by every-seventh-503",
        "lists get_wallet_balance 0 none",
        "lists tools/list 1 1",
    ]


KEYED = """\
version: 1
seed: 3
rules:
  - {name: some, when: {probability: 0.4, skip: 5}, do: [{latency: 1s}], exclusive: true}
  - {name: seventh, match: {tool: "*_payment"}, when: {every: 7, offset: 2}, do: [{latency: 1s}], exclusive: true}
  - {name: rest, when: {probability: 0.5, first: 60}, do: [{latency: 1s}]}
"""


@pytest.mark.parametrize("tool", TOOLS)
def test_it_says_exactly_what_the_plane_does(tool: str) -> None:
    profile = a_profile(KEYED)
    plane = Plane(profile, lambda: 0.0)
    done: dict[str, list[int]] = {rule.name: [] for rule in profile.rules}
    for n in range(1, 101):
        for hit in plane.decide(Call("tools/call", tool, key=f"run/{tool}/{n}")):
            done[hit.rule.name].append(n)
    said = {found.rule: list(found.hits or ()) for found in forecast(profile, TOOLS, 100) if found.tool == tool}
    assert {name: calls for name, calls in done.items() if calls} == {
        name: calls for name, calls in said.items() if calls
    }
    assert all(found.certain for found in forecast(profile, TOOLS, 100) if found.tool != OTHER_METHODS)


@pytest.mark.parametrize(
    ("when", "listed"),
    [
        ("{}", "all"),
        ("{probability: 0}", "none"),
        ("{first: 2}", "1 2"),
        ("{first: 3}", "1-3"),
        ("{skip: 97}", "98-100"),
        ("{every: 7}", "7 14 21 28 35 42 49 56 63 70 77 84 …"),
        ("{every: 8}", "8 16 24 32 40 48 56 64 72 80 88 96"),
    ],
)
def test_calls_are_listed_shortly(when: str, listed: str) -> None:
    text = f"version: 1\nrules:\n  - {{name: r, match: {{tool: c*}}, when: {when}, do: [{{latency: 1s}}]}}\n"
    row = explain(a_profile(text), TOOLS, 100).splitlines()[-1]
    assert row.split(maxsplit=3)[3] == listed


def test_no_rules_hit_nothing() -> None:
    text = explain(a_profile("version: 1\nrules: []"), TOOLS, 1)
    assert text == "Seed 0; 1 call of each tool, numbered from 1.\nNo rules: nothing is hit.\n"


@pytest.mark.parametrize("calls", [0, -1, 100_001])
def test_too_few_or_too_many_calls_are_refused(calls: Any) -> None:
    with pytest.raises(InvalidInput, match="calls should be from 1 to 100,000"):
        explain(a_profile(), TOOLS, calls)
