"""Each fault of HTTP on a real socket, as a plain socket client sees it, and as the load generator reports it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import accumulate
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from loadgen.client.transport import MAX_REPLY_BYTES
from loadgen.outcome import Failure
from servers.faults.draft import Draft
from servers.faults.effects.http import AnyHttp, Http
from servers.faults.effects.http_body import MOST_READ
from servers.faults.exchange import Effect
from servers.faults.model import Profile
from servers.wire.call import Call
from tests.support.faulty import (
    Faulty,
    PlainClient,
    ask,
    ask_handshake,
    call_body,
    call_headers,
    effect,
    faulty,
    leave_in_vain,
    outcome,
    rule,
)
from tests.support.raw_mcp import ERAS, HANDSHAKE, MODERN

RESULT = {"twice": 42}
CALL = Call("tools/call", "twice", MODERN, None, "modern", {"id": 1})


def http(**settings: Any) -> Effect:
    return effect(http=settings)


@contextmanager
def hit_by(*effects: Effect, **server: Any) -> Iterator[Faulty]:
    with faulty(rule(*effects), **server) as running:
        yield running


def counted(server: Faulty, *, executed: bool) -> None:
    """The one hit took effect, and the tool ran or did not."""
    record = server.record()
    assert record.counted
    assert record.reason == ""
    assert record.executed is executed
    assert server.ran == [21] * executed


# Statuses


@pytest.mark.parametrize("status", [400, 401, 403, 418, 429, 500, 502, 503, 504, 599])
def test_a_status_is_answered_without_running_the_tool(status: int) -> None:
    with hit_by(http(status=status)) as server:
        seen = ask(server)
        assert (seen.status, seen.ended) == (status, "kept")
        assert seen.headers["content-type"] == "application/json"
        assert seen.message["error"]["code"] == status
        assert "retry-after" not in seen.headers
        counted(server, executed=False)


def test_a_status_after_execution_loses_the_reply_of_a_tool_that_ran() -> None:
    with hit_by(http(status=500, phase="after")) as server:
        assert ask(server).status == 500
        counted(server, executed=True)


@pytest.mark.parametrize(("retry_after", "sent"), [("1s", "1"), (2, "2"), ("1500ms", "2"), ("1m", "60"), (0, "0")])
def test_retry_after_is_sent_in_whole_seconds(retry_after: object, sent: str) -> None:
    with hit_by(http(status=429, retry_after=retry_after)) as server:
        seen = ask(server)
    assert (seen.status, seen.headers["retry-after"]) == (429, sent)


def test_retry_after_can_be_a_date_that_is_about_a_second_ahead() -> None:
    with hit_by(http(status=503, retry_after="date")) as server:
        at = parsedate_to_datetime(ask(server).headers["retry-after"])
    assert 0 <= (at - datetime.now(UTC)).total_seconds() <= 2.5


def test_retry_after_can_be_absurd() -> None:
    with hit_by(http(status=503, retry_after="absurd")) as server, PlainClient(server.port) as client:
        sent = {client.ask(call_body(), call_headers()).headers["retry-after"] for _ in range(60)}
    assert len(sent) > 3
    assert "soon" in sent
    assert "-1" in sent


def test_retry_after_none_is_no_header() -> None:
    with hit_by(http(status=503, retry_after="none")) as server:
        assert "retry-after" not in ask(server).headers


@pytest.mark.parametrize(
    ("body", "content_type", "data"),
    [
        ("json", "application/json", b'{"error":{"code":503,"message":"Service Unavailable"}}'),
        ("text", "text/plain; charset=utf-8", b"503 Service Unavailable"),
        ("empty", None, b""),
    ],
)
def test_the_body_of_a_status_is_json_text_or_nothing(body: str, content_type: str | None, data: bytes) -> None:
    with hit_by(http(status=503, body=body)) as server:
        seen = ask(server)
    assert seen.headers.get("content-type") == content_type
    assert (seen.body, seen.headers["content-length"], seen.ended) == (data, str(len(data)), "kept")


# Connections


def test_a_hang_is_silence_until_the_client_gives_up() -> None:
    with hit_by(http(hang=True)) as server:
        seen = leave_in_vain(server)
        assert (seen.raw, seen.ended) == (b"", "silent")
        record = server.record()
        assert (record.counted, record.client_gone, record.expected) == (True, True, "timeout")
        assert server.ran == []


def test_a_hang_after_execution_loses_the_reply() -> None:
    with hit_by(http(hang=True, phase="after")) as server:
        assert leave_in_vain(server).ended == "silent"
        counted(server, executed=True)


def test_a_hang_with_a_bound_ends_with_a_close_of_the_connection() -> None:
    with hit_by(http(hang="200ms")) as server:
        seen = ask(server)
        assert (seen.raw, seen.ended) == (b"", "closed")
        assert seen.seconds > 0.199
        assert server.record().expected == "reset"


def test_a_hang_does_not_hold_up_the_servers_stop() -> None:
    with hit_by(http(hang=True)) as server, PlainClient(server.port) as client:
        assert client.wait_in_vain(server).ended == "silent"
        server.stop()
        seen = client.read()
    assert (seen.raw, seen.ended) == (b"", "closed")


def test_a_reset_before_the_headers_sends_no_byte_and_runs_no_tool() -> None:
    with hit_by(http(reset="before_headers")) as server:
        seen = ask(server)
        assert (seen.raw, seen.ended) == (b"", "reset")
        counted(server, executed=False)


def test_a_reset_before_the_headers_can_come_after_the_tool_ran() -> None:
    with hit_by(http(reset="before_headers", phase="after")) as server:
        seen = ask(server)
        assert (seen.raw, seen.ended) == (b"", "reset")
        counted(server, executed=True)


def test_a_reset_after_the_headers_sends_these_alone() -> None:
    with hit_by(http(reset="after_headers")) as server:
        seen = ask(server)
        assert (seen.status, seen.after_head, seen.ended) == (200, b"", "reset")
        assert int(seen.headers["content-length"]) > 100
        counted(server, executed=True)


@pytest.mark.parametrize("json_response", [True, False])
def test_a_reset_after_some_bytes_comes_right_behind_them(json_response: bool) -> None:
    with hit_by(http(reset={"after": 20}), json_response=json_response) as server:
        seen = ask_handshake(server)
        assert (seen.status, seen.ended) == (200, "reset")
        if json_response:
            assert seen.after_head == b'{"jsonrpc":"2.0","id'
            assert int(seen.headers["content-length"]) > 100
        else:
            assert seen.after_head == b"14\r\nevent: message\r\ndata\r\n"
        counted(server, executed=True)


def test_a_reset_beyond_the_reply_has_nothing_to_act_on() -> None:
    with hit_by(http(reset={"after": "1MB"})) as server:
        seen = ask(server)
        assert (seen.message["result"]["structuredContent"], seen.ended) == (RESULT, "kept")
        record = server.record()
        assert (record.counted, record.reason) == (False, "nothing to act on")
        assert server.faults == []


@pytest.mark.parametrize(("settings", "sent"), [(20, 20), (True, None), ("1MB", None)])
def test_an_early_close_promises_more_than_it_sends(settings: object, sent: int | None) -> None:
    with hit_by(http(early_close=settings)) as server:
        seen = ask(server)
        assert (seen.status, seen.ended) == (200, "closed")
        assert len(seen.after_head) < int(seen.headers["content-length"])
        assert sent is None or len(seen.after_head) == sent
        counted(server, executed=True)


# Slow replies


@pytest.mark.parametrize("json_response", [True, False])
def test_a_drip_comes_in_small_pieces_with_pauses(json_response: bool) -> None:
    with hit_by(http(drip={"bytes": 16, "every": "20ms"}), json_response=json_response) as server:
        seen = ask_handshake(server)
        assert (seen.status, seen.ended) == (200, "kept")
        assert b'"twice":42' in seen.body
        pieces = len(seen.body) // 16
        assert len(seen.arrivals) > 2  # where the reader is late, pieces come together
        assert seen.seconds > 0.02 * (pieces - 1)
        record = server.record()
        assert (record.counted, record.expected) == (True, None)
        assert record.planned_delay == pytest.approx(0.02 * pieces, abs=0.03)
        assert record.achieved_delay is not None
        assert record.achieved_delay > 0.9 * record.planned_delay


def test_a_client_that_gives_up_on_a_drip_had_a_time_out() -> None:
    with hit_by(http(drip={"bytes": 1, "every": "10s"})) as server:
        with PlainClient(server.port) as client:
            client.send(call_body(), call_headers())
            assert client.read(until=lambda raw: bool(raw.partition(b"\r\n\r\n")[2])).status == 200
        record = server.record()
        assert (record.counted, record.client_gone, record.expected) == (True, True, "timeout")
        assert 0 < record.bytes_sent < 20


def test_a_bandwidth_is_kept() -> None:
    with hit_by(http(bandwidth=1000)) as server:
        seen = ask(server)
        assert seen.message["result"]["structuredContent"] == RESULT
        sent = [*accumulate(size for _, size in seen.arrivals)]
        head = sent[-1] - len(seen.after_head)
        assert len(sent) > 2  # where the reader is late, pieces come together
        assert all(so_far - head <= 1000 * (when + 0.05) for (when, _), so_far in zip(seen.arrivals, sent, strict=True))
        assert server.record().planned_delay == pytest.approx(len(seen.body) / 1000, rel=0.05)


# Bodies


@pytest.mark.parametrize(("settings", "kept"), [(20, 20), (True, None)])
def test_truncated_json_is_a_whole_reply_of_half_a_message(settings: object, kept: int | None) -> None:
    with hit_by(http(truncate=settings)) as server:
        seen = ask(server)
        assert (seen.status, seen.ended) == (200, "kept")
        assert seen.headers["content-length"] == str(len(seen.body))
        assert seen.body.startswith(b'{"jsonrpc":"2.0"')
        assert kept is None or len(seen.body) == kept
        with pytest.raises(json.JSONDecodeError):
            json.loads(seen.body)
        counted(server, executed=True)


def test_malformed_json_has_a_comma_too_many() -> None:
    with hit_by(http(malformed_json=True)) as server:
        seen = ask(server)
        assert seen.body.endswith(b",}")
        assert json.loads(seen.body[:-2] + b"}")["result"]["structuredContent"] == RESULT
        assert seen.ended == "kept"
        counted(server, executed=True)


def test_invalid_utf8_is_in_a_text_of_the_body() -> None:
    with hit_by(http(invalid_utf8=True)) as server:
        seen = ask(server)
        with pytest.raises(UnicodeDecodeError):
            seen.body.decode()
        assert json.loads(seen.body.decode(errors="replace"))["result"]["structuredContent"] == RESULT
        counted(server, executed=True)


@pytest.mark.parametrize("json_response", [True, False])
@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/jsonx", "none"])
def test_a_wrong_content_type_is_on_a_reply_that_is_right(content_type: str, json_response: bool) -> None:
    with hit_by(http(content_type=content_type), json_response=json_response) as server:
        seen = ask_handshake(server)
        assert seen.headers.get("content-type") == (None if content_type == "none" else content_type)
        assert (seen.status, seen.ended) == (200, "kept")
        assert b'"twice":42' in seen.body
        counted(server, executed=True)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize(("key", "status"), [("empty", 200), ("accepted", 202)])
def test_a_body_that_is_due_can_be_missing(key: str, status: int, phase: str) -> None:
    with hit_by(http(**{key: True}, phase=phase)) as server:
        seen = ask(server)
        assert (seen.status, seen.body, seen.headers["content-length"], seen.ended) == (status, b"", "0", "kept")
        counted(server, executed=phase == "after")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_names_a_place(status: int) -> None:
    with hit_by(http(redirect=status, location="http://127.0.0.1:9/mcp")) as server:
        seen = ask(server)
        assert (seen.status, seen.headers["location"], seen.body) == (status, "http://127.0.0.1:9/mcp", b"")
        assert seen.ended == "kept"
        counted(server, executed=False)


def test_a_huge_body_has_its_size_and_is_still_the_reply() -> None:
    with hit_by(http(huge="3MB")) as server:
        seen = ask(server)
        assert len(seen.body) == 3_000_000
        assert seen.headers["content-length"] == "3000000"
        assert seen.message["result"]["structuredContent"] == RESULT
        assert server.record().bytes_sent == 3_000_000
        counted(server, executed=True)


def test_a_huge_body_that_the_reply_exceeds_is_none() -> None:
    with hit_by(http(huge=10)) as server:
        ask(server)
        assert server.record().reason == "nothing to act on"


# What a correct client reports

FAULTS: list[dict[str, Any]] = [
    {"status": 503, "retry_after": 1},
    {"status": 503, "body": "text"},
    {"status": 500, "body": "empty", "phase": "after"},
    {"status": 404},
    {"status": 400},
    {"hang": True},
    {"hang": "100ms"},
    {"hang": True, "phase": "after"},
    {"reset": "before_headers"},
    {"reset": "before_headers", "phase": "after"},
    {"reset": "after_headers"},
    {"reset": {"after": 20}},
    {"early_close": True},
    {"early_close": "1MB"},
    {"drip": {"bytes": 64, "every": "5ms"}},
    {"bandwidth": "10kB"},
    {"truncate": True},
    {"truncate": 1},
    {"malformed_json": True},
    {"invalid_utf8": True},
    {"content_type": "text/html"},
    {"content_type": "none"},
    {"empty": True},
    {"accepted": True},
    {"redirect": 307},
    {"huge": "1MB"},
    {"huge": "17MiB"},
]


@pytest.fixture(scope="module", params=[True, False], ids=["json", "sse"])
def shared(request: pytest.FixtureRequest) -> Iterator[Faulty]:
    """A server for many profiles, one after another."""
    with faulty(json_response=request.param) as server:
        yield server


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("settings", FAULTS, ids=json.dumps)
def test_the_load_generator_reports_what_the_fault_says_that_it_must(
    settings: dict[str, Any], era: str, shared: Faulty
) -> None:
    shared.journal.reset()
    shared.plane.swap(Profile(rules=(rule(http(**settings)),), seed=7))
    said = outcome(shared, era, within=1.0 if settings.get("hang") is True else 10)
    record = shared.record()
    assert record.counted
    assert (said.kind if isinstance(said, Failure) else None) == record.expected


def test_every_outcome_that_a_fault_expects_is_one_of_the_load_generators() -> None:
    known = {failure.kind for failure in get_args(Failure)}
    session = Call("tools/call", "twice", HANDSHAKE, "s", "handshake", {"id": 1})
    for settings in FAULTS:
        for call in (CALL, session, Call("notifications/initialized")):
            assert http(**settings).expects(call) in known | {None}


def test_the_size_at_which_a_body_is_huge_is_the_load_generators() -> None:
    assert MOST_READ == MAX_REPLY_BYTES


def test_every_fault_of_the_family_is_tested_here() -> None:
    tested = {http(**settings).fault_type() for settings in FAULTS}
    assert tested == {f"http_{key}" for key in KEYS}
    assert set(Http.kinds) == set(get_args(AnyHttp))


KEYS = (
    "status", "hang", "reset", "early_close", "drip", "bandwidth", "truncate", "malformed_json", "invalid_utf8",
    "content_type", "empty", "accepted", "redirect", "huge",
)  # fmt: skip


# What has nothing to act on


@pytest.mark.parametrize(
    "settings",
    [
        {"truncate": 5}, {"malformed_json": True}, {"invalid_utf8": True}, {"content_type": "text/html"},
        {"empty": True}, {"accepted": True}, {"huge": "1MB"}, {"early_close": True}, {"reset": {"after": 1}},
        {"drip": {"bytes": 1, "every": 1}}, {"bandwidth": 1},
    ],
    ids=json.dumps,
)  # fmt: skip
def test_a_reply_without_a_body_is_left_as_it_is(settings: dict[str, Any]) -> None:
    notification = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
    with (
        faulty(rule(http(**settings), match={"method": "notifications/initialized"})) as server,
        PlainClient(server.port) as client,
    ):
        seen = client.ask(
            notification, call_headers(MCP_Protocol_Version=MODERN, Mcp_Method="notifications/initialized")
        )
        record = server.record()
    assert (seen.status, seen.after_head) in ((202, b""), (400, seen.after_head))
    assert record.counted is False
    assert record.reason == "nothing to act on"
    assert record.expected is None or record.kind == "notification"


def test_a_body_fault_leaves_what_another_fault_answered() -> None:
    with hit_by(http(status=503), http(truncate=True)) as server:
        seen = ask(server)
        status, truncate = server.records(2)
    assert seen.message["error"]["code"] == 503
    assert (status.counted, truncate.counted) == (True, False)


@pytest.mark.parametrize("json_response", [True, False])
@pytest.mark.parametrize(
    "both",
    [
        [{"reset": {"after": 20}}, {"content_type": "text/html"}],
        [{"content_type": "text/html"}, {"reset": {"after": 20}}],
        [{"content_type": "text/html"}, {"early_close": True}],
        [{"early_close": True}, {"content_type": "text/html"}],
        [{"truncate": True}, {"content_type": "text/html"}],
        [{"status": 503}, {"reset": {"after": 20}}],
        [{"drip": {"bytes": 16, "every": "1ms"}}, {"truncate": True}],
    ],
    ids=json.dumps,
)
def test_of_two_faults_on_one_reply_the_visible_one_is_what_the_load_generator_reports(
    both: list[dict[str, Any]], json_response: bool
) -> None:
    with hit_by(*(http(**settings) for settings in both), json_response=json_response) as server:
        said = outcome(server, HANDSHAKE)
        visible = [record.expected for record in server.records(2) if record.counted and not record.hidden]
    assert isinstance(said, Failure)
    assert [expected for expected in visible if expected] == [said.kind]


def test_of_two_statuses_the_first_answers() -> None:
    with hit_by(http(status=503), http(redirect=307), http(status=500, phase="after")) as server:
        assert ask(server).status == 503
        assert [record.counted for record in server.records(3)] == [True, False, False]


# Settings


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "should have one of status, hang"),
        ([], "should be a mapping with one of status, hang"),
        ({"statsu": 503}, "did you mean status?"),
        ({"status": 503, "hang": True}, "should be one fault, not status and hang"),
        ({"status": 200}, "greater than or equal to 400"),
        ({"status": "503"}, "valid integer"),
        ({"status": 503, "retry_afer": 1}, "Extra inputs are not permitted"),
        ({"status": 500, "retry_after": 1}, "retry_after with status 429 or 503 only"),
        ({"status": 503, "retry_after": "later"}, "should be a duration"),
        ({"status": 503, "phase": "during"}, "'before' or 'after'"),
        ({"hang": False}, "True"),
        ({"reset": "sometimes"}, "before_headers"),
        ({"reset": {"after": 0}}, "greater than or equal to 1"),
        ({"reset": "after_headers", "phase": "before"}, "there is no reply yet"),
        ({"drip": {"bytes": 16}}, "Field required"),
        ({"drip": {"bytes": 16, "every": 0}}, "greater than 0"),
        ({"bandwidth": "fast"}, "a number of bytes such as"),
        ({"truncate": True, "phase": "before"}, "'after'"),
        ({"content_type": "application/json"}, "should be a wrong one"),
        ({"content_type": "text/html\r\nX: y"}, "match pattern"),
        ({"redirect": 303}, "301, 302, 307 or 308"),
        ({"redirect": 307, "location": "/a b"}, "match pattern"),
        ({"huge": "5TB"}, "a number of bytes such as"),
        ({"huge": "5GB"}, "less than or equal to"),
    ],
    ids=json.dumps,
)
def test_settings_that_make_no_sense_are_refused_with_their_reason(settings: Any, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence.replace("?", r"\?")):
        effect(http=settings)


def test_a_draft_is_not_changed_by_the_drafts_made_from_it() -> None:
    draft = Draft.from_json(200, {"a": 1})
    draft.cut_off(2, "reset")
    draft.with_header(b"content-type", None)
    draft.with_body(b"other")
    assert draft == Draft.from_json(200, {"a": 1})
