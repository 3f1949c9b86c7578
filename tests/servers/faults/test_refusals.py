"""What the control API refuses: the field as it was written in the request, and a sentence about it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.faults.journal import FIELDS
from servers.testing import RunningServer, running_server
from tests.support.control import Answer, ask

ONE: dict[str, Any] = {"name": "one", "do": [{"latency": "1ms"}]}
TWO: dict[str, Any] = {"name": "two", "do": [{"latency": "1ms"}]}
TIMED: dict[str, Any] = {"name": "timed", "when": {"after": "1h"}, "do": [{"latency": "1ms"}]}
Problems = list[tuple[str, str]]


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningServer]:
    with running_server("calculator") as server:
        yield server


@pytest.fixture
def server(shared: RunningServer) -> RunningServer:
    """A calculator with the rules one, two and timed."""
    assert ask(shared, "PUT", "faults", {"version": 1, "rules": [ONE, TWO, TIMED]}).status == 200
    return shared


def told(answer: Answer) -> tuple[int, str, Problems]:
    """Status, kind, and all problems."""
    said = answer.json
    problems = said.get("problems", [said])
    assert (said["field"], said["reason"]) == (problems[0]["field"], problems[0]["reason"])
    return answer.status, said["error"], [(problem["field"], problem["reason"]) for problem in problems]


def rule(**keys: Any) -> dict[str, Any]:
    return {"version": 1, "rules": [ONE, {**TWO, **keys}]}


PUT: list[tuple[Any, Problems]] = [
    ("", [("", "line 1: the document is empty")]),
    ("- 1", [("", "line 1: the document should be a mapping, got [1]")]),
    ("[1", [("", "line 1: not valid YAML: a bracket is open at the end: ] is missing")]),
    (
        "version: 1\nrules: &a []",
        [("", "line 2: anchors and aliases (& and *) are not read: write it out, or quote it")],
    ),
    ("version: 1\nrules:\n  - {name: a, name: b}", [("rules[0].name", "line 3: rules[0].name is given twice")]),
    ('{"version": 1, "rules": [], "rules": []}', [("rules", "line 1: rules is given twice")]),
    ({"rules": []}, [("version", "version is required")]),
    ({"version": 1, "rules": [], "a b": 1}, [("a b", "a b is not known")]),
    ({"version": 1, "rules": [], "größe": 1}, [("größe", "größe is not known")]),
    ({"version": 1, "rules": [], "": 1}, [('""', '"" is not known')]),
    (
        rule(do=[{"latency": {"distribution": "lognormal", "p50": "-5s", "p99": "x"}}]),
        [
            ("rules[1].do[0].latency.p50", 'rules[1].do[0].latency.p50 should not be negative, got "-5s"'),
            ("rules[1].do[0].latency.p99", "rules[1].do[0].latency.p99 should be a duration such as …"),
        ],
    ),
    (
        rule(do=[{"http": {"status": 503}}, {"http": {"reset": {"aftr": 3}}}]),
        [
            ("rules[1].do[1].http.reset.after", "rules[1].do[1].http.reset.after is required"),
            ("rules[1].do[1].http.reset.aftr", "rules[1].do[1].http.reset.aftr is not known (did you mean after?)"),
        ],
    ),
    (
        rule(match={"header": {"x-ä b": 3}}),
        [
            (
                "rules[1].match.header.x-ä b",
                "rules[1].match.header.x-ä b should be a valid string, got 3: put it in quotes",
            )
        ],
    ),
    (
        rule(match={"attempt": {"from": 3, "to": 2}}),
        [("rules[1].match.attempt", "rules[1].match.attempt should not end before it begins")],
    ),
]


@pytest.mark.parametrize(("body", "problems"), PUT)
def test_a_profile_is_refused_with_the_way_to_what_is_wrong(
    server: RunningServer, body: Any, problems: Problems
) -> None:
    status, error, found = told(ask(server, "PUT", "faults", body))
    assert (status, error) == (400, "invalid_profile")
    assert [field for field, _ in found] == [field for field, _ in problems]
    for (_, reason), (_, expected) in zip(found, problems, strict=True):
        assert reason.startswith(expected.removesuffix("…"))


PATCH: list[tuple[Any, Problems]] = [
    ("", [("", "the document is empty")]),
    ("rules: [", [("", "line 1: not valid YAML: there should be a value here")]),
    ("[]", [("", "the document should be a mapping, got []")]),
    ({"rules": {}}, [("rules", "rules should be a list, got {}")]),
    ({"sed": 3}, [("sed", "sed is not known (did you mean seed?)")]),
    ({"rules": [{"name": "two", "whn": {}}]}, [("rules[0].whn", "rules[0].whn is not known (did you mean when?)")]),
    (
        {"rules": [{"name": "one"}, {"do": []}]},
        [
            ("rules[1].name", "rules[1].name is required"),
            ("rules[1].do", "rules[1].do should have an effect, such as…"),
        ],
    ),
    (
        {"rules": [{"name": "timed", "when": {"after": "-1s"}}, {"name": "tow", "when": {"every": 2}}]},
        [
            ("rules[0].when.after", 'rules[0].when.after should not be negative, got "-1s"'),
            ("rules[1].do", "rules[1].do is required: no rule is named tow yet (did you mean two?)"),
        ],
    ),
    (
        {"rules": [{"name": "tow", "do": None}]},
        [("rules[0].name", "rules[0].name names no rule that could be taken away (did you mean two?)")],
    ),
    (
        {"rules": [{"name": "two"}, {"name": "two"}]},
        [("rules[1].name", "rules[1].name two is the name of rules[0] already")],
    ),
    (
        {"deterministic": True},
        [
            (
                "rules[2].when.after",
                (
                    "rules[2].when.after depends on order or time, which deterministic: true rules out "
                    "(in the rule timed that is in place)"
                ),
            )
        ],
    ),
]


@pytest.mark.parametrize(("body", "problems"), PATCH)
def test_changes_are_refused_with_the_way_as_the_changes_have_it(
    server: RunningServer, body: Any, problems: Problems
) -> None:
    before = ask(server, "GET", "faults").generation
    status, error, found = told(ask(server, "PATCH", "faults", body))
    assert (status, error) == (400, "invalid_profile")
    assert [field for field, _ in found] == [field for field, _ in problems]
    for (_, reason), (_, expected) in zip(found, problems, strict=True):
        assert reason.startswith(expected.removesuffix("…"))
    assert ask(server, "GET", "faults").generation == before


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ("", "", "line 1: the document is empty"),
        ("tool: a\ntool: b", "tool", "line 2: tool is given twice"),
        ("tool: add\nprotocol: 2031", "protocol", "line 2: protocol should be one of 2024-11-05, "),
        ("3: 4", "3", "line 1: 3 should be text, as all keys, got 3: put it in quotes"),
        ({"tol": "add"}, "tol", "tol is not known (did you mean tool?)"),
        ({"headers": {"a": 3}}, "headers.a", "headers.a should be a valid string, got 3: put it in quotes"),
        ({"arguments": [1]}, "arguments", "arguments should be a mapping, got [1]"),
        ([], "", "the document should be a mapping, got []"),
    ],
)
def test_a_call_to_explain_is_refused_with_the_way_to_what_is_wrong(
    server: RunningServer, body: Any, field: str, reason: str
) -> None:
    status, error, [(named, said)] = told(ask(server, "POST", "faults/explain", body))
    assert (status, error, named) == (400, "invalid", field)
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("method", "path", "query", "reason"),
    [
        ("PUT", "faults", {"ttl": "-5s"}, 'should not be negative, got "-5s"'),
        ("PUT", "faults", {"ttl": "0s"}, 'should be more than 0, got "0s"'),
        ("PUT", "faults", {"ttl": "2d"}, 'should be a duration of a day or less, got "2d"'),
        ("PUT", "faults", {"ttl": "9" * 400}, "should be a duration of a day or less, got "),
        ("PUT", "faults", {"tll": "5s"}, "is not known (did you mean ttl?); there are ttl, seed, preset"),
        ("PUT", "faults", {"seed": "1e3"}, "should be a whole number from -9223372036854775807 to "),
        ("GET", "faults", {"seed": "1"}, "is not known; there are none here"),
        ("GET", "journal", {"limit": "0"}, 'should be a whole number from 1 to 1000, got "0"'),
        ("GET", "journal", {"after": "-1"}, "should be a whole number from 0 to "),
        ("GET", "journal", {"stream": "xml"}, 'should be jsonl or sse, got "xml"'),
        ("GET", "journal", {"counted": "True"}, 'should be true or false, got "True" (did you mean true?)'),
        ("GET", "journal", {"phase": "befor"}, 'should be before or after, got "befor" (did you mean before?)'),
        ("GET", "journal", {"kind": "calls"}, "should be call, initialize, delete, list, notification or other, got"),
        ("GET", "journal", {"reason": "gone"}, 'should be "", nothing to act on, cannot write raw bytes, client gone'),
        ("GET", "journal", {"generation": "1.5"}, 'should be a whole number, got "1.5"'),
        (
            "GET",
            "journal",
            {"tol": "add"},
            "is not known (did you mean tool?); there are after, limit, stream, sequence",
        ),
    ],
)
def test_a_parameter_is_refused_by_its_name(
    server: RunningServer, method: str, path: str, query: dict[str, Any], reason: str
) -> None:
    (name,) = query
    status, error, [(field, said)] = told(ask(server, method, path, **query))
    assert (status, error, field) == (400, "invalid", name)
    assert said.startswith(f"{name} {reason}")


def test_an_unknown_preset_comes_with_the_nearest(server: RunningServer) -> None:
    status, error, [(field, said)] = told(ask(server, "PUT", "faults", preset="garbag"))
    assert (status, error, field) == (404, "not_found", "preset")
    assert said.startswith("preset garbag is not known (did you mean garbage?); they are deploy-rollover, ")


@pytest.mark.parametrize("tag", ['"x"', 'W/"3"', "abc", "", '"1", x', "-1", "9" * 30])
def test_an_if_match_that_is_no_generation_is_no_conflict_but_a_mistake(server: RunningServer, tag: str) -> None:
    for method, path in (("PUT", "faults"), ("PATCH", "faults"), ("DELETE", "faults"), ("POST", "reset")):
        status, error, [(field, said)] = told(ask(server, method, path, "{}", headers={"If-Match": tag}))
        assert (status, error, field) == (400, "invalid", "If-Match")
        assert said.startswith('If-Match should be generations such as "3", or *, got ')


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [0, -1, 1e300, True, None, [], {}, "", "-5s", "add", "503", "\ud800", 10**400, "x" * 300]
)
DEEP = st.integers(1, 1_500).map(lambda levels: "[" * levels + "]" * levels)
RULES = st.lists(
    st.dictionaries(
        st.sampled_from(["name", "do", "match", "when", "exclusive", "whn"]),
        VALUES | st.sampled_from(["one", "two", [{"latency": "1s"}], {"every": 2}, {"tool": "a*"}, {"after": -1}]),
        max_size=4,
    )
    | VALUES,
    max_size=3,
)


def is_said(answer: Answer) -> None:
    """A success, or a refusal in full; never a failure of the server."""
    assert answer.status in (200, 400, 404, 409, 413), answer.text
    if answer.status != 200:
        assert answer.json["reason"]
        assert isinstance(answer.json["field"], str)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(["version", "seed", "deterministic", "rules", "description"]), VALUES, max_size=2
    ),
    rules=RULES,
)
def test_no_change_of_a_profile_makes_it_fail(server: RunningServer, changes: dict[str, Any], rules: Any) -> None:
    is_said(ask(server, "PATCH", "faults", json.dumps({**changes, "rules": rules})))
    is_said(ask(server, "PUT", "faults", {"version": 1, "rules": [ONE, TWO, TIMED]}))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    way=st.sampled_from([("PUT", "faults"), ("PATCH", "faults"), ("POST", "faults/explain")]),
    form=st.sampled_from(['{{"{key}": {deep}}}', "{key}: {deep}"]),
    deep=DEEP,
    key=st.sampled_from(["version", "rules", "seed", "arguments", "tool", "headers", "key", "protocol"]),
)
def test_nothing_is_too_deep_for_it(
    shared: RunningServer, way: tuple[str, str], form: str, deep: str, key: str
) -> None:
    is_said(ask(shared, *way, form.format(key=key, deep=deep)))


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["PUT", "PATCH", "DELETE", "POST"]),
    headers=st.dictionaries(
        st.sampled_from(["If-Match", "If-None-Match", "Content-Type", "Content-Encoding", "Accept", "Authorization"]),
        TEXT | st.sampled_from(['"0"', "*", "gzip", "text/html", "application/json; charset=utf-16", "Bearer x", ","]),
    ),
)
def test_no_header_makes_it_fail(shared: RunningServer, method: str, headers: dict[str, str]) -> None:
    path = "faults" if method != "POST" else "reset"
    is_said(ask(shared, method, path, {"version": 1, "rules": [ONE]} if method != "DELETE" else None, headers=headers))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.lists(
        st.tuples(
            st.sampled_from(["after", "limit", *FIELDS]),
            st.sampled_from(["0", "1", "-1", "null", "true", "", "1e5", "٣", "9" * 30]) | st.text(max_size=8),
        ),
        max_size=4,
    )
)
def test_no_question_to_the_journal_makes_it_fail(shared: RunningServer, query: list[tuple[str, str]]) -> None:
    pairs = (f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in query)
    is_said(ask(shared, "GET", f"journal?{'&'.join(pairs)}"))
