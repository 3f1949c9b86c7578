"""The lane answers as FastMCP does: one corpus through a server with it and one without, compared field for field.

What may differ is ALLOWED, each with its reason; everything else that differs is a failure.
"""

import gc
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.differential import AllowedDifference, Pair, Reply, taken_by_lane
from tests.support.differential_corpus import ABSENT, Case, call, cases
from tests.support.differential_flight import Cabin, wait_until_it_listens_no_more
from tests.support.differential_odd_cases import odd_cases, payment_cases
from tests.support.differential_schemas import GENERATED, requests_of
from tests.support.differential_servers import Gated, GatedPair, gated_pair, pair_of
from tests.support.raw_mcp import ERAS, HANDSHAKE, MODERN

# The SDK forgets to close the streams of calls whose client went away; the collector complains, whenever it finds them.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function MemoryObject:pytest.PytestUnraisableExceptionWarning"
)


def _has_no_fastmcp_around(case: str, lane: Reply, _: Reply) -> bool:
    return case.startswith("looks_for_its_") and b"No active " in lane.body


def _gave_itself_up(case: str, lane: Reply, _: Reply) -> bool:
    return case.startswith("cancels_it") and (lane.status == 500 or not lane.is_whole)


def _cannot_be_written(case: str, lane: Reply, _: Reply) -> bool:
    return "surrogate" in case and lane.status == 200 and lane.message["result"]["isError"] is True


ALLOWED = (
    AllowedDifference(
        "half a character in a tool's text",
        "text with a lone surrogate has no UTF-8: FastMCP answers with 500, with an empty stream, or in the modern era "
        "with JSON that strict parsers refuse; the lane always with an isError result.",
        _cannot_be_written,
    ),
    AllowedDifference(
        "no FastMCP around a tool",
        "a tool of the lane that asks for FastMCP's context or request behind its signature's back finds none; "
        "a tool that declares it falls through.",
        _has_no_fastmcp_around,
    ),
    AllowedDifference(
        "a tool that cancels itself",
        "FastMCP gives up the caller's whole session, also calls that did nothing wrong; the lane fails the call.",
        _gave_itself_up,
    ),
)
"""Beside these, FastMCP mixes up calls of one session and id, and the lane does not: `one_session_unless_fastmcp`."""


@pytest.fixture(scope="module")
def calculators(response: str) -> Iterator[Pair]:
    with pair_of("calculator", response, ALLOWED) as pair:
        yield pair


@pytest.fixture(scope="module")
def payments_servers(response: str) -> Iterator[Pair]:
    with pair_of("payments", response, ALLOWED) as pair:
        yield pair


@pytest.fixture(scope="module")
def odd_servers(response: str) -> Iterator[Pair]:
    with pair_of("odd", response, ALLOWED) as pair:
        yield pair


@pytest.fixture(scope="module")
def gated(response: str) -> Iterator[GatedPair]:
    with gated_pair(response, ALLOWED) as pair:
        yield pair
    gc.collect()


def compare(pair: Pair, case: Case) -> None:
    replies = []
    for side in (pair.lane, pair.plain):
        if case.pipelined:
            replies.append(side.ask_pipelined(case.requests))
        else:
            replies.append([side.ask(request) for request in case.requests])
    pair.assert_equal(case.name, *replies)


def of_both_eras(make: Callable[[str], list[Case]]) -> pytest.MarkDecorator:
    found = [pytest.param(case, id=f"{era}-{case.name}") for era in ERAS for case in make(era)]
    return pytest.mark.parametrize("case", found)


@of_both_eras(cases)
def test_the_lane_answers_the_corpus_as_fastmcp_does(calculators: Pair, case: Case) -> None:
    compare(calculators, case)


@of_both_eras(payment_cases)
def test_the_lane_answers_calls_of_payments_as_fastmcp_does(payments_servers: Pair, case: Case) -> None:
    compare(payments_servers, case)


@of_both_eras(odd_cases)
def test_the_lane_answers_odd_tools_as_fastmcp_does(odd_servers: Pair, case: Case) -> None:
    compare(odd_servers, case)


@of_both_eras(lambda era: [case for case in cases(era) if case.plain])
def test_a_plain_call_goes_by_the_lane_where_there_is_one(calculators: Pair, case: Case) -> None:
    before = [taken_by_lane(side.server) for side in (calculators.lane, calculators.plain)]
    compare(calculators, case)
    after = [taken_by_lane(side.server) for side in (calculators.lane, calculators.plain)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 0]


@GENERATED
@given(data=st.data())
def test_the_lane_answers_generated_calculations_as_fastmcp_does(
    calculators: Pair, era: str, data: st.DataObject
) -> None:
    compare(calculators, Case("generated", (data.draw(requests_of(schemas(calculators), era)),)))


