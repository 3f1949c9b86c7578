"""The control API on a real socket: what it changes, what it refuses, and that it never fails."""

import json
import re
import socket
import time
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formats.fixtures import bundled_fixtures
from servers import app
from servers.faults.journal import FIELDS, Journal
from servers.testing import RunningServer, running_server
from tests.support.control import DEFECTS, ERRORS_ON_ADD, SLOW, Answer, ask, eventually
from tests.support.raw_mcp import HANDSHAKE, MODERN, RawClient, Reply

PATHS = ("faults", "faults/pause", "faults/resume", "faults/explain", "presets", "journal", "reset")
ADD = {"a": 1, "b": 2}


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningServer]:
    with running_server("calculator") as server:
        yield server


@pytest.fixture
def server(shared: RunningServer) -> RunningServer:
    """A calculator without faults, whose journal is empty."""
    assert ask(shared, "DELETE", "faults").status == 200
    assert ask(shared, "POST", "faults/resume").status == 200
    assert ask(shared, "POST", "reset").status == 200
    return shared


def add(server: RunningServer, **headers: str) -> Reply:
    return RawClient(server.url, MODERN).call("add", ADD, **headers)


def refusal(answer: Answer) -> tuple[int, str, str]:
    assert answer.headers["content-type"] == "application/json"
    return answer.status, answer.json["error"], answer.json["field"]


def test_a_profile_is_put_in_place_shown_and_taken_away(server: RunningServer) -> None:
    before = ask(server, "GET", "faults")
    assert before.json["rules"] == []
    assert before.json["profile"] == {"version": 1, "rules": []}
    put = ask(server, "PUT", "faults", DEFECTS)
    assert put.generation == before.generation + 1
    assert put.json["profile"] == DEFECTS
    assert (put.json["seed"], put.json["paused"], put.json["expires_in_seconds"]) == (5, False, None)
    assert add(server).status == 503
    rule = {"name": "no-add", "effects": ["http_status"], "order_or_time": [], "matched": 1, "injected": 1}
    eventually(lambda: ask(server, "GET", "faults").json["rules"], [rule])
    assert ask(server, "DELETE", "faults").generation == put.generation + 1
    assert add(server).status == 200


def test_a_profile_may_be_yaml_and_its_complaints_name_lines(server: RunningServer) -> None:
    text = "version: 1\nrules:\n  - name: no-add\n    match: {tool: add}\n    do: [{http: {status: 503}}]\n"
    assert ask(server, "PUT", "faults", text).status == 200
    assert add(server).status == 503
    wrong = ask(server, "PUT", "faults", text.replace("tool: add", "tol: add").replace("503", "70"))
    assert refusal(wrong) == (400, "invalid_profile", "rules[0].match.tol")
    assert wrong.json["reason"].startswith("line 4: rules[0].match.tol is not known (did you mean tool?)")
    assert [problem["field"] for problem in wrong.json["problems"]] == [
        "rules[0].match.tol",
        "rules[0].do[0].http.status",
    ]
    assert add(server).status == 503, "a refusal changes nothing"


def test_json_that_yaml_does_not_read_is_read_all_the_same(server: RunningServer) -> None:
    rule = '{"name":"r","when":{"probability":1e-7},"do":[{"result":{"is_error":"\\ud83d\\ude00 \\/"}}]}'
    assert ask(server, "PUT", "faults", '{\n\t"version": 1,\n\t"rules": [' + rule + "]}").status == 200
    assert ask(server, "GET", "faults").json["profile"]["rules"][0]["when"] == {"probability": 1e-7}


