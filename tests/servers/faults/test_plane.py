import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.faults.armed import WHEN
from servers.faults.draw import draw
from servers.faults.exchange import Exchange, Phase
from servers.faults.match import Match
from servers.faults.model import NO_FAULTS, Profile, Rule
from servers.faults.plane import Hit, Plane
from servers.faults.when import When
from servers.wire.call import Call, parse_call


@dataclass(frozen=True)
class Nothing:
    """An effect that does nothing."""

    name: str = "nothing"

    def fault_type(self) -> str:
        return self.name

    def phase(self) -> Phase:
        return "before"

    def expects(self, _call: Call) -> str | None:
        return None

    async def act(self, _exchange: Exchange) -> bool:
        return True


class Queue(Nothing):
    """An effect with a memory."""

    resets = 0

    def reset(self) -> None:
        type(self).resets += 1


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


def rule(name: str, match: dict[str, Any] | None = None, when: dict[str, Any] | None = None, **more: Any) -> Rule:
    settings = {"do": (Nothing(),), **more}
    return Rule(name=name, match=Match.model_validate(match or {}), when=When.model_validate(when or {}), **settings)


def plane_of(*rules: Rule, time: Time | None = None, seed: int = 0) -> Plane:
    return Plane(Profile(rules=rules, seed=seed), (time or Time()).now)


def a_call(
    tool: str = "add",
    *,
    key: str | None = None,
    session: str = "s",
    headers: dict[str, str] | None = None,
    **arguments: Any,
) -> Call:
    params = {"name": tool, "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    sent = {"mcp-session-id": session} | ({} if key is None else {"mcp-testbed-call": key}) | (headers or {})
    return parse_call([(name.encode(), value.encode()) for name, value in sent.items()], json.dumps(body).encode())


def a_request(method: str, session: str | None = None, **params: Any) -> Call:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = [] if session is None else [(b"mcp-session-id", session.encode())]
    return parse_call(headers, json.dumps(body).encode())


def names(hits: Sequence[Hit]) -> list[str]:
    return [hit.rule.name for hit in hits]


def numbers(plane: Plane, calls: int, call: Call | None = None) -> list[int]:
    """Which of so many calls are hit."""
    return [n for n in range(1, calls + 1) if plane.decide(call or a_call())]


def test_without_rules_nothing_is_decided() -> None:
    plane = plane_of()
    assert plane.decide(a_call()) is plane.decide(a_call()) == ()


def test_rules_apply_in_the_order_of_the_file_and_stack() -> None:
    plane = plane_of(rule("one", {"tool": "add"}), rule("other", {"tool": "divide"}), rule("two", {"tool": "a*"}))
    assert names(plane.decide(a_call())) == ["one", "two"]


def test_a_rule_does_everything_in_its_list() -> None:
    first, second = Nothing("first"), Nothing("second")
    hits = plane_of(rule("one", do=(first, second))).decide(a_call())
    assert [(hit.effect, hit.index, hit.n) for hit in hits] == [(first, 0, 1), (second, 1, 1)]


def test_an_exclusive_rule_ends_the_search_where_it_hits_and_only_there() -> None:
    plane = plane_of(rule("first", when={"every": 3}, exclusive=True), rule("rest"))
    assert [names(plane.decide(a_call())) for _ in range(4)] == [["rest"], ["rest"], ["first"], ["rest"]]


def test_calls_without_a_key_are_counted_per_rule_and_tool() -> None:
    plane = plane_of(rule("third", when={"every": 3}), rule("second of add", {"tool": "add"}, {"every": 2}))
    tools = ["add", "divide", "add", "divide", "add", "divide"]
    assert [names(plane.decide(a_call(tool))) for tool in tools] == [
        [],
        [],
        ["second of add"],
        [],
        ["third"],
        ["third"],
    ]


def test_a_rule_counts_only_the_calls_that_it_is_for() -> None:
    plane = plane_of(rule("second", {"session": "mine"}, {"every": 2}))
    sessions = ["mine", "other", "other", "mine", "other", "mine", "mine"]
    assert [bool(plane.decide(a_call(session=session))) for session in sessions] == [
        False, False, False, True, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "n"),
    [
        ("run/add/7", 7),
        ("run/add/007", 7),
        ("7", 7),
        ("run/add/0", 1),
        ("run/add/x", 1),
        ("", 1),
        ("run/add/-7", 1),
        ("run/add/" + "9" * 40, 1),
        ("run/add/²", 1),
        ("run/add/\N{ARABIC-INDIC DIGIT THREE}", 1),
    ],
)
def test_n_is_the_end_of_the_call_key_or_else_the_number_of_the_arrival(key: str, n: int) -> None:
    call = a_call()
    call.key = key
    (hit,) = plane_of(rule("one")).decide(call)
    assert hit.n == n


