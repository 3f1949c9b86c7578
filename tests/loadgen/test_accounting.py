import tracemalloc

import pytest

from loadgen.accounting import Accounting, joined, measure
from loadgen.client.transport import Timings
from loadgen.metrics import GaugeSummary
from loadgen.outcome import Cancelled, CheckFailed, HttpStatus, Ok, Outcome, RpcError, SchemaViolation, SessionLost
from loadgen.result import Check, Measurements
from loadgen.sample import Sample, SessionSample


def accounting(*outcomes: Outcome, sent: float | None = 1.0) -> Accounting:
    accounts = Accounting()
    for outcome in outcomes:
        accounts.add(Sample("tool", due=0.9, sent=sent, end=1.25, outcome=outcome))
    return accounts


def measured_of(accounts: Accounting) -> Measurements:
    return measure([accounts], accounts.calls + accounts.dropped)


def test_calls_are_ok_or_failed() -> None:
    accounts = accounting(Ok({}), Ok({}), HttpStatus("no", 503))
    assert (accounts.calls, accounts.ok, accounts.failed) == (3, 2, 1)


def test_response_time_is_from_due_and_service_time_from_sent() -> None:
    measured = measured_of(accounting(Ok({})))
    assert measured.response.maximum == 350
    assert measured.service.maximum == 250


def test_a_call_that_was_never_sent_has_a_response_time_but_no_service_time() -> None:
    measured = measured_of(accounting(HttpStatus("no", 503), sent=None))
    assert (measured.response.count, measured.service.count) == (1, 0)


def test_a_cancelled_call_is_counted_but_has_no_duration() -> None:
    measured = measured_of(accounting(Ok({}), Cancelled("stopped")))
    assert (measured.calls, measured.finished, measured.response.count) == (2, 1, 1)


def test_times_of_successful_calls_are_kept_apart() -> None:
    measured = measured_of(accounting(Ok({}), HttpStatus("no", 503)))
    assert (measured.response.count, measured.response_ok.count) == (2, 1)
    assert (measured.service.count, measured.service_ok.count) == (2, 1)


def test_whether_a_reply_is_valid_is_asked_of_those_with_status_200() -> None:
    measured = measured_of(
        accounting(Ok({}), CheckFailed("a"), SchemaViolation("b"), HttpStatus("c", 500), Cancelled("stopped"))
    )
    assert measured.checks == (Check("tool call: status is 200", 3, 1), Check("tool call: response is valid", 1, 2))


def test_errors_are_counted_by_kind_in_the_order_of_the_categories_with_the_first_example() -> None:
    measured = measured_of(
        accounting(RpcError("bad", -32602), HttpStatus("a", 503), HttpStatus("b", 503), HttpStatus("c", 500))
    )
    assert [(e.category, e.label, e.count, e.example) for e in measured.errors] == [
        ("HTTP status", "http_status(503)", 2, "a"),
        ("HTTP status", "http_status(500)", 1, "c"),
        ("JSON-RPC error", "rpc_error(-32602)", 1, "bad"),
    ]


def test_codes_without_end_do_not_take_memory_without_end() -> None:
    measured = measured_of(accounting(*(RpcError("x", code) for code in range(5_000))))
    assert len(measured.errors) == 101
    assert sum(error.count for error in measured.errors) == 5_000


def test_sessions_are_counted_by_how_they_went() -> None:
    accounts = accounting(SessionLost("gone"))
    accounts.add_session(SessionSample(1.0, 1.5, None))
    accounts.add_session(SessionSample(1.0, 1.5, HttpStatus("no", 503)))
    sessions = measure([accounts], 1, unfinished_sessions=4).sessions
    assert sessions is not None
    assert (sessions.opened, sessions.failed, sessions.lost, sessions.unfinished) == (1, 1, 1, 4)
    assert sessions.creation.maximum == 500


def test_everything_due_is_ok_failed_unfinished_or_dropped() -> None:
    accounts = accounting(Ok({}), HttpStatus("no", 503), Cancelled("stopped"))
    accounts.add_dropped()
    accounts.add_dropped(3)
    measured = measured_of(accounts)
    assert (measured.ok, measured.failed, measured.unfinished, measured.dropped) == (1, 1, 1, 4)
    assert measured.due == 7 == measured.ok + measured.failed + measured.unfinished + measured.dropped


def test_schedule_lag_is_a_trend_of_its_own() -> None:
    accounts = accounting()
    accounts.add_lag(0.25)
    assert measured_of(accounts).schedule_lag.maximum == 250


def test_tools_and_outcomes_have_distributions_of_their_own() -> None:
    accounts = Accounting()
    for tool, seconds, outcome in (("a", 1, Ok({})), ("a", 2, HttpStatus("no", 503)), ("b", 3, Ok({}))):
        accounts.add(Sample(tool, 0.0, 0.0, float(seconds), outcome))
    measured = measured_of(accounts)
    assert [(t.tool, t.calls, t.ok, t.service.maximum) for t in measured.tools] == [
        ("a", 2, 1, 2000),
        ("b", 1, 1, 3000),
    ]
    assert measured.tools[0].outcomes == (("http_status(503)", 1), ("ok", 1))
    assert [(o.label, o.calls, o.response.maximum) for o in measured.outcomes] == [
        ("http_status(503)", 1, 2000),
        ("ok", 2, 3000),
    ]