def test_a_key_given_twice_is_refused_in_json_too(server: RunningServer) -> None:
    twice = ask(server, "PUT", "faults", '{"version": 1, "rules": [], "rules": []}')
    assert (twice.status, twice.json["reason"]) == (400, "line 1: rules is given twice")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_change_that_was_meant_for_another_generation_is_a_conflict(server: RunningServer, method: str) -> None:
    body = None if method == "DELETE" else DEFECTS
    generation = ask(server, "GET", "faults").generation
    stale = ask(server, method, "faults", body, headers={"If-Match": f'"{generation - 1}"'})
    assert refusal(stale) == (409, "conflict", "If-Match")
    assert stale.json["reason"] == f"generation {generation} is in place by now"
    assert ask(server, "GET", "faults").generation == generation
    assert (
        ask(server, method, "faults", body, headers={"If-Match": f'"0", "{generation}"'}).generation == generation + 1
    )
    assert ask(server, method, "faults", body, headers={"If-Match": "*"}).generation == generation + 2


def bomb(levels: int) -> str:
    """Seven lines that stand for ten million values."""
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 10)}]" for n in range(levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("path", ["faults", "faults/explain"])
def test_what_files_may_not_hold_no_request_may(server: RunningServer, path: str) -> None:
    method = "PATCH" if path == "faults" else "POST"
    for body, reason in (
        (bomb(7), "anchors and aliases"),
        ("description: &a hello", "anchors and aliases"),
        ("tool: a\ntool: b", "is given twice"),
    ):
        answer = ask(server, method, path, body)
        assert answer.status == 400, answer.text
        assert reason in answer.json["reason"]


def test_a_reset_that_was_meant_for_another_generation_is_refused(server: RunningServer) -> None:
    assert ask(server, "POST", "reset", headers={"If-Match": '"12345"'}).status == 409


def test_patch_merges_by_the_rules_names(server: RunningServer) -> None:
    ask(server, "PUT", "faults", {**DEFECTS, "rules": [ERRORS_ON_ADD, SLOW]})
    changed = {"name": "no-add", "do": [{"http": {"status": 429}}]}
    added = {"name": "more", "match": {"tool": "divide"}, "do": [{"result": {"is_error": "no"}}]}
    patched = ask(server, "PATCH", "faults", {"rules": [added, changed]})
    assert patched.json["profile"] == {**DEFECTS, "rules": [{**ERRORS_ON_ADD, **changed}, SLOW, added]}
    assert add(server).status == 429
    rules = [{"name": "slow", "do": None}, {"name": "no-add", "match": None}]
    patched = ask(server, "PATCH", "faults", {"seed": 9, "rules": rules})
    assert [rule["name"] for rule in patched.json["profile"]["rules"]] == ["no-add", "more"]
    assert "match" not in patched.json["profile"]["rules"][0]
    assert patched.json["seed"] == 9
    assert refusal(ask(server, "PATCH", "faults", {"rules": [{"name": "no-add", "whn": {}}]})) == (
        400, "invalid_profile", "rules[0].whn",
    )  # fmt: skip
    assert refusal(ask(server, "PATCH", "faults", {"rules": [{"do": []}]}))[2] == "rules[0].name"
    assert refusal(ask(server, "PATCH", "faults", "[]"))[0] == 400


def test_pause_and_resume_keep_the_profile(server: RunningServer) -> None:
    ask(server, "PUT", "faults", DEFECTS)
    assert ask(server, "POST", "faults/pause").json["paused"] is True
    assert add(server).status == 200
    assert ask(server, "POST", "faults/resume").json["paused"] is False
    assert add(server).status == 503


def test_a_profile_with_a_ttl_ends_by_itself_unless_it_is_renewed(server: RunningServer) -> None:
    first = ask(server, "PUT", "faults", DEFECTS, ttl="300ms")
    assert 0 < first.json["expires_in_seconds"] <= 0.3
    assert add(server).status == 503
    assert ask(server, "PUT", "faults", DEFECTS, ttl="1m").json["expires_in_seconds"] > 50
    kept = ask(server, "PATCH", "faults", {"rules": []})
    assert kept.json["expires_in_seconds"] > 50
    last = ask(server, "PUT", "faults", DEFECTS, ttl="1ms")
    until = time.monotonic() + 10
    while add(server).status != 200:
        assert time.monotonic() < until
    after = ask(server, "GET", "faults")
    assert after.json["rules"] == []
    assert after.generation == last.generation + 1, "an end is a change"


