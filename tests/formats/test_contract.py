"""Contract files: what they may say, how they are written, and what is said of those that are none."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta

from formats.contract import (
    Contract,
    contract_schema,
    contract_text,
    error_text,
    essence,
    parse_contract,
    read_contract,
)
from formats.errors import InvalidInput
from formats.fixtures import find_fixture

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCHEMA = find_fixture("schemas", "contract", ".json")
ADD = {"name": "add", "inputSchema": {"type": "object"}, "outputSchema": {"type": "object"}}
ECHO = {"name": "echo", "inputSchema": {"type": "object"}}
GOOD: dict[str, Any] = {
    "version": 1,
    "server": {"name": "calc", "version": "1.0", "title": "Calculator"},
    "instructions": "Adds.",
    "protocol_versions": ["2025-11-25", "2026-07-28"],
    "capabilities": {"handshake": {"tools": {"listChanged": True}}, "modern": {"tools": {}}},
    "tools": [ADD, ECHO],
    "resources": [{"uri": "test://a", "name": "a"}],
    "resource_templates": [{"uriTemplate": "test://{id}", "name": "any"}],
    "prompts": [{"name": "greet", "arguments": [{"name": "whom", "required": True}]}],
    "examples": [
        {"name": "adds", "tool": "add", "arguments": {"a": 1, "b": 2}, "expect": {"result": {"content": []}}},
        {"name": "any sum", "tool": "add", "expect": {"fits": True}},
        {"name": "echoes", "tool": "echo", "expect": {"fits": {"required": ["content"]}}},
        {"name": "greets", "prompt": "greet", "arguments": {"whom": "you"}, "expect": {"match": {"/messages/0": True}}},
        {"name": "no code", "tool": "add", "arguments": {"a": "x"}, "expect": {"error": {"code": -32602}}},
        {"name": "no tool", "tool": "gone", "expect": {"tool_error": True}},
        {"name": "reads", "resource": "test://a", "expect": {"match": {"/contents/0/text": {"type": "string"}}}},
        {"name": "refuses", "tool": "add", "expect": {"tool_error": "a is missing"}},
        {"name": "refuses all", "tool": "add", "expect": {"tool_error": {"pattern": "missing"}}},
        {"name": "says no", "tool": "add", "expect": {"error": {"code": -32602, "message": "no"}}},
    ],
}


def problems_in(document: Any) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        parse_contract(json.dumps(document), "c.json")
    return list(raised.value.problems)


def changed(*way: str | int, to: Any) -> Any:
    """`GOOD` with another value at `way`."""
    document = copy.deepcopy(GOOD)
    place: Any = document
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = to
    return document


def test_a_file_is_read_and_written_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    text = json.dumps(GOOD, indent=2, sort_keys=True) + "\n"
    path.write_text(text)
    contract = read_contract(path)
    assert contract_text(contract) == text
    assert contract.tool("add") == ADD
    assert contract.tool("gone") is None


def test_the_canonical_file_does_not_depend_on_how_it_was_written() -> None:
    shuffled = {key: GOOD[key][::-1] if isinstance(GOOD[key], list) else GOOD[key] for key in reversed(GOOD)}
    shuffled["protocol_versions"] = ["2026-07-28", "2025-11-25", "2025-11-25"]
    assert contract_text(parse_contract(json.dumps(shuffled), "c.json")) == contract_text(parse(GOOD))


def test_what_is_not_said_and_what_is_empty_are_the_same() -> None:
    least = {"server": {"name": "calc"}, "protocol_versions": ["2025-11-25"]}
    empty: dict[str, Any] = {"tools": [], "examples": [], "instructions": None, "capabilities": {}}
    assert contract_text(parse({**least, **empty})) == contract_text(parse(least))
    assert json.loads(contract_text(parse(least))) == {"version": 1, **least}


def test_nulls_in_what_the_server_said_stay() -> None:
    tool = {"name": "add", "inputSchema": {"default": None}, "annotations": None}
    contract = parse({**GOOD, "tools": [tool], "examples": []})
    assert contract.tool("add") == tool
    assert json.loads(contract_text(contract))["tools"] == [tool]


def parse(document: Any) -> Contract:
    return parse_contract(json.dumps(document), "c.json")


def test_an_example_says_what_is_sent() -> None:
    sent = {example.name: (example.method, example.params) for example in parse(GOOD).examples}
    assert sent["adds"] == ("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2}})
    assert sent["reads"] == ("resources/read", {"uri": "test://a"})
    assert sent["greets"] == ("prompts/get", {"name": "greet", "arguments": {"whom": "you"}})


def test_an_example_expects_one_thing() -> None:
    kinds = {example.name: example.expect.kind for example in parse(GOOD).examples}
    assert kinds["adds"] == "result"
    assert kinds["any sum"] == kinds["echoes"] == "fits"
    assert kinds["reads"] == kinds["greets"] == "match"
    assert kinds["refuses"] == kinds["refuses all"] == kinds["no tool"] == "tool_error"
    assert kinds["says no"] == kinds["no code"] == "error"


def test_the_essence_of_a_result_is_the_answer_alone() -> None:
    exchange = {"_meta": {"a": 1}, "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "isError": False}
    assert essence({"content": [], **exchange}) == {"content": []}
    assert essence({"content": [], "isError": True}) == {"content": [], "isError": True}


def test_the_text_of_an_error_is_that_of_all_its_content() -> None:
    parts: list[Any] = [{"type": "text", "text": "no"}, {"type": "image", "data": "x"}, 3, {"text": 3}, {"text": "way"}]
    assert error_text({"content": parts}) == "no\nway"
    assert error_text({"content": "no"}) == error_text({}) == ""


def test_what_cannot_be_seen_is_written_as_an_escape() -> None:
    hidden = "vis\u200bible \u202e\U000e0041 \x7f äß漢😀"
    text = contract_text(parse({**GOOD, "instructions": hidden}))
    assert '"vis\\u200bible \\u202e\\udb40\\udc41 \\u007f äß漢😀"' in text
    assert parse_contract(text, "c.json").instructions == hidden


def expecting(expect: Any, **example: Any) -> Any:
    return changed("examples", 0, to={"name": "adds", "tool": "add", "expect": expect, **example})


PROBLEMS: list[tuple[Any, str]] = [
    ([], "the document should be a mapping, got []"),
    ({**GOOD, "tool": []}, "tool is not known (did you mean tools?)"),
    ({**GOOD, "version": 2}, "version should be 1, got 2"),
    ({**GOOD, "protocol_versions": []}, "protocol_versions should not be empty"),
    (
        {**GOOD, "protocol_versions": ["2025-11-25", "draft"]},
        "protocol_versions[1] should match pattern '^\\d{4}-\\d{2}-\\d{2}$', got \"draft\"",
    ),
    (
        changed("capabilities", to={"moden": {}}),
        "capabilities.moden should be 'handshake' or 'modern', got \"moden\" (did you mean modern?)",
    ),
    (changed("capabilities", "modern", to=[]), "capabilities.modern should be a mapping, got []"),
    (changed("server", "nmae", to="x"), "server.nmae is not known (did you mean name?)"),
    (changed("tools", 0, to=3), "tools[0] should be a mapping, got 3"),
    (
        changed("tools", 1, to={"inputSchema": {}}),
        "tools should have a name in each entry; the one at [1] has none",
    ),
    (changed("tools", 1, "name", to="add"), "tools should have each name once; add is there twice"),
    (changed("tools", 1, to={"name": "x"}), "tools should have an inputSchema in each entry; x has none"),
    (changed("resources", 0, "uri", to=""), "resources should have a uri in each entry; the one at [0] has none"),
    (changed("examples", 1, "name", to="adds"), "examples should have each name once; adds is there twice"),
    (changed("examples", 0, "name", to=""), 'examples[0].name should have at least 1 character, got ""'),
    (changed("examples", 0, "expcet", to={}), "examples[0].expcet is not known (did you mean expect?)"),
    (
        changed("examples", 0, "prompt", to="greet"),
        "examples[0] should have exactly one of tool, resource, prompt, got {",
    ),
    (changed("examples", 6, "arguments", to={"a": 1}), "examples[6] should have no arguments: a resource takes none"),
    (changed("examples", 6, "expect", to={"tool_error": True}), "examples[6] should expect no tool_error: only tools"),
    (
        expecting({"result": {}}, tool="ad"),
        "examples should call tools of the contract; adds calls ad (did you mean add?)",
    ),
    (
        expecting({"fits": True}, tool="echo"),
        "examples should say fits: true of tools with an outputSchema only; adds has none to fit",
    ),
    (expecting({}), "examples[0].expect should have exactly one of result, fits, match, tool_error, error, got {}"),
    (expecting({"result": {}, "fits": True}), "examples[0].expect should have exactly one of result, fits, match, t"),
    (expecting({"result": None}), "examples[0].expect should have exactly one of result, fits, match, tool_error, e"),
    (expecting({"result": []}), "examples[0].expect.result should be a mapping, got []"),
    (expecting({"resutl": {}}), "examples[0].expect.resutl is not known (did you mean result?)"),
    (expecting({"fits": False}), "examples[0].expect.fits should be true or a JSON Schema, got false"),
    (expecting({"fits": 1}), "examples[0].expect.fits should be true or a JSON Schema, got 1"),
    (expecting({"fits": {"type": "text"}}), "examples[0].expect.fits should be a valid JSON Schema: "),
    (expecting({"fits": {"$ref": "http://example.com/x"}}), "examples[0].expect.fits should be a valid JSON Schema: "),
    (expecting({"match": {}}), "examples[0].expect.match should not be empty"),
    (expecting({"match": {"/a": 3}}), "examples[0].expect.match./a should be true or a JSON Schema, got 3"),
    (expecting({"match": {"a": True}}), "examples[0].expect.match.a should be a JSON pointer such as /content/0/text"),
    (expecting({"tool_error": 3}), "examples[0].expect.tool_error should be true, a text or a JSON Schema of the text"),
    (expecting({"tool_error": {"pattern": "("}}), "examples[0].expect.tool_error should be a valid JSON Schema: "),
    (expecting({"error": {"code": "x"}}), 'examples[0].expect.error.code should be a valid integer, got "x"'),
    (expecting({"error": {"code": True}}), "examples[0].expect.error.code should be a valid integer, got true"),
    (expecting({"error": {"coed": 1}}), "examples[0].expect.error.coed is not known (did you mean code?)"),
]


@pytest.mark.parametrize(("document", "problem"), PROBLEMS, ids=[problem for _, problem in PROBLEMS])
def test_what_is_no_contract_is_said_with_its_place(document: Any, problem: str) -> None:
    assert any(each.startswith(f"c.json: {problem}") for each in problems_in(document)), problems_in(document)


def test_bad_tools_are_not_told_twice() -> None:
    assert problems_in(changed("tools", to=3)) == ["c.json: tools should be a list, got 3"]


SHORT = st.text(max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | SHORT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SHORT, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(SHORT, JSON, max_size=2)
NAMES = st.text(min_size=1, max_size=8)


def entries(key: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    entry = st.builds(lambda extra, own: {**extra, **own}, OBJECTS, st.fixed_dictionaries({key: NAMES, **more}))
    return st.lists(entry, max_size=3, unique_by=lambda each: str(each[key]))


EXPECTATIONS = st.one_of(
    st.fixed_dictionaries({"tool_error": st.just(True) | SHORT}),
    st.fixed_dictionaries({"error": st.fixed_dictionaries({"code": st.integers(-(2**63), 2**63)})}),
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "server": st.fixed_dictionaries({"name": SHORT, "version": SHORT}),
        "protocol_versions": st.lists(st.dates().map(str), min_size=1, max_size=3),
    },
    optional={
        "version": st.just(1),
        "instructions": st.none() | SHORT,
        "capabilities": st.dictionaries(st.sampled_from(["handshake", "modern"]), OBJECTS),
        "tools": entries("name", inputSchema=OBJECTS),
        "resources": entries("uri"),
        "resource_templates": entries("uriTemplate"),
        "prompts": entries("name"),
        "examples": st.lists(
            st.fixed_dictionaries({"name": NAMES, "tool": SHORT, "arguments": OBJECTS, "expect": EXPECTATIONS}),
            max_size=3,
            unique_by=lambda each: str(each["name"]),
        ),
    },
)


VALIDATOR = Draft202012Validator(contract_schema())


@PATIENT
@given(document=DOCUMENTS)
def test_text_that_was_read_is_written_the_same(document: Any) -> None:
    contract = parse(document)
    text = contract_text(contract)
    assert contract_text(parse_contract(text, "c.json")) == text
    assert VALIDATOR.is_valid(json.loads(text))
    assert sorted(contract.tools, key=str) == sorted(document.get("tools", ()), key=str)


@PATIENT
@given(data=st.data())
def test_a_damaged_file_gives_sentences(data: st.DataObject) -> None:
    text = json.dumps(GOOD)
    if data.draw(st.booleans(), "cut out"):
        start, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 40))
        text = text[:start] + data.draw(st.text(max_size=5)) + text[start + length :]
    else:
        document = copy.deepcopy(GOOD)
        place: Any = document
        while isinstance(place, dict | list) and place:
            steps = list(place) if isinstance(place, dict) else list(range(len(place)))
            step = data.draw(st.sampled_from(steps))
            if not isinstance(place[step], dict | list) or not place[step] or data.draw(st.booleans()):
                place[step] = data.draw(JSON)
                break
            place = place[step]
        text = json.dumps(document)
    problems: tuple[str, ...] = ()
    try:
        parse_contract(text, "c.json")
    except InvalidInput as error:
        problems = error.problems
    assert [problem for problem in problems if not problem.startswith("c.json:") or "\n" in problem] == []


def test_the_published_schema_is_up_to_date() -> None:
    published = SCHEMA.read_text(encoding="utf-8")
    assert published == json.dumps(contract_schema(), indent=2, sort_keys=True) + "\n"
    assert meta.is_valid(json.loads(published))
    assert list(Draft202012Validator(json.loads(published)).iter_errors(GOOD)) == []


def test_the_published_schema_describes_every_key() -> None:
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    objects = [published, *published["$defs"].values()]
    keys = [key for each in objects for key in each.get("properties", {}).values()]
    assert len(keys) > 20
    assert [key for key in keys if not key.get("description")] == []


UNFIT: list[tuple[str, Callable[[Any], Any]]] = [
    ("another version", lambda document: document.update(version=2)),
    ("a key too many", lambda document: document.update(tool=[])),
    ("no server", lambda document: document.pop("server")),
    ("an era that is none", lambda document: document["capabilities"].update(old={})),
    ("a tool without a schema", lambda document: document["tools"][0].pop("inputSchema")),
    ("an example of nothing", lambda document: document["examples"][0].pop("tool")),
    ("an example of two things", lambda document: document["examples"][0].update(resource="test://a")),
    ("two expectations", lambda document: document["examples"][0]["expect"].update(fits=True)),
    ("no pointer", lambda document: document["examples"][0].update(expect={"match": {"a": True}})),
]


@pytest.mark.parametrize("change", [change for _, change in UNFIT], ids=[name for name, _ in UNFIT])
def test_what_is_no_contract_does_not_fit_the_schema(change: Callable[[Any], Any]) -> None:
    document = copy.deepcopy(GOOD)
    change(document)
    assert not VALIDATOR.is_valid(document)
    assert problems_in(document)