def test_phases_of_a_connection_count_only_where_one_was_made() -> None:
    accounts = Accounting()
    accounts.add(Sample("a", 0.0, 0.0, 1.0, Ok({}), Timings(0.5, 0.25, 0.125, 0.1, 0.2, 0.3, 10, 20)))
    accounts.add(Sample("a", 0.0, 0.0, 1.0, Ok({}), Timings(0, 0, 0, 0.1, 0.2, 0.3, 1, 2)))
    phases = measured_of(accounts).phases
    assert (phases.blocked.count, phases.connecting.maximum, phases.tls_handshaking.maximum) == (1, 250, 125)
    assert (phases.sending.count, phases.waiting.count, phases.receiving.count) == (2, 2, 2)
    assert (phases.sent_bytes, phases.received_bytes) == (11, 22)


def test_virtual_users_are_a_gauge() -> None:
    accounts = Accounting()
    for busy in (3, 9, 2):
        accounts.set_vus(busy, 10)
    measured = measured_of(accounts)
    assert (measured.vus.value, measured.vus.maximum, measured.vus_max.value) == (2, 9, 10)


def test_a_tap_gives_what_came_since_the_last_look() -> None:
    accounts = accounting(Ok({}))
    accounts.add_dropped(5)
    tap = accounts.tap()
    assert tap.take().calls == 0
    for _ in range(3000):
        accounts.add(Sample("tool", 0.0, 0.0, 1.0, Ok({})))
    accounts.add(Sample("tool", 0.0, 0.0, 1.0, HttpStatus("no", 503)))
    accounts.add(Sample("tool", 0.0, 0.0, 1.0, Cancelled("stopped")))
    accounts.add_dropped(2)
    part = tap.take()
    assert (part.calls, part.failed, part.dropped, part.response.count) == (3002, 2, 2, 3001)
    assert part.errors == {"http_status(503)": 1, "cancelled": 1}
    assert (tap.take().calls, tap.take().response.count, tap.take().dropped) == (0, 0, 0)
    assert measured_of(accounts).response.count == 3002


def test_taps_take_nothing_away_from_one_another() -> None:
    accounts = Accounting()
    first, second = accounts.tap(), accounts.tap()
    seen = []
    for _ in range(10):
        for _ in range(150):
            accounts.add(Sample("tool", 0.0, 0.0, 1.0, Ok({})))
        seen.append(first.take())
    assert [part.response.count for part in seen] == [150] * 10
    whole = second.take()
    assert (whole.calls, whole.response.count) == (1500, 1500)
    assert (joined(seen).calls, joined(seen).response.count) == (1500, 1500)


def test_slices_are_joined_without_being_changed() -> None:
    accounts = Accounting()
    tap = accounts.tap()
    parts = []
    for seconds, outcome in ((1.0, Ok({})), (2.0, HttpStatus("no", 503)), (3.0, Ok({}))):
        accounts.add(Sample("tool", 0.0, 0.0, seconds, outcome))
        accounts.add_dropped()
        parts.append(tap.take())
    whole = joined(parts)
    assert (whole.outcomes, whole.dropped, whole.calls, whole.failed) == ({"ok": 2, "http_status(503)": 1}, 3, 3, 1)
    assert whole.response.percentile(100) == pytest.approx(3, rel=0.001)
    assert [part.calls for part in parts] == [1, 1, 1]
    assert [part.response.count for part in parts] == [1, 1, 1]


def test_the_accounts_of_several_scenarios_add_up() -> None:
    first, second = accounting(Ok({}), HttpStatus("no", 503)), accounting(Ok({}), Cancelled("stopped"))
    first.add_dropped(2)
    second.add_reissued(3)
    first.add_lag(0.25)
    for accounts, seconds in ((first, 1.0), (second, 2.0)):
        accounts.add_session(SessionSample(0.0, seconds, None, named=True))
        accounts.add(Sample("other", 0.0, 0.0, seconds, Ok({}), Timings(waiting=seconds, sending=0.1, sent_bytes=5)))
    measured = measure([first, second], 8, unfinished_sessions=1, vus=GaugeSummary(7, 0, 9))
    assert (measured.calls, measured.ok, measured.failed, measured.unfinished, measured.dropped) == (6, 4, 1, 1, 2)
    assert [(tool.tool, tool.calls, tool.ok) for tool in measured.tools] == [("other", 2, 2), ("tool", 4, 2)]
    assert (measured.reissued, measured.schedule_lag.count, measured.vus.maximum) == (3, 1, 9)
    assert (measured.phases.waiting.count, measured.phases.waiting.maximum, measured.phases.sent_bytes) == (2, 2000, 10)
    assert measured.sessions is not None
    assert (measured.sessions.opened, measured.sessions.unfinished, measured.sessions.creation.maximum) == (2, 1, 2000)


def test_memory_does_not_grow_with_the_calls() -> None:
    accounts = Accounting()
    samples = [Sample("tool", 0.0, 0.0, 0.001 + n / 1e6, Ok({}), Timings(waiting=n / 1e6)) for n in range(5_000)]
    tracemalloc.start()
    sizes = []
    for _ in range(4):
        for sample in samples:
            accounts.add(sample)
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert accounts.calls == 20_000
    assert sizes[-1] - sizes[1] < 100_000