def test_the_presets_are_listed_and_put_in_place_by_name(server: RunningServer) -> None:
    presets = {preset["name"]: preset for preset in ask(server, "GET", "presets").json["presets"]}
    assert list(presets) == list(bundled_fixtures("faults"))
    for name, preset in presets.items():
        assert preset["description"]
        put = ask(server, "PUT", "faults", preset=name, seed=3)
        assert (put.json["seed"], [rule["name"] for rule in put.json["rules"]]) == (3, preset["rules"])
    assert refusal(ask(server, "PUT", "faults", preset="flaky")) == (404, "not_found", "preset")
    assert refusal(ask(server, "PUT", "faults", "{}", preset="garbage")) == (400, "invalid", "preset")


def test_explain_says_what_would_happen_to_a_call_and_counts_nothing(server: RunningServer) -> None:
    every = {"name": "second", "when": {"every": 2}, "do": [{"result": {"is_error": "no"}}]}
    ask(server, "PUT", "faults", {"version": 1, "rules": [ERRORS_ON_ADD, every]})
    for n, rules in ((1, ["no-add"]), (2, ["no-add", "second"])):
        answer = ask(server, "POST", "faults/explain", {"tool": "add", "arguments": ADD, "key": f"r/add/{n}"})
        assert [hit["rule"] for hit in answer.json["hits"]] == rules
        assert answer.json["hits"][0] | {"draw": 0} == {
            "rule": "no-add", "effect": "http_status", "phase": "before", "n": n, "draw": 0,
            "expected": "http_status", "order_or_time": [],
        }  # fmt: skip
    assert ask(server, "POST", "faults/explain", "tool: divide\nprotocol: 2025-11-25").json["hits"] == []
    assert [rule["matched"] for rule in ask(server, "GET", "faults").json["rules"]] == [0, 0]
    assert refusal(ask(server, "POST", "faults/explain", {"tol": "add"})) == (400, "invalid", "tol")
    assert refusal(ask(server, "POST", "faults/explain", {"protocol": "2031"})) == (400, "invalid", "protocol")
    assert refusal(ask(server, "POST", "faults/explain", "- 1")) == (400, "invalid", "")


@pytest.mark.parametrize(
    ("match", "fits", "does_not"),
    [
        ({"client": "me*"}, {"client": "mee"}, {"client": "you"}),
        ({"session": "s1"}, {"session": "s1"}, {"session": "s2"}),
        ({"header": {"X-Team": "a*"}}, {"headers": {"x-team": "ab"}}, {}),
        ({"era": "modern"}, {"protocol": MODERN}, {"protocol": HANDSHAKE}),
        ({"method": "initialize"}, {"method": "initialize"}, {"method": "tools/list"}),
        ({"arguments": [{"path": "a", "operator": ">", "value": 5}]}, {"arguments": {"a": 6}}, {"arguments": {"a": 4}}),
    ],
)
def test_explain_understands_everything_that_a_rule_can_match(
    server: RunningServer, match: Any, fits: dict[str, Any], does_not: dict[str, Any]
) -> None:
    latency = {"latency": {"distribution": "fixed", "delay": "1ms"}}
    put = ask(server, "PUT", "faults", {"version": 1, "rules": [{"name": "r", "match": match, "do": [latency]}]})
    assert put.status == 200, put.text
    call = {} if "method" in fits else {"tool": "add"}
    assert len(ask(server, "POST", "faults/explain", {**call, **fits}).json["hits"]) == 1
    assert ask(server, "POST", "faults/explain", {**call, **does_not}).json["hits"] == []


