import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from formats.errors import InvalidInput
from formats.fixtures import bundled_fixtures, find_fixture
from servers.faults.effects import EFFECTS
from servers.faults.latency import DISTRIBUTIONS
from servers.faults.match import Match
from servers.faults.model import Profile
from servers.faults.profile import LARGEST, parse_profile, read_profile
from servers.faults.when import When
from servers.wire.call import Call

TOOLS = ("create_payment", "verify_payment", "get_wallet_balance")
PRESETS = {
    "flaky-network",
    "overloaded",
    "slow-tail",
    "rate-limited",
    "deploy-rollover",
    "lossy-sse",
    "zombie-sessions",
    "schema-drift",
    "garbage",
}
EXAMPLE = """\
version: 1
seed: 42
rules:
  - name: slow-creates
    match: {tool: create_payment}
    when: {probability: 0.2, after: 10s, for: 30s}
    do: [{latency: {distribution: lognormal, p50: 80ms, p99: 900ms}}]
  - name: every-seventh-503
    match: {tool: "verify_*", era: modern}
    when: {every: 7, max_count: 100}
    do: [{http: {status: 503, retry_after: 1}}]
  - name: wallet-asleep
    match: {tool: get_wallet_balance, protocol: 2025-11-25}
    when: {probability: 0.1}
    do: [{latency: 80ms}, {result: {is_error: "wallet is asleep"}}]
    exclusive: true
"""


def parse(text: str, seed: int | None = None) -> Profile:
    return parse_profile(text, "p.yaml", EFFECTS, TOOLS, seed)


