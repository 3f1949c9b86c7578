from typing import Any

import pytest

from formats.errors import InvalidInput
from formats.fixtures import bundled_fixtures
from servers.faults.effects import EFFECTS
from servers.faults.explain import OTHER_METHODS, explain, forecast
from servers.faults.model import Profile
from servers.faults.plane import Plane
from servers.faults.profile import parse_profile, read_profile
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


def test_it_says_which_calls_each_rule_hits_and_on_what_that_depends() -> None:
    assert (
        explain(a_profile(), TOOLS, 16)
        == """\
Seed 42; 16 calls of each tool, numbered from 1.

slow-creates: latency_fixed
  Depends on order or time: when.after.
  create_payment      at most 1  2

every-seventh-503: http_status
  Only calls of the modern era.
  verify_payment      at most 2  7 14

wallet-asleep: result_is_error
  get_wallet_balance  3          1-3

everything: latency_fixed
  create_payment      8          2 4 6 8 10 12 14 16
  get_wallet_balance  7          4 6 8 10 12 14 16
  (other methods)     ?          each method has draws of its own
  Not the calls that every-seventh-503 hits.
  verify_payment      at most 8  2 4 6 8 10 12 14 16

lists: latency_fixed
  create_payment      1          1
  get_wallet_balance  0          none
  tools/list          1          1
  Not the calls that every-seventh-503 hits.
  verify_payment      at most 1  1
"""
    )


CONDITIONS = """\
version: 1
rules:
  - name: everything-that-can-be-said-of-a-rule-before-it-says-what-it-does-to-calls
    match: {era: handshake, protocol: 2025-11-25, session: "a*", header: {x-a: b}, in_flight_above: 3}
    when: {burst: {period: 60s, length: 1s}}
    do: [{capacity: {workers: 1, queue: 1, service: 1s}}, {latency: {distribution: ramp, from: 0, to: 1, over: 1}}]
    exclusive: true
  - {name: second, match: {session: c}, do: [{http: {status: 503}}], exclusive: true}
  - {name: third, do: [{http: {status: 503}}]}
"""


def test_conditions_are_told_in_sentences_that_fit_80_columns() -> None:
    text = explain(a_profile(CONDITIONS), TOOLS, 100_000)
    assert max(map(len, text.splitlines())) <= 80
    said = " ".join(text.split())
    assert "Only calls of the handshake era of version 2025-11-25 with the right session and header." in said
    assert "Depends on order or time: match.in_flight_above, when.burst." in said
    assert "What capacity_queue does depends on order or time: workers." in said
    assert "What latency_ramp does depends on order or time: distribution." in said
    assert "does-to-calls or second hits. create_payment at most 100,000 all" in said


@pytest.mark.parametrize("preset", bundled_fixtures("faults"))
@pytest.mark.parametrize("calls", [1, 200, 20_000])
def test_every_preset_is_explained_in_80_columns(preset: str, calls: int) -> None:
    lines = explain(read_profile(preset, EFFECTS, TOOLS), TOOLS, calls).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == f"Seed 0; {calls:,} {'call' if calls == 1 else 'calls'} of each tool, numbered from 1."
    assert len(lines) > 4


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
        ("{every: 5}", "5 10 15 20 25 30 35 40 45 50 55 60 65 70 75 80 85 90 95 …"),
        ("{every: 6}", "6 12 18 24 30 36 42 48 54 60 66 72 78 84 90 96"),
    ],
)
def test_calls_are_listed_shortly(when: str, listed: str) -> None:
    text = f"version: 1\nrules:\n  - {{name: r, match: {{tool: c*}}, when: {when}, do: [{{latency: 1s}}]}}\n"
    row = explain(a_profile(text), TOOLS, 100).splitlines()[-1]
    assert row.split(maxsplit=2)[2] == listed
    assert len(row) <= 80


def test_no_rules_hit_nothing() -> None:
    text = explain(a_profile("version: 1\nrules: []"), TOOLS, 1)
    assert text == "Seed 0; 1 call of each tool, numbered from 1.\nNo rules: nothing is hit.\n"


@pytest.mark.parametrize("calls", [0, -1, 100_001])
def test_too_few_or_too_many_calls_are_refused(calls: Any) -> None:
    with pytest.raises(InvalidInput, match="calls should be from 1 to 100,000"):
        explain(a_profile(), TOOLS, calls)