def test_the_journal_is_read_in_pages_and_filtered(server: RunningServer) -> None:
    ask(server, "PUT", "faults", {"version": 1, "rules": [ERRORS_ON_ADD, SLOW]})
    client = RawClient(server.url, MODERN)
    for n in range(5):
        client.call("add", ADD, Mcp_Testbed_Call=f"run/add/{n}")
        client.call("divide", ADD)
    eventually(lambda: len(ask(server, "GET", "journal").json["records"]), 15)
    start = ask(server, "GET", "journal", limit=1).json["records"][0]["sequence"] - 1
    seen: list[Any] = []
    after, more = start, True
    while more:
        page = ask(server, "GET", "journal", after=after, limit=4, rule="slow", counted="true").json
        seen += page["records"]
        after, more = page["next_after"], page["more"]
    assert [record["tool"] for record in seen] == ["add", "divide"] * 5
    assert set(seen[0]) == set(FIELDS)
    one = ask(server, "GET", "journal", call_key="run/add/3", effect="http_status").json
    assert [record["expected"] for record in one["records"]] == ["http_status"]
    assert one["outcomes"] == [{"kind": "call", "expected": "http_status", "count": 5}]
    assert refusal(ask(server, "GET", "journal", tol="add")) == (400, "invalid", "tol")
    assert ask(server, "POST", "reset").status == 200
    assert ask(server, "GET", "journal").json["records"] == []


def test_a_record_says_which_profile_it_belongs_to(server: RunningServer) -> None:
    generations = []
    for status in (503, 502, 500):
        rule = {**ERRORS_ON_ADD, "do": [{"http": {"status": status}}]}
        generations.append(ask(server, "PUT", "faults", {"version": 1, "rules": [rule]}).generation)
        assert [add(server).status for _ in range(2)] == [status, status]
    eventually(lambda: len(ask(server, "GET", "journal").json["records"]), 6)
    records = ask(server, "GET", "journal").json["records"]
    assert [record["generation"] for record in records] == sorted(generations * 2)
    found = ask(server, "GET", "journal", generation=generations[1]).json["records"]
    assert found == records[2:4]


def test_what_the_journal_has_no_more_is_counted_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "Journal", partial(Journal, 5))
    with running_server("calculator", faults=DEFECTS) as server:
        for _ in range(12):
            assert add(server).status == 503
        eventually(lambda: ask(server, "GET", "journal", after=11).json["records"] != [], True)
        first = ask(server, "GET", "journal", limit=3).json
        assert (first["lost"], [record["sequence"] for record in first["records"]]) == (7, [8, 9, 10])
        assert ask(server, "GET", "journal", after=first["next_after"]).json["lost"] == 0
        assert ask(server, "POST", "reset").status == 200
        assert ask(server, "GET", "journal").json["lost"] == 0, "they were forgotten on purpose"


@pytest.mark.parametrize(("kind", "content_type"), [("jsonl", "application/x-ndjson"), ("sse", "text/event-stream")])
def test_the_journal_streams_what_is_there_and_what_comes(server: RunningServer, kind: str, content_type: str) -> None:
    ask(server, "PUT", "faults", DEFECTS)
    add(server)
    connection = HTTPConnection(urlsplit(server.base_url).netloc, timeout=20)
    connection.request("GET", f"/_testbed/journal?stream={kind}&after=0&tool=add")
    response = connection.getresponse()
    assert (response.getheader("content-type") or "").startswith(content_type)
    sequences: list[int] = []
    while len(sequences) < 3:
        line = response.readline().decode().removeprefix("data: ")
        if line.startswith("{"):
            sequences.append(json.loads(line)["sequence"])
            add(server)
    assert sequences == list(range(sequences[0], sequences[0] + 3))
    connection.close()


def test_a_stop_ends_the_streams_of_the_journal() -> None:
    with running_server("calculator", grace=20) as server:
        connection = HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
        connection.request("GET", "/_testbed/journal?stream=jsonl")
        response = connection.getresponse()
        server.stop()
        assert response.read() == b""
        connection.close()