def problems_in(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        parse(text)
    return [problem.removeprefix("p.yaml:") for problem in raised.value.problems]


def rule(text: str) -> str:
    """A profile of one rule that is fine but for `text`, which begins on line 4."""
    return f"version: 1\nrules:\n  - name: one\n{text}"


DO = "    do: [{latency: 1s}]\n"
EXPIRE = "    do: [{session: {expire: 404}}]\n"
REFUSE = "    do: [{session: {refuse_initialize: 503}}]\n"
RESULT_TYPE = "    do: [{result: {result_type: x}}]\n"
IS_ERROR = "    do: [{result: {is_error: x}}]\n"
MATCH, EFFECT, SECOND = "4: rules[0].match", "4: rules[0].do[0]", "5: rules[0].do[0]"


def test_the_example_is_read() -> None:
    profile = parse(EXAMPLE)
    slow, seventh, asleep = profile.rules
    assert (profile.seed, profile.deterministic) == (42, False)
    assert [rule.name for rule in profile.rules] == ["slow-creates", "every-seventh-503", "wallet-asleep"]
    assert (slow.when.after, slow.when.lasts, slow.order_or_time) == (10, 30, ("when.after", "when.for"))
    assert (seventh.match.tool, seventh.match.era, seventh.when.every) == ("verify_*", "modern", 7)
    assert (asleep.match.protocol, asleep.exclusive) == ("2025-11-25", True)
    assert [effect.fault_type() for effect in asleep.do] == ["latency_fixed", "result_is_error"]


def test_json_is_read_as_well() -> None:
    document = {"version": 1, "rules": [{"name": "one", "do": [{"http": {"status": 503}}]}]}
    assert parse(json.dumps(document)).document == document


def test_a_seed_that_is_given_beats_the_files() -> None:
    assert [parse(EXAMPLE, seed).seed for seed in (None, 7, 0)] == [42, 7, 0]
    assert parse(EXAMPLE, 7).document["seed"] == 7


def test_a_profile_without_rules_is_no_mistake() -> None:
    assert parse("version: 1\nrules: []\n").rules == ()


def test_all_problems_come_at_once_each_with_its_line() -> None:
    text = """\
version: 2
sed: 42
rules:
  - name: slow creates
    match: {tool: "pay_*", methd: x}
    when: {every: 7, offset: 9}
    do:
      - {htp: {status: 503}}
      - http: {status: 503, retry_aftr: 1}
      - latency:
          distribution: mixture
          parts:
            - {weight: 1, of: 3s}
            - weight: 1
              of: {distribution: pareto, min: soon, alpha: 1, cap: 3s}
  - match: {tool: create_payment, era: modern, protocol: 2025-11-25}
    do: []
  - name: b
    match: {tool: "pay_*"}
    do: [{session: {expire: 403}}, {}]
"""
    assert problems_in(text) == [
        "1: version should be 1, got 2",
        "2: sed is not known (did you mean seed?)",
        '4: rules[0].name should have 1 to 80 letters, digits, dots, - and _, got "slow creates"',
        "5: rules[0].match.methd is not known (did you mean method?)",
        "6: rules[0].when.offset should be below every",
        f"8: rules[0].do[0].htp is not known (did you mean http?); there are {', '.join(EFFECTS)}",
        "9: rules[0].do[1].http.retry_aftr is not known (did you mean retry_after?)",
        '15: rules[0].do[2].latency.parts[1].of.min should be a duration such as 500ms, 30s or 1m30s, got "soon"',
        "16: rules[1].name is required",
        "16: rules[1].match.protocol is no version of the modern era",
        "17: rules[1].do should have an effect, such as {http: {status: 503}}, got []",
        f"19: rules[2].match.tool matches no tool of this server; it has {', '.join(TOOLS)}",
        "20: rules[2].do[1] should be one effect, such as {http: {status: 503}}, got {}",
        "20: rules[2].do[0].session.expire should be 404 or 400, got 403",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: the document is empty"),
        ("3", "1: the document should be a mapping"),
        ("version: true\nrules: []", '1: version should be 1, got "true"'),
        ("version: 1\nseed: 1.5\nrules: []", "2: seed should be a valid integer, got 1.5"),
        ("version: 1\nseed: true\nrules: []", "2: seed should be a valid integer, got true"),
        (f"version: 1\nseed: {2**63}\nrules: []", "2: seed should be less than 9223372036854775808"),
        ("version: 1\ndeterministic: 1\nrules: []", "2: deterministic should be a valid boolean, got 1"),
        ("version: 1\nrules: {}", "2: rules should be a list, got {}"),
        (rule(""), "3: rules[0].do is required"),
        (rule("    do: [{latency: 1s, http: {status: 503}}]"), "4: rules[0].do[0] should be one effect"),
        (rule("    do: [latency]"), '4: rules[0].do[0] should be a mapping, got "latency"'),
        (rule("    do: [{503: 3}]"), "4: rules[0].do[0].503 is not known; there are latency"),
        (rule("    do: [{http: {stats: 503}}]"), "4: rules[0].do[0].http should have one of status, hang"),
        (rule("    do: [{http: {status: 503, hang: true}}]"), f"{EFFECT}.http should be one fault, not status"),
        (rule("    do: [{latency: soon}]"), f"{EFFECT}.latency should be a duration such as"),
        (rule("    do: [{latency: {distribution: gamma}}]"), f"{EFFECT}.latency.distribution should be 'fixed'"),
        (rule("    match: {tool: verify_paiment}\n" + DO), f"{MATCH}.tool matches no tool of this server (did you"),
        (rule("    match: {tool: x, method: tools/list}\n" + DO), f"{MATCH}.method cannot go together with tool"),
        (rule("    match: {method: tools/lst}\n" + DO), f"{MATCH}.method is no method of MCP (did you mean tools/list"),
        (rule("    match: {era: old}\n" + DO), f"{MATCH}.era should be 'handshake' or 'modern', got"),
        (rule("    match: {era: modrn}\n" + DO), f"{MATCH}.era should be 'handshake' or 'modern', got \"modrn\" (did"),
        (rule("    match:\n" + DO), f"{MATCH} should be a mapping"),
        (rule("    exclusive: yes please\n" + DO), "4: rules[0].exclusive should be a valid boolean"),
        (rule("    match: {era: modern}\n" + EXPIRE), f"{SECOND}.session acts on requests of the handshake era only"),
        (rule("    match: {protocol: 2026-07-28}\n" + EXPIRE), f"{SECOND}.session acts on requests of the handshake"),
        (rule("    match: {era: handshake}\n" + RESULT_TYPE), f"{SECOND}.result acts on requests of the modern"),
        (rule("    match: {tool: '*'}\n" + REFUSE), f"{SECOND}.session acts on initialize only, which this rule does"),
        (rule("    match: {method: tools/list}\n" + IS_ERROR), f"{SECOND}.result acts on tools/call only, which this"),
        (rule(DO) + "  - name: one\n" + DO, "5: rules[1].name one is the name of rules[0] already"),
        (rule("    name: two\n" + DO), "4: rules[0].name is given twice"),
        ("version: 1\nrules: [", "2: not valid YAML"),
        ("version: 1\nrules: &a [*a]", "2: anchors and aliases (& and *) are not read"),
        (rule("    when: !!python/name:os.system x\n" + DO), "4: tags such as tag:yaml.org"),
        (rule("    match: {tool: *}\n" + DO), "4: not valid YAML"),
        (rule('    match: {tool: "\\ud800"}\n' + DO), "4: half a character (a lone surrogate) is not read"),
        ("[" * 100, "1: is nested too deeply"),
        ("#" * (LARGEST + 1), " should have at most 100,000 characters, has 100,001"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(text: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems_in(text)), problems_in(text)


ORDER_OR_TIME = {
    "match.in_flight_above": "    match: {in_flight_above: 3}\n" + DO,
    "when.after": "    when: {after: 3s}\n" + DO,
    "when.for": "    when: {for: 3s}\n" + DO,
    "when.burst": "    when: {burst: {period: 3s, length: 1s}}\n" + DO,
    "when.ramp": "    when: {ramp: {from: 0, to: 1, over: 1s}}\n" + DO,
    "when.max_count": "    when: {max_count: 3}\n" + DO,
    "when.bucket": "    when: {bucket: {rate: 1, size: 1}}\n" + DO,
    "do[0].latency": "    do: [{latency: {distribution: ramp, from: 0, to: 1, over: 1}}]\n",
    "do[0].capacity": "    do: [{capacity: {workers: 1, queue: 1, service: 1s}}]\n",
}


@pytest.mark.parametrize(("place", "text"), ORDER_OR_TIME.items())
def test_what_depends_on_order_or_time_is_refused_under_deterministic(place: str, text: str) -> None:
    assert len(parse(rule(text)).rules) == 1
    assert problems_in(rule(text) + "deterministic: true\n") == [
        f"4: rules[0].{place} depends on order or time, which deterministic: true rules out"
    ]


def test_a_profile_in_a_file_may_name_a_csv_file_beside_it_and_no_other_may(tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text("10ms\n20ms\n")
    text = rule("    do: [{latency: {distribution: empirical, csv: times.csv}}]\n")
    (tmp_path / "profile.yaml").write_text(text)
    assert len(read_profile(tmp_path / "profile.yaml", EFFECTS, TOOLS).rules) == 1
    (problem,) = problems_in(text)
    assert problem.startswith("4: rules[0].do[0].latency.csv can only be read by a profile in a file")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "profile.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_profile(path, EFFECTS, TOOLS)


def test_an_unknown_preset_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(InvalidInput, match="flaky-network.*zombie-sessions"):
        read_profile("flaky", EFFECTS, TOOLS)


def test_the_presets_are_those_of_the_documentation() -> None:
    assert set(bundled_fixtures("faults")) == PRESETS


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("tools", [TOOLS, ("add", "subtract", "multiply", "divide")])
def test_a_preset_fits_every_server_and_says_what_it_is_for(preset: str, tools: tuple[str, ...]) -> None:
    profile = read_profile(preset, EFFECTS, tools)
    assert profile.rules
    assert profile.description
    assert find_fixture("faults", preset).read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_family_of_a_preset_has_a_name_for_the_journal(preset: str) -> None:
    for rule in read_profile(preset, EFFECTS, TOOLS).rules:
        for effect in rule.do:
            assert effect.fault_type().split("_")[0] in EFFECTS
            assert effect.phase() in ("before", "after")
            effect.expects(Call())


README = (Path(__file__).resolve().parents[3] / "fixtures" / "README.md").read_text("utf-8")
SECTION = README.partition("\n## faults/\n")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| (`.+?`(?:, `.+?`)*) \| (.*) \|$", SECTION, re.MULTILINE))
FAMILIES = [key for key in EFFECTS if key not in ("latency", "capacity")]


def keys_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def key_of(fault: type[BaseModel]) -> str:
    """The key that chooses it."""
    return next(key for key in (field.alias or name for name, field in fault.model_fields.items()) if key != "phase")


def words_of(rows: list[str]) -> set[str]:
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def part_of_the_documentation(heading: str) -> str:
    return SECTION.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]


@pytest.mark.parametrize("model", [Match, When])
def test_every_condition_is_documented(model: type[BaseModel]) -> None:
    assert keys_of(model) <= words_of([*ROWS])


def test_the_example_of_the_documentation_is_a_profile() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
    profile = parse(example)
    assert [rule.name for rule in profile.rules] == ["slow-creates", "every-seventh-503"]
    assert set(profile.document) == {"version", "description", "seed", "deterministic", "rules"}


def test_the_distributions_are_documented_with_their_settings() -> None:
    latency = part_of_the_documentation("latency")
    for name in DISTRIBUTIONS:
        assert f"| `{name}` |" in latency


@pytest.mark.parametrize("family", FAMILIES)
def test_every_fault_is_documented_by_an_example_that_can_be_used(family: str) -> None:
    written = re.findall(r"^\| (`\{.+?\}`(?:, `\{.+?\}`)*) \|", part_of_the_documentation(family), re.MULTILINE)
    made = [
        parse_profile(f"version: 1\nrules:\n  - name: r\n    do: [{{{family}: {example}}}]\n", "p", EFFECTS, ["add"])
        .rules[0]
        .do[0]
        .fault_type()
        for row in written
        for example in re.findall(r"`(\{.+?\})`", row)
    ]
    kinds: Any = EFFECTS[family]
    assert set(made) == {f"{family}_{key_of(kind)}" for kind in kinds.kinds}


def test_the_presets_are_documented() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", part_of_the_documentation("Presets"), re.MULTILINE)) == PRESETS


TEXTS = [EXAMPLE, *(find_fixture("faults", preset).read_text("utf-8") for preset in sorted(PRESETS))]
WORDS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "&a ",
    "*a",
    "!!int ",
    "!!bool ",
    "<<: ",
    "~",
    "null",
    "-1",
    "1e999",
    "0x",
    "\t",
    "\n",
    "\0",
    "|",
    ">",
    "'",
]
WORDS += [
    '"',
    "# ",
    "? ",
    "%",
    "true",
    "2026-02-30",
    "1_000",
    "9" * 5000,
    ".inf",
    ".nan",
    "\ud83d",
    "é",
    "\u2028",
    "{a: {b: 3}}",
    "[[]]",
    "=",
    "0b_",
]


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(st.data())
def test_a_damaged_profile_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 0, 1, 5, 40]))
        text = text[:start] + data.draw(st.sampled_from(WORDS) | st.text(max_size=8)) + text[start + length :]
    check(text)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    LEAVES | st.sampled_from(["1s", "fixed", "*"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
RULE_KEYS = [
    "name",
    "match",
    "when",
    "do",
    "exclusive",
    "tool",
    "header",
    "arguments",
    "attempt",
    "every",
    "burst",
    "bucket",
]


def property_names(schema: Any) -> set[str]:
    """Every property name anywhere in a JSON Schema."""
    if isinstance(schema, list):
        return {name for item in schema for name in property_names(item)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*(property_names(value) for value in schema.values()))


EFFECT_KEYS = {
    family: sorted(property_names(TypeAdapter(settings_of).json_schema())) for family, settings_of in EFFECTS.items()
}


def settings_with(keys: list[str]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(keys), JSON, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(st.data())
def test_any_value_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    family = data.draw(st.sampled_from(sorted(EFFECTS)))
    effect = st.fixed_dictionaries({family: JSON | settings_with(EFFECT_KEYS[family])})
    one = {"name": "one", "match": {"tool": "*"}, "when": {"every": 3}, "do": [{"latency": "1s"}], "exclusive": False}
    place = data.draw(st.sampled_from([*one, "do", "do", "do"]))
    anything = st.lists(effect, min_size=1, max_size=2) if place == "do" else JSON | settings_with(RULE_KEYS)
    one[place] = data.draw(anything)
    check(json.dumps({"version": 1, "rules": [one]}))


def check(text: str) -> None:
    problems: tuple[str, ...] = ()
    try:
        parse(text)
    except InvalidInput as error:
        problems = error.problems
    assert all(problem.startswith("p.yaml:") for problem in problems)
    json.dumps(problems, ensure_ascii=False).encode()


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb(12),
        f"version: 1\nrules: []\nx:\n  {bomb(9).replace(chr(10), chr(10) + '  ')}",
        "a: &a {b: 1}\n" + "c: {<<: [" + ", ".join(["*a"] * 1000) + "]}",
        "[" * 20_000,
        "{a: " * 5_000,
        "- " * 20_000,
        "? " * 20_000,
        "x: " + "9" * 100_000,
        "version: 1\nrules:\n" + "  - {name: a, do: [{latency: 1s}]}\n" * 2_000,
        "\n".join(f"k{n}: 1" for n in range(10_000)),
        "version: 1\nrules: [{match: {" + "".join(f"k{n}: 1, " for n in range(2_400)) + "}}]",
    ],
)  # fmt: skip
def test_a_profile_that_is_meant_to_be_slow_is_refused_before_the_tests_limit_of_time(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


def test_an_effect_is_any_type_that_pydantic_reads() -> None:
    profile: Any = parse_profile(rule("    do: [{number: 3}]"), "p", {"number": int}, TOOLS)
    assert profile.rules[0].do == (3,)


def test_no_more_is_read_of_a_file_than_a_profile_may_have() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_profile(Path("/dev/zero"), EFFECTS, TOOLS)
    assert refused.value.problems == ("/dev/zero: should have at most 100,000 characters",)
