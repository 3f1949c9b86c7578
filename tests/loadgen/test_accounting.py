import tracemalloc

from loadgen.accounting import Accounting
from loadgen.client.transport import Timings
from loadgen.outcome import Cancelled, CheckFailed, HttpStatus, Ok, Outcome, RpcError, SchemaViolation, SessionLost
from loadgen.sample import Sample, SessionSample


def accounting(*outcomes: Outcome, sent: float | None = 1.0) -> Accounting:
    accounts = Accounting()
    for outcome in outcomes:
        accounts.add(Sample("tool", due=0.9, sent=sent, end=1.25, outcome=outcome))
    return accounts


def test_calls_are_ok_or_failed() -> None:
    accounts = accounting(Ok({}), Ok({}), HttpStatus("no", 503))
    assert (accounts.calls, accounts.ok, accounts.failed) == (3, 2, 1)


def test_response_time_is_from_due_and_service_time_from_sent() -> None:
    measured = accounting(Ok({})).measurements(0)
    assert measured.response.maximum == 350
    assert measured.service.maximum == 250


def test_in_a_closed_model_the_two_are_one_and_the_same() -> None:
    accounts = Accounting(closed=True)
    for outcome, sent in ((Ok({}), 1.0), (HttpStatus("no", 503), 1.0), (HttpStatus("no", 503), None)):
        accounts.add(Sample("tool", due=1.0, sent=sent, end=1.25, outcome=outcome))
    measured = accounts.measurements(0)
    assert (measured.response.count, measured.service.count) == (3, 2)
    assert measured.response.maximum == measured.service.maximum == 250


def test_a_call_that_was_never_sent_has_a_response_time_but_no_service_time() -> None:
    measured = accounting(HttpStatus("no", 503), sent=None).measurements(0)
    assert (measured.response.count, measured.service.count) == (1, 0)


def test_a_cancelled_call_is_counted_but_has_no_duration() -> None:
    measured = accounting(Ok({}), Cancelled("stopped")).measurements(0)
    assert (measured.calls, measured.finished, measured.response.count) == (2, 1, 1)


def test_times_of_successful_calls_are_kept_apart() -> None:
    measured = accounting(Ok({}), HttpStatus("no", 503)).measurements(0)
    assert (measured.response.count, measured.response_ok.count) == (2, 1)
    assert (measured.service.count, measured.service_ok.count) == (2, 1)


def test_only_replies_that_could_be_checked_are_checks() -> None:
    measured = accounting(Ok({}), CheckFailed("a"), SchemaViolation("b"), HttpStatus("c", 500)).measurements(0)
    assert (measured.checks_passed, measured.checks_failed) == (1, 2)


def test_errors_are_counted_by_kind_in_the_order_of_the_categories_with_the_first_example() -> None:
    measured = accounting(
        RpcError("bad", -32602), HttpStatus("a", 503), HttpStatus("b", 503), HttpStatus("c", 500)
    ).measurements(0)
    assert [(e.category, e.label, e.count, e.example) for e in measured.errors] == [
        ("HTTP status", "http_status(503)", 2, "a"),
        ("HTTP status", "http_status(500)", 1, "c"),
        ("JSON-RPC error", "rpc_error(-32602)", 1, "bad"),
    ]


def test_codes_without_end_do_not_take_memory_without_end() -> None:
    measured = accounting(*(RpcError("x", code) for code in range(5_000))).measurements(0)
    assert len(measured.errors) == 101
    assert sum(error.count for error in measured.errors) == 5_000


def test_sessions_are_counted_by_how_they_went() -> None:
    accounts = accounting(SessionLost("gone"))
    accounts.add_session(SessionSample(1.0, 1.5, None))
    accounts.add_session(SessionSample(1.0, 1.5, HttpStatus("no", 503)))
    sessions = accounts.measurements(unfinished_sessions=4).sessions
    assert (sessions.opened, sessions.failed, sessions.lost, sessions.unfinished) == (1, 1, 1, 4)
    assert sessions.creation.maximum == 500


def test_everything_due_is_ok_failed_unfinished_or_dropped() -> None:
    accounts = accounting(Ok({}), HttpStatus("no", 503), Cancelled("stopped"))
    accounts.add_dropped()
    accounts.add_dropped(3)
    measured = accounts.measurements(0)
    failed = sum(kind.count for kind in measured.errors if kind.label != "cancelled")
    assert (measured.ok, failed, measured.unfinished, measured.dropped) == (1, 1, 1, 4)
    assert measured.due == 7


def test_schedule_lag_is_a_trend_of_its_own() -> None:
    accounts = accounting()
    accounts.add_lag(0.25)
    assert accounts.measurements(0).schedule_lag.maximum == 250


def test_tools_and_outcomes_have_distributions_of_their_own() -> None:
    accounts = Accounting()
    for tool, seconds, outcome in (("a", 1, Ok({})), ("a", 2, HttpStatus("no", 503)), ("b", 3, Ok({}))):
        accounts.add(Sample(tool, 0.0, 0.0, float(seconds), outcome))
    measured = accounts.measurements(0)
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
    phases = accounts.measurements(0).phases
    assert (phases.blocked.count, phases.connecting.maximum, phases.tls_handshaking.maximum) == (1, 250, 125)
    assert (phases.sending.count, phases.waiting.count, phases.receiving.count) == (2, 2, 2)
    assert (phases.sent_bytes, phases.received_bytes) == (11, 22)


def test_virtual_users_are_a_gauge() -> None:
    accounts = Accounting()
    for busy in (3, 9, 2):
        accounts.set_vus(busy, 10)
    measured = accounts.measurements(0)
    assert (measured.vus.value, measured.vus.maximum, measured.vus_max.value) == (2, 9, 10)


def test_recent_response_times_are_those_since_the_last_look() -> None:
    accounts = accounting(Ok({}))
    assert accounts.take_recent().count == 0
    for _ in range(3000):
        accounts.add(Sample("tool", 0.0, 0.0, 1.0, Ok({})))
    accounts.add(Sample("tool", 0.0, 0.0, 1.0, Cancelled("stopped")))
    assert accounts.take_recent().count == 3000
    assert accounts.take_recent().count == 0
    assert accounts.measurements(0).response.count == 3001


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