def test_a_reset_begins_anew(server: RunningServer) -> None:
    ask(server, "PUT", "faults", {"version": 1, "rules": [{**ERRORS_ON_ADD, "when": {"first": 1}}]})
    assert [add(server).status for _ in range(2)] == [503, 200]
    generation = ask(server, "POST", "reset").generation
    assert [add(server).status for _ in range(2)] == [503, 200]
    assert ask(server, "GET", "faults").generation == generation


def test_the_control_api_is_never_faulted(server: RunningServer) -> None:
    hang = {"version": 1, "rules": [{"name": "all", "do": [{"http": {"reset": "before_headers"}}]}]}
    assert ask(server, "PUT", "faults", hang).status == 200
    assert ask(server, "GET", "faults").json["rules"][0]["matched"] == 0
    assert [ask(server, "GET", path).status for path in ("presets", "journal")] == [200, 200]


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_method_is_told_the_right_ones(server: RunningServer, path: str) -> None:
    answer = ask(server, "TRACE", path)
    assert refusal(answer) == (405, "method_not_allowed", "")
    assert answer.headers["allow"]


@pytest.mark.parametrize("path", ["", "faults/", "faults/none", "fault", "../mcp", "%00"])
def test_a_path_that_there_is_not_is_not_found(server: RunningServer, path: str) -> None:
    assert refusal(ask(server, "GET", path)) == (404, "not_found", "")


def test_a_path_or_a_method_that_there_is_not_comes_with_one_that_there_is(server: RunningServer) -> None:
    assert ask(server, "GET", "journl").json["reason"] == (
        "there is no GET /_testbed/journl (did you mean /_testbed/journal?)"
    )
    assert ask(server, "GET", "reset").json["reason"] == "there is no GET /_testbed/reset; there is POST"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        *[({"ttl": ttl}, "ttl") for ttl in ("0", "-1s", "soon", "2d", "nan")],
        *[({"seed": seed}, "seed") for seed in ("x", "1.5", str(2**63), "٣")],
        ({"tll": "1s"}, "tll"),
    ],
)
def test_a_bad_parameter_is_named(server: RunningServer, parameters: dict[str, Any], field: str) -> None:
    answer = ask(server, "PUT", "faults", DEFECTS, **parameters)
    assert refusal(answer) == (400, "invalid", field)


def test_a_parameter_given_twice_is_refused(server: RunningServer) -> None:
    assert refusal(ask(server, "GET", "journal?limit=1&limit=2")) == (400, "invalid", "limit")


def test_a_body_is_bounded(server: RunningServer) -> None:
    assert refusal(ask(server, "PUT", "faults", "x" * 300_000)) == (413, "too_large", "")
    assert refusal(ask(server, "PUT", "faults", b"\xff\xfe")) == (400, "invalid", "")


def test_a_client_that_leaves_in_the_middle_of_its_body_does_no_harm(server: RunningServer) -> None:
    host = urlsplit(server.base_url)
    with socket.create_connection((host.hostname, host.port)) as client:
        client.sendall(b"PUT /_testbed/faults HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{")
    assert ask(server, "GET", "faults").status == 200


def test_what_a_browser_sends_for_another_site_is_refused(server: RunningServer) -> None:
    assert ask(server, "PUT", "faults", DEFECTS, headers={"Origin": "http://evil.example"}).status == 403
    assert ask(server, "GET", "faults", headers={"Host": "evil.example"}).status == 421


