"""Mistakes that people make in profiles, and all that is said about each: where it is, what is wrong, what to do."""

import re

import pytest

from formats.errors import InvalidDocument
from servers.faults.effects import EFFECTS
from servers.faults.profile import parse_profile

TOOLS = ("create_payment", "verify_payment", "get_wallet_balance")
HEAD = "version: 1\nrules:\n  - name: one\n"
DO_LATENCY = "    do: [{latency: 1s}]\n"


def findings_in(text: str) -> list[str]:
    """Without line and file."""
    with pytest.raises(InvalidDocument) as refused:
        parse_profile(text, "p", EFFECTS, TOOLS)
    assert all(problem.startswith("p:") for problem in refused.value.problems)
    return [found.sentence for found in refused.value.findings]


def tells(found: list[str], sentences: list[str]) -> bool:
    """Whether these are the sentences; … in one of them stands for anything."""
    patterns = (re.escape(sentence).replace("…", ".*") for sentence in sentences)
    return len(found) == len(sentences) and all(map(re.fullmatch, patterns, found))


DO: list[tuple[str, list[str]]] = [
    ("{latency: -5s}", ['latency should not be negative, got "-5s"']),
    ("{latency: {distribution: lognormal, p50: -5s, p99: 1s}}", ['latency.p50 should not be negative, got "-5s"']),
    ("{latency: 99999d}", ['latency should be a duration of a day or less, got "99999d"']),
    ("{latency: }", ["latency should be a duration such as 500ms, 30s or 1m30s, got null"]),
    ("{latency: {distribution: lognormal, p50: 1s, p9: 2s}}", ["latency.p9 is not known (did you mean p99?)"]),
    ("{latency: {distribution: fixed, delay: 1s, phse: after}}", ["latency.phse is not known (did you mean phase?)"]),
    (
        "{latency: {distribution: lognorml, p50: 1s, p99: 2s}}",
        ["latency.distribution should be 'fixed', 'unif…mp', got \"lognorml\" (did you mean lognormal?)"],
    ),
    (
        "{latency: {distribution: lognormal, p50: 3s, sigma: 2}}",
        ['latency should have p50 and p99, or mu and si…ution": "lognormal", "p50": "3s", "sigma": 2}'],
    ),
    (
        "{latency: {distribution: mixture, parts: [{weigth: 1, of: 1s}, {weight: 1}]}}",
        [
            "latency.parts[0].weight is required",
            "latency.parts[0].weigth is not known (did you mean weight?)",
            "latency.parts[1].of is required",
        ],
    ),
    (
        "{capacity: {workers: 0, queue: -1}}",
        [
            "capacity.workers should be greater than or equal to 1, got 0",
            "capacity.queue should be greater than or equal to 0, got -1",
            "capacity.service is required",
        ],
    ),
    (
        "{capacity: {workers: 1, queue: 1, service: 1s, shed: 500, retry_after: 1s}}",
        ['capacity should have retry_after with shed 42…"queue": 1, "service": "1s", "shed": 500, "r…'],
    ),
    (
        "{capacity: {workers: 1, queue: 1, service: {distribution: exponential, men: 1s}}}",
        ["capacity.service.mean is required", "capacity.service.men is not known (did you mean mean?)"],
    ),
    ("{capacity: {workers: 1, queue: 1, service: -1s}}", ['capacity.service should not be negative, got "-1s"']),
    (
        "{http: 503}",
        ["http should be a mapping with one of status,…ype, empty, accepted, redirect, huge, got 503"],
    ),
    (
        "{http: {}}",
        ["http should have one of status, hang, reset,…type, empty, accepted, redirect, huge, got {}"],
    ),
    (
        "{http: {statsu: 503}}",
        ['http should have one of status, hang, reset,…e (did you mean status?), got {"statsu": 503}'],
    ),
    ('{http: {status: "503"}}', ['http.status should be a valid integer, got "503": leave the quotes out']),
    ("{http: {status: 503, retry: 1s}}", ["http.retry is not known (did you mean retry_after?)"]),
    ("{http: {status: 503, evry: 1s}}", ["http.evry is not known"]),
    ("{http: {status: 503, retry_after: -1s}}", ['http.retry_after should not be negative, got "-1s"']),
    (
        "{http: {status: 503, retry_after: soon}}",
        ["http.retry_after should be 'date', 'absurd' o…ation such as 500ms, 30s or 1m30s, got \"soon\""],
    ),
    (
        "{http: {status: 500, retry_after: 1s}}",
        ['http should have retry_after with status 429 or 503 only, got {"status": 500, "retry_after": "1s"}'],
    ),
    ("{http: {hang: -1s}}", ['http.hang should not be negative, got "-1s"']),
    ("{http: {hang: 0}}", ["http.hang should be true, or greater than 0, got 0"]),
    ("{http: {hang: forever}}", ['http.hang should be true, or a duration such as 500ms, 30s or 1m30s, got "forever"']),
    (
        "{http: {reset: befor_headers}}",
        ["http.reset should be 'before_headers' or 'aft…befor_headers\" (did you mean before_headers?)"],
    ),
    (
        "{http: {reset: {aftr: 3}}}",
        ["http.reset.after is required", "http.reset.aftr is not known (did you mean after?)"],
    ),
    ("{http: {malformed_json: yes please}}", ['http.malformed_json should be true, got "yes please"']),
    (
        "{http: {drip: {bytes: 0, every: 0}}}",
        [
            "http.drip.bytes should be greater than or equal to 1, got 0",
            "http.drip.every should be greater than 0, got 0",
        ],
    ),
    ("{sse: {chatter: 3, every: -1s}}", ['sse.every should not be negative, got "-1s"']),
    ("{sse: {chatter: 3, every: 2d}}", ['sse.every should be a duration of a day or less, got "2d"']),
    (
        f"{{sse: {{chatter: 3, every: {'9' * 400}}}}}",
        ["sse.every should be a duration of a day or le…99999999999999999999999999999999999999999999…"],
    ),
    ("{sse: {split: 7, every: -1s}}", ['sse.every should not be negative, got "-1s"']),
    (
        "{sse: {comments_only: 1, then: hangs}}",
        ["sse.then should be 'end' or 'hang', got \"hangs\" (did you mean hang?)"],
    ),
    ("{session: {slow_initialize: 0}}", ["session.slow_initialize should be greater than 0, got 0"]),
    ("{session: {slow_initialize: -2s}}", ['session.slow_initialize should not be negative, got "-2s"']),
    (
        "{jsonrpc: {id: rong}}",
        ["jsonrpc.id should be 'wrong', 'null', 'string' or 'missing', got \"rong\" (did you mean wrong?)"],
    ),
    (
        "{result: {vanish: create_paymnt}}",
        ["result is about a tool that this server does…e_payment, verify_payment, get_wallet_balance"],
    ),
    (
        "{latency: 1s, http: {status: 503}}",
        ['should be one effect, such as {http: {status: 503}}, got {"latency": "1s", "http": {"status": 503}}'],
    ),
    ("~", ["should be a mapping, got null"]),
    (
        "{latancy: 1s}",
        ["latancy is not known (did you mean latency?);…capacity, http, sse, jsonrpc, result, session"],
    ),
]

