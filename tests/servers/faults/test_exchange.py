from types import MappingProxyType
from typing import Any

import pytest

from servers.faults.draft import Draft
from servers.faults.effects import EFFECTS
from servers.faults.exchange import ClientGone, Exchange
from servers.faults.server_facts import NOTHING_KNOWN
from servers.wire.call import Call
from tests.support.clock import FakeClock
from tests.support.faulty import NoSessions, waited

HANDSHAKE = Call("tools/call", "add", "2025-11-25", "s1", headers={b"mcp-session-id": b"s1", b"accept": b"*/*"})
MODERN = Call("tools/call", "add", "2026-07-28", None, "modern", headers={b"mcp-session-id": b"ignored"})


def exchange_of(call: Call = HANDSHAKE, clock: FakeClock | None = None, seed: int = 1) -> Exchange:
    clock = clock or FakeClock()
    return Exchange(call, NOTHING_KNOWN, clock, NoSessions(), seed, 0.0, waited)


async def test_a_delay_adds_to_what_the_hit_planned_and_achieved() -> None:
    exchange = exchange_of()
    exchange.begin("slow", 1)
    await exchange.delay(0.25)
    await exchange.delay(0.5)
    assert (exchange.planned, exchange.achieved) == (0.75, 0.75)
    exchange.begin("next", 1)
    assert (exchange.planned, exchange.achieved) == (0.0, 0.0)


async def test_a_delay_that_the_client_ends_achieves_what_it_did() -> None:
    clock = FakeClock()

    async def leave(_: object) -> None:
        clock.skip(0.1)
        raise ClientGone

    exchange = Exchange(HANDSHAKE, NOTHING_KNOWN, clock, NoSessions(), 1, 0.0, leave)
    with pytest.raises(ClientGone):
        await exchange.delay(5)
    assert exchange.planned == 5
    assert exchange.achieved == pytest.approx(0.1)


def test_a_draw_depends_on_seed_rule_tool_n_salt_and_the_effect_and_on_nothing_else() -> None:
    def draw(
        *, seed: int = 1, rule: str = "r", n: int = 1, index: int = 0, salt: str = "", call: Call = HANDSHAKE
    ) -> float:
        exchange = exchange_of(call, seed=seed)
        exchange.begin(rule, n, index)
        return exchange.draw(salt)

    assert draw() == draw() == draw(call=MODERN)
    others = {draw(), draw(seed=2), draw(rule="q"), draw(n=2), draw(index=1), draw(salt="x"), draw(call=Call("ping"))}
    assert len(others) == 7


def test_an_answer_has_the_session_of_the_handshake_era_alone() -> None:
    for call, expected in ((HANDSHAKE, (b"mcp-session-id", b"s1")), (MODERN, None)):
        exchange = exchange_of(call)
        assert exchange.answer({"id": 1})
        assert exchange.draft is not None
        assert exchange.draft.message == {"id": 1}
        assert [h for h in exchange.draft.headers if h[0] == b"mcp-session-id"] == ([expected] if expected else [])


def test_the_first_effect_before_execution_replaces_the_reply_and_any_effect_after_it() -> None:
    exchange = exchange_of()
    first, second = Draft(503), Draft(500)
    assert exchange.replace(first)
    assert not exchange.replace(second)
    assert exchange.draft is first
    exchange = exchange_of()
    exchange.executed, exchange.draft = True, first
    assert exchange.replace(second)
    assert exchange.draft is second


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        (b"application/json, text/event-stream", True),
        (b"text/event-stream;q=0.5", True),
        (b"TEXT/*", True),
        (b"*/*", True),
        (b"application/json", False),
        (b"", False),
    ],
)
def test_whether_a_stream_may_be_answered_is_in_accept(accept: bytes, takes: bool) -> None:
    assert exchange_of(Call("tools/call", headers={b"accept": accept})).accepts_stream is takes


def test_every_family_can_be_found_by_its_key() -> None:
    known: Any = MappingProxyType(dict(EFFECTS))
    assert {"latency", "capacity", "http"} <= known.keys()