@pytest.mark.parametrize("settings_", [{}, {"admin_port": 0}])
def test_a_token_guards_all_of_it_and_nothing_else(settings_: dict[str, Any]) -> None:
    with running_server("calculator", admin_token="s3cret", **settings_) as server:
        for base in filter(None, (server.base_url, server.admin_url)):
            for path in (*PATHS, "nothing", ""):
                for given_ in (None, "Bearer s3cre", "Basic s3cret", "Bearer", "s3cret"):
                    answer = ask(base, "GET", path, headers={} if given_ is None else {"Authorization": given_})
                    assert refusal(answer) == (401, "unauthorized", "Authorization")
                    assert answer.headers["www-authenticate"] == "Bearer"
            assert ask(base, "GET", "faults", headers={"Authorization": "bearer s3cret"}).status == 200
        assert add(server).status == 200


def test_the_admin_port_has_the_control_api_alone() -> None:
    with running_server("calculator", faults=DEFECTS, admin_port=0) as server:
        assert server.admin_url is not None
        assert ask(server.admin_url, "GET", "faults").json["profile"] == DEFECTS
        assert ask(server, "GET", "faults").json["profile"] == DEFECTS
        for path in ("/mcp", "/health", "/metrics"):
            connection = HTTPConnection(urlsplit(server.admin_url).netloc, timeout=20)
            connection.request("GET", path)
            assert connection.getresponse().status == 404
            connection.close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["version", "seed", "rules", "name", "match", "when", "do", "tool", "http", "status", "latency", "sse", "result",
     "jsonrpc", "session", "capacity", "every", "probability", "after", "for", "burst", "method", "arguments", "path"]
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, -1, 0.5, "*", "add", "1s", "tools/call", 503, True, None, [], {}, "\ud800", 10**400]
)
LIKELY = st.recursive(
    VALUES | JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
PROFILES = st.builds(
    lambda rules: {"version": 1, "rules": rules},
    st.lists(
        st.fixed_dictionaries(
            {"name": st.just("r") | VALUES, "do": LIKELY}, optional={"match": LIKELY, "when": LIKELY}
        ),
        max_size=2,
    ),
)
BODIES = st.one_of(
    (JSON | LIKELY | PROFILES).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"&a [*a]", b"!!python/object:os.system x", b"[" * 3_000, b"{" * 3_000, b"a: " * 99, b"%YAML 9", b"2026-02-30"]
    ),
)  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(["ttl", "seed", "preset", "after", "limit", "tool", "counted", "request_id"]) | st.text(max_size=6),
    st.sampled_from(["1", "0", "-1", "1s", "garbage", "null", "true"]) | st.text(max_size=12),
    max_size=3,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS"]),
    path=st.sampled_from(PATHS) | st.text(max_size=12),
    query=QUERIES,
    body=BODIES,
)
def test_nothing_that_is_sent_makes_it_fail(
    shared: RunningServer, method: str, path: str, query: dict[str, str], body: bytes
) -> None:
    pairs: dict[str, Any] = {
        name: value.encode("utf-8", "surrogatepass") for name, value in query.items() if name.isprintable()
    }
    answer = ask(shared, method, quote(path.encode("utf-8", "surrogatepass")), body, **pairs)
    assert answer.status in (200, 400, 404, 405, 409, 413), answer.text
    if method != "HEAD":
        assert isinstance(answer.json, dict)
        assert answer.status == 200 or re.fullmatch(r"[a-z_]+", answer.json["error"])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from(["PUT", "PATCH"]), body=PROFILES | LIKELY)
def test_no_profile_makes_it_fail(shared: RunningServer, method: str, body: Any) -> None:
    answer = ask(shared, method, "faults", json.dumps(body))
    assert answer.status in (200, 400), answer.text
    assert answer.status == 200 or answer.json["reason"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.dictionaries(
        st.sampled_from(["method", "tool", "arguments", "protocol", "session", "client", "headers", "key"]),
        VALUES | JSON | st.sampled_from([HANDSHAKE, MODERN, "initialize", {"x": "\n"}]),
        max_size=5,
    )
)
def test_no_description_of_a_call_makes_it_fail(shared: RunningServer, body: Any) -> None:
    answer = ask(shared, "POST", "faults/explain", json.dumps(body))
    assert answer.status in (200, 400), answer.text