def test_the_draw_of_a_hit_is_keyed_by_seed_rule_tool_and_n() -> None:
    (hit,) = plane_of(rule("one"), seed=42).decide(a_call("divide", key="r/divide/5"))
    assert hit.draw == draw(42, "one", "divide", 5, WHEN)
    (hit,) = plane_of(rule("one"), seed=42).decide(a_request("tools/list"))
    assert hit.draw == draw(42, "one", "tools/list", 1, WHEN)


def test_the_same_seed_hits_the_same_calls_and_another_one_others() -> None:
    def hit(seed: int) -> list[int]:
        return numbers(plane_of(rule("some", when={"probability": 0.3}), seed=seed), 200)

    assert hit(1) == hit(1) != hit(2)
    assert 30 < len(hit(1)) < 90


CONDITIONS: list[dict[str, Any]] = [
    {"probability": 0.3},
    {"every": 7, "offset": 3},
    {"skip": 20, "first": 50, "probability": 0.5},
    {},
]


@given(st.randoms(use_true_random=False), st.integers(1, 100))
def test_the_order_of_arrival_changes_no_decision_on_calls_with_keys(rng: random.Random, concurrency: int) -> None:
    rules = [rule(f"rule-{i}", when=when, exclusive=i == 1) for i, when in enumerate(CONDITIONS)]
    keys = [(tool, n) for tool in ("add", "divide") for n in range(1, 101)]

    def decisions(order: list[tuple[str, int]]) -> dict[tuple[str, int], list[tuple[str, int, float]]]:
        plane = plane_of(*rules, seed=9)
        return {
            (tool, n): [(hit.rule.name, hit.n, hit.draw) for hit in plane.decide(a_call(tool, key=f"run/{tool}/{n}"))]
            for tool, n in order
        }

    arrived: list[tuple[str, int]] = []
    waiting: list[tuple[str, int]] = []
    for key in keys:  # as many under way at a time as the concurrency says, and any of them is next
        waiting.append(key)
        if len(waiting) == concurrency:
            arrived.append(waiting.pop(rng.randrange(len(waiting))))
    rng.shuffle(waiting)
    assert decisions(arrived + waiting) == decisions(keys)


def test_one_rules_draws_do_not_depend_on_the_rules_around_it() -> None:
    some = rule("some", when={"probability": 0.3})
    alone = numbers(plane_of(some), 100)
    plane = plane_of(rule("other", when={"probability": 0.7}), some)
    assert [n for n in range(1, 101) if "some" in names(plane.decide(a_call()))] == alone


def test_windows_count_from_when_the_profile_was_put_in_place() -> None:
    time = Time()
    plane = plane_of(rule("window", when={"after": "10s", "for": "5s"}), time=time)
    seen = []
    for _ in range(20):
        seen.append(bool(plane.decide(a_call())))
        time.pass_by(1)
    assert [second for second, hit in enumerate(seen) if hit] == [10, 11, 12, 13, 14]
    plane.swap(plane.profile)
    assert plane.decide(a_call()) == ()
    time.pass_by(10)
    (hit,) = plane.decide(a_call())
    assert hit.elapsed == plane.elapsed == 10


def test_max_count_counts_hits() -> None:
    assert numbers(plane_of(rule("two", when={"every": 3, "max_count": 2})), 20) == [3, 6]


def test_a_bucket_hits_the_calls_above_the_rate() -> None:
    time = Time()
    plane = plane_of(rule("limit", when={"bucket": {"rate": 2, "size": 3}}), time=time)
    assert numbers(plane, 6) == [4, 5, 6]
    time.pass_by(1)
    assert numbers(plane, 4) == [3, 4]


def test_a_bucket_per_session_is_each_sessions_own() -> None:
    plane = plane_of(rule("limit", when={"bucket": {"rate": 1, "size": 2, "per": "session"}}))
    assert [numbers(plane, 3, a_call(session=session)) for session in "ab"] == [[3], [3]]


def test_a_rule_knows_how_many_requests_are_under_way() -> None:
    plane = plane_of(rule("crowd", {"in_flight_above": 2}))
    seen = []
    for _ in range(4):
        plane.under_way.count += 1
        seen.append(bool(plane.decide(a_call())))
    plane.under_way.count -= 2
    seen.append(bool(plane.decide(a_call())))
    assert seen == [False, False, True, True, False]


def test_attempts_are_counted_by_idempotency_key_and_tool() -> None:
    plane = plane_of(rule("first attempt", {"attempt": 1}), rule("later", {"attempt": {"from": 2}}))
    pay, other = a_call("pay", idempotency_key="k1"), a_call("pay", idempotency_key="k2")
    calls = [
        pay,
        pay,
        other,
        a_call("refund", idempotency_key="k1"),
        pay,
        a_call("pay"),
        a_call("pay", idempotency_key=3),
    ]
    assert [names(plane.decide(call)) for call in calls] == [
        ["first attempt"],
        ["later"],
        ["first attempt"],
        ["first attempt"],
        ["later"],
        [],
        [],
    ]