@GENERATED
@given(data=st.data())
def test_the_lane_answers_generated_payments_as_fastmcp_does(
    payments_servers: Pair, era: str, data: st.DataObject
) -> None:
    compare(payments_servers, Case("generated", (data.draw(requests_of(schemas(payments_servers), era)),)))


def schemas(pair: Pair) -> dict[str, dict[str, Any]]:
    """The inputSchema of each tool, as the server lists them."""
    listing = call(MODERN, message={"method": "tools/list"}, headers={"Mcp-Method": "tools/list", "Mcp-Name": ABSENT})
    reply = pair.plain.ask(listing)
    return {tool["name"]: tool["inputSchema"] for tool in json.loads(reply.body)["result"]["tools"]}


@pytest.mark.parametrize(
    ("call_id", "cancelled_id"),
    [(9, 9), ("nine", "nine"), (9, "9"), ("9", 9), (9, 9.0), (9, 99), (9, None), ("", ""), (0, False), (1, True)],
    ids=repr,
)
def test_a_cancelled_call_ends_as_with_fastmcp(
    gated: GatedPair, era: str, call_id: object, cancelled_id: object
) -> None:
    case = f"cancel {call_id!r} by {cancelled_id!r} in {era}"
    replies, ends = [], []
    for server in gated.both:
        client = Cabin(server, era, case)
        flight = client.take_off(case, call_id)
        accepted = client.cancel(cancelled_id)
        ends.append(flight.how_ended())
        replies.append([accepted, flight.receive(), client.ask()])
    gated.pair.assert_equal(case, *replies)
    assert ends[0] == ends[1]
    if call_id is cancelled_id:
        assert ends[0] == ("cancelled" if era == HANDSHAKE else "finished")


@pytest.mark.parametrize("when_cancelled", ["answer", "fail"])
def test_a_tool_that_answers_its_cancellation_is_answered_for_as_with_fastmcp(
    gated: GatedPair, when_cancelled: str
) -> None:
    case = f"a tool that will {when_cancelled} when it is cancelled"
    replies = []
    for server in gated.both:
        client = Cabin(server, HANDSHAKE, case)
        flight = client.take_off(case, when_cancelled=when_cancelled)
        client.cancel(9)
        assert flight.how_ended() == "cancelled"
        replies.append([flight.receive(), client.ask()])
    gated.pair.assert_equal(case, *replies)


def test_a_call_that_fell_through_is_cancelled_too(gated: GatedPair) -> None:
    replies = []
    for server in gated.both:
        client = Cabin(server, HANDSHAKE, "fell through")
        flight = client.take_off("fell through", meta={"progressToken": 1})
        client.cancel(9)
        assert flight.how_ended() == "cancelled"
        replies.append([flight.receive(), client.ask()])
    gated.pair.assert_equal("a call that fell through", *replies)


def test_a_cancellation_ends_no_call_of_another_session(gated: GatedPair) -> None:
    replies = []
    for server in gated.both:
        mine, other = (Cabin(server, HANDSHAKE, name) for name in ("mine", "another"))
        flights = [client.take_off(f"{n}: two sessions") for n, client in enumerate((mine, other))]
        mine.cancel(9)
        assert [flight.how_ended() for flight in flights] == ["cancelled", "finished"]
        replies.append([flight.receive() for flight in flights])
    gated.pair.assert_equal("two sessions", *replies)


def test_a_session_that_is_deleted_in_the_middle_of_a_call_ends_it_as_with_fastmcp(gated: GatedPair) -> None:
    replies, ends = [], []
    for server in gated.both:
        client = Cabin(server, HANDSHAKE, "deleted in a call")
        flight = client.take_off("deleted in a call")
        deleted = client.delete()
        reply = flight.receive()
        client.let_the_server_act()
        ends.append(flight.how_ended())
        replies.append([deleted, reply, client.ask()])
    gated.pair.assert_equal("DELETE in a call", *replies)
    assert ends[0] == ends[1]


CANCELS = {("sse", MODERN)}
"""Where a client that goes away cancels its call; in every other mode the tool runs on."""


def test_a_client_that_goes_away_in_a_call_ends_the_tool_only_where_fastmcp_does(
    gated: GatedPair, era: str, response: str
) -> None:
    expected = "cancelled" if (response, era) in CANCELS else "finished"
    for server in gated.both:
        client = Cabin(server, era, "gone")
        flight = client.take_off(f"gone {era}")
        flight.connection.abort()
        client.let_the_server_act()
        assert flight.how_ended() == expected
        client.let_the_server_act()  # else the id would be used again while its first call is written
        assert client.ask(call_id=9).status == 200