WHEN: list[tuple[str, list[str]]] = [
    ("{after: -1s}", ['after should not be negative, got "-1s"']),
    ("{for: 0s}", ['for should be greater than 0, got "0s"']),
    ("{for: -3m}", ['for should not be negative, got "-3m"']),
    ("{after: 2d}", ['after should be a duration of a day or less, got "2d"']),
    ("{burst: {period: -60s, length: 4s}}", ['burst.period should not be negative, got "-60s"']),
    (
        "{burst: {period: 0, length: 0}}",
        ["burst.period should be greater than 0, got 0", "burst.length should be greater than 0, got 0"],
    ),
    ("{ramp: {from: 0, to: 1, over: -1s}}", ['ramp.over should not be negative, got "-1s"']),
    ("{probability: .nan}", ["probability should be a finite number, got NaN"]),
    ("{probability: 20%}", ['probability should be a valid number, got "20%"']),
    ("{probability: 1e-3}", ['probability should be a valid number, got "1e-3": YAML takes it for text, write 1.0e-3']),
    ('{probability: "0.2"}', ['probability should be a valid number, got "0.2": leave the quotes out']),
    ("{probability: 20}", ["probability should be less than or equal to 1, got 20"]),
    ("{every: 0}", ["every should be greater than or equal to 1, got 0"]),
    ("{every: 1e30}", ['every should be a valid integer, got "1e30": YAML takes it for text, write its digits']),
    ("{bucket: {rate: .inf, size: 1}}", ["bucket.rate should be a finite number, got Infinity"]),
    ("{bucket: {rate: 1, size: 1, per: client}}", ["bucket.per should be 'server' or 'session', got \"client\""]),
    ("{burst: {period: 60s, length: 4s, rate: 3}}", ["burst.rate is not known (it belongs under bucket)"]),
    ("{probability: }", ["probability has no value: give it one, or leave it out"]),
]

MATCH: list[tuple[str, list[str]]] = [
    ("{tool: }", ["tool has no value: give it one, or leave it out"]),
    ("{tool: ''}", ['tool should have at least 1 character, got ""']),
    ("{tool: [a, b]}", ['tool should be a valid string, got ["a", "b"]']),
    (
        "{tool: Create_Payment}",
        ["tool matches no tool of this server (did you…e_payment, verify_payment, get_wallet_balance"],
    ),
    ("{probability: 0.2}", ["probability is not known (it belongs under when)"]),
    ("{status: 503}", ["status is not known"]),
    (
        "{arguments: [{path: amount, operator: '=', value: 3}]}",
        ["arguments[0].operator should be '==', '!=', '…sts' or 'missing', got \"=\" (did you mean ==?)"],
    ),
    (
        "{arguments: [{path: 'a..b', value: 3}]}",
        ['arguments[0].path should be the way to an argument, such as items[0].price, got "a..b"'],
    ),
    ("{header: {x-a: 3}}", ["header.x-a should be a valid string, got 3: put it in quotes"]),
    ("{attempt: 0}", ["attempt should be greater than or equal to 1, got 0"]),
    ("{era: modern, session: abc}", ["session cannot be matched in the modern era, which has no sessions"]),
    ("{protocol: 2025-02-30}", ["not valid YAML: 2025-02-30: day is out of range for month"]),
]