def test_a_client_is_known_by_what_it_said_when_it_opened_the_session() -> None:
    plane = plane_of(rule("inspector", {"client": "insp*"}))
    opening = a_request("initialize", clientInfo={"name": "inspector", "version": "1"})
    assert names(plane.decide(opening)) == ["inspector"]
    plane.introduce(opening, "s1")
    plane.introduce(a_request("initialize", clientInfo="nonsense"), "s2")
    assert [bool(plane.decide(a_call(session=session))) for session in ("s1", "s2")] == [True, False]


def test_a_modern_client_is_known_by_each_call() -> None:
    meta = {"io.modelcontextprotocol/clientInfo": {"name": "inspector", "version": "1"}}
    plane = plane_of(rule("inspector", {"client": "inspector"}))
    assert plane.decide(a_request("tools/list", _meta=meta))
    assert not plane.decide(a_request("tools/list"))


def test_while_it_is_paused_nothing_is_hit_and_nothing_is_counted() -> None:
    plane = plane_of(rule("second", when={"every": 2}))
    plane.decide(a_call())
    plane.pause()
    assert (plane.decide(a_call()), plane.paused) == ((), True)
    plane.swap(plane.profile)
    assert (plane.decide(a_call()), plane.paused) == ((), True)
    plane.resume()
    assert numbers(plane, 4) == [2, 4]


def test_a_swap_counts_a_generation_and_begins_anew() -> None:
    plane = plane_of(rule("second", when={"every": 2}))
    plane.decide(a_call())
    plane.swap(Profile(rules=(rule("third", when={"every": 3}),)))
    assert plane.generation == 1
    assert numbers(plane, 6) == [3, 6]
    plane.swap(NO_FAULTS)
    assert (plane.generation, plane.decide(a_call())) == (2, ())


def test_a_profile_with_a_deadline_ends_by_itself() -> None:
    time = Time()
    plane = plane_of(time=time)
    plane.swap(Profile(rules=(rule("one"),)), ttl=30)
    time.pass_by(29)
    assert (bool(plane.decide(a_call())), plane.expires_in, plane.generation) == (True, 1, 1)
    time.pass_by(1)
    assert plane.decide(a_call()) == ()
    assert (plane.generation, plane.expires_in, plane.profile) == (2, None, NO_FAULTS)


@pytest.mark.parametrize("look", ["profile", "generation", "expires_in"])
def test_a_deadline_needs_no_call_to_pass(look: str) -> None:
    time = Time()
    plane = plane_of(time=time)
    plane.swap(Profile(rules=(rule("one"),)), ttl=30)
    time.pass_by(31)
    assert getattr(plane, look) == {"profile": NO_FAULTS, "generation": 2, "expires_in": None}[look]


def test_a_reset_begins_the_same_profile_anew_also_in_effects_that_remember() -> None:
    time, queue = Time(), Queue()
    plane = plane_of(rule("second", when={"every": 2}, do=(queue,)), time=time)
    plane.decide(a_call())
    time.pass_by(5)
    plane.reset()
    assert (numbers(plane, 4), plane.elapsed, plane.generation, Queue.resets) == ([2, 4], 0, 0, 1)


def test_a_preview_says_what_would_come_next_and_counts_nothing() -> None:
    plane = plane_of(
        rule("second", when={"every": 2}),
        rule("once", when={"max_count": 1}),
        rule("limit", when={"bucket": {"rate": 1, "size": 1}}),
        rule("retry", {"attempt": 1}),
        rule("crowd", {"in_flight_above": 0}),
    )
    call = a_call(idempotency_key="k")
    assert [names(plane.preview(call)) for _ in range(3)] == [["once", "retry", "crowd"]] * 3
    plane.under_way.count += 1
    assert names(plane.decide(call)) == ["once", "retry", "crowd"]
    assert names(plane.preview(call)) == ["second", "limit", "crowd"]


def test_what_a_client_makes_up_is_not_remembered_for_ever() -> None:
    plane = plane_of(rule("half", {"tool": "*", "attempt": {"from": 1}}, {"probability": 0.5}))
    for n in range(5000):
        plane.decide(a_call(f"tool-{n}", idempotency_key="k", headers={"mcp-protocol-version": f"{n}"}))
    (armed,) = plane._rules
    assert len(plane._index) <= 4096
    assert len(armed._numbers) <= 1001
    assert len(armed._draws) <= 1000


def test_rules_that_cannot_match_are_looked_at_once_and_never_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    fits = Match.fits

    def noted(match: Match, call: Call) -> bool:
        looked_at.append(str(call.tool))
        return fits(match, call)

    monkeypatch.setattr(Match, "fits", noted)
    plane = plane_of(*(rule(f"other-{i}", {"tool": f"tool_{i}*"}, {"probability": 0.5}) for i in range(20)))
    hits = [plane.decide(a_call(key=f"run/add/{n}", a=1, b=2)) for n in range(5)]
    assert looked_at == ["add"] * 20
    assert all(hit is plane_of().decide(a_call(key="run/add/1")) for hit in hits)