@pytest.mark.parametrize("ids", [(9, 9), (8, "8")], ids=repr)
@pytest.mark.parametrize("first_to_end", [0, 1])
def test_two_calls_with_one_id_get_an_answer_each(
    gated: GatedPair, era: str, ids: tuple[object, object], first_to_end: int
) -> None:
    case = f"two calls with the ids {ids} in {era}, {first_to_end} ends first"
    replies = []
    for server in gated.both:
        clients = one_session_unless_fastmcp(server, gated, era, case)
        flights = [client.take_off(f"{n}: {case}", ids[n]) for n, client in enumerate(clients)]
        early = flights[first_to_end].land()
        late = flights[1 - first_to_end].land()
        replies.append([early, late] if first_to_end == 0 else [late, early])
    gated.pair.assert_equal(case, *replies)
    values = [reply.message["result"]["structuredContent"]["result"] for reply in replies[0]]
    assert values == [f"{n}: {case}" for n in (0, 1)]


def test_an_id_whose_first_call_was_given_up_never_gets_the_old_result(
    gated: GatedPair, response: str, era: str
) -> None:
    case = f"an id whose first call was given up in {era}"
    replies = []
    for server in gated.both:
        clients = one_session_unless_fastmcp(server, gated, era, case)
        first = clients[0].take_off(f"old: {case}")
        first.connection.abort()
        clients[0].let_the_server_act()
        second = clients[1].take_off(f"new: {case}")
        assert first.how_ended() == ("cancelled" if (response, era) in CANCELS else "finished")
        clients[0].let_the_server_act()
        replies.append([second.land(), clients[0].ask(call_id=9)])
    gated.pair.assert_equal(case, *replies)
    assert replies[0][0].message["result"]["structuredContent"] == {"result": f"new: {case}"}


def one_session_unless_fastmcp(server: Gated, gated: GatedPair, era: str, session: str) -> tuple[Cabin, Cabin]:
    """Two clients that share a session, but for a FastMCP without the lane, whose answers would be wrong then.

    It keys the streams of a handshake session by str(id): of two calls with one id the first hangs, and an id that is
    used again may get what was meant for the call before. The lane has to answer as FastMCP does without that trap.
    """
    of_its_own = session if server is gated.lane else f"{session}#2"
    return Cabin(server, era, session), Cabin(server, era, of_its_own)


def test_a_graceful_stop_answers_the_call_in_flight(response: str, era: str) -> None:
    with gated_pair(response, ALLOWED) as pair:
        replies = []
        for server in pair.both:
            flight = Cabin(server, era, "stop").take_off("stop")
            server.side.server.stop()
            wait_until_it_listens_no_more(server)
            replies.append([flight.land()])
        pair.pair.assert_equal("a stop in a call", *replies)
        assert replies[0][0].message["result"]["structuredContent"] == {"result": "stop"}


def test_a_call_that_outlasts_the_grace_is_cut_off_as_with_fastmcp(response: str, era: str) -> None:
    with gated_pair(response, ALLOWED, grace=0.2) as pair:
        flights = [Cabin(server, era, "cut").take_off("cut") for server in pair.both]
        for server in pair.both:
            server.side.server.stop()
        pair.pair.assert_equal("a stop that cuts a call off", *([flight.receive()] for flight in flights))
        assert [server.gate.how_ended("cut") for server in pair.both] == ["cancelled", "cancelled"]


def open_session(server: Gated, name: str) -> str:
    """A session that ends after a second without a request."""
    server.sessions.session_idle_timeout = 1.0
    return server.side.session(name)


def wait_until_gone(server: Gated, session_id: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    over = time.monotonic() + 10
    while session_id in server.sessions._server_instances:
        assert time.monotonic() < over, "the session never expires"
        meanwhile()
        time.sleep(0.01)


@pytest.fixture
def idle(response: str) -> Iterator[GatedPair]:
    with gated_pair(response, ALLOWED) as pair:
        yield pair


def test_an_expired_session_is_unknown(idle: GatedPair) -> None:
    replies = []
    for server in idle.both:
        client = Cabin(server, HANDSHAKE, "expires")
        session_id = open_session(server, "expires")
        before = client.ask()
        wait_until_gone(server, session_id)
        replies.append([before, client.ask()])
    idle.pair.assert_equal("an expired session", *replies)
    assert [reply.status for reply in replies[0]] == [200, 404]


def test_calls_keep_their_session_open(idle: GatedPair) -> None:
    for server in idle.both:
        open_session(server, "busy")
        client = Cabin(server, HANDSHAKE, "busy")
        wait_until_gone(server, open_session(server, "silent"), client.ask)
        assert client.ask().status == 200


def test_a_call_in_flight_keeps_its_session_open(idle: GatedPair) -> None:
    for server in idle.both:
        open_session(server, "held")
        client = Cabin(server, HANDSHAKE, "held")
        flight = client.take_off("held")
        wait_until_gone(server, open_session(server, "silent"))
        assert flight.land().status == 200
        assert client.ask().status == 200