@pytest.mark.parametrize(("effect", "sentences"), DO)
def test_a_mistake_in_an_effect(effect: str, sentences: list[str]) -> None:
    found = findings_in(f"{HEAD}    do: [{effect}]\n")
    assert tells([sentence.removeprefix("rules[0].do[0]").lstrip(". ") for sentence in found], sentences), found


@pytest.mark.parametrize(("when", "sentences"), WHEN)
def test_a_mistake_in_when(when: str, sentences: list[str]) -> None:
    found = findings_in(f"{HEAD}    when: {when}\n{DO_LATENCY}")
    assert tells([sentence.removeprefix("rules[0].when.") for sentence in found], sentences), found


@pytest.mark.parametrize(("match", "sentences"), MATCH)
def test_a_mistake_in_match(match: str, sentences: list[str]) -> None:
    found = findings_in(f"{HEAD}    match: {match}\n{DO_LATENCY}")
    assert tells([sentence.removeprefix("rules[0].match.") for sentence in found], sentences), found


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", ["the document is empty"]),
        ("- a\n", ['the document should be a mapping, got ["a"]']),
        ("rules: []\n", ["version is required"]),
        ('version: "1"\nrules: []\n', ['version should be 1, got "1": leave the quotes out']),
        ("version: 1\nrules:\n", ["rules should be a list, got null"]),
        ("version: 1\nrules: [abc]\n", ['rules[0] should be a mapping, got "abc"']),
        ("version: 1\nrules: {one: {}}\n", ['rules should be a list, got {"one": {}}']),
        ("version: 1\nrülés: []\nrules: []\n", ["rülés is not known (did you mean rules?)"]),
        ("version: 1\nvus: 3\nrules: []\n", ["vus is not known"]),
        ('version: 1\ndescription: "a\\nb"\nrules: []\n', ['description should be one line, got "a\\nb"']),
        ("version: 1\nseed: abc\nrules: []\n", ['seed should be a valid integer, got "abc"']),
        (
            "version: 1\ndeterministic: 'true'\nrules: []\n",
            ['deterministic should be a valid boolean, got "true": leave the quotes out'],
        ),
        (HEAD + "    tool: create_payment\n" + DO_LATENCY, ["rules[0].tool is not known (it belongs under match)"]),
        (HEAD + "    every: 3\n" + DO_LATENCY, ["rules[0].every is not known (it belongs under when)"]),
        (HEAD + "    seed: 3\n" + DO_LATENCY, ["rules[0].seed is not known (it belongs at the top)"]),
        (
            HEAD + "    latency: 1s\n",
            ["rules[0].do is required", "rules[0].latency is not known (it belongs under do)"],
        ),
        (HEAD + "    do: []\n", ["rules[0].do should have an effect, such as {http: {status: 503}}, got []"]),
        (HEAD + "    do:\n", ["rules[0].do should have an effect, such as {http: {status: 503}}, got null"]),
        (HEAD + "    do: {latency: 1s}\n", ['rules[0].do should be a list, got {"latency": "1s"}']),
        (
            HEAD.replace("one", "yes") + DO_LATENCY,
            ["rules[0].name should be a valid string, got true: put it in quotes"],
        ),
        (
            HEAD.replace("one", "größe") + DO_LATENCY,
            ['rules[0].name should have 1 to 80 letters, digits, dots, - and _, got "größe"'],
        ),
        (HEAD + DO_LATENCY + "  - name: one\n" + DO_LATENCY, ["rules[1].name one is the name of rules[0] already"]),
        (HEAD + "    match: {tool: a, tool: b}\n" + DO_LATENCY, ["rules[0].match.tool is given twice"]),
        (HEAD + "\tdo: []\n", ["not valid YAML: a tab cannot indent; use blanks"]),
        (HEAD + "    match: {tool: *}\n", ["not valid YAML: a text that begins with * or & has to be in quotes"]),
        (HEAD + "    on: 3\n" + DO_LATENCY, ["rules[0].True should be text, as all keys, got true: put it in quotes"]),
        (
            HEAD + "    match: {era: modern}\n    when: {bucket: {rate: 1, size: 1, per: session}}\n" + DO_LATENCY,
            ["rules[0].when.bucket.per cannot be session in the modern era, which has no sessions"],
        ),
        (
            HEAD + "    match: {era: modern}\n    do: [{session: {expire: 404}}]\n",
            ["rules[0].do[0].session acts on requests of the handshake era only, which this rule does not match"],
        ),
    ],
)
def test_a_mistake_in_the_frame(text: str, sentences: list[str]) -> None:
    assert tells(found := findings_in(text), sentences), found
