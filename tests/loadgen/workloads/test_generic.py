from collections import Counter
from typing import Any

import pytest
from jsonschema_rs import validator_for

from loadgen.client.session import Tool
from loadgen.errors import NothingMeasured
from loadgen.workloads.generic import GenericWorkload

NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}

ENDLESS = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}


def tool(name: str, *, read_only: bool = True, schema: dict[str, Any] | None = None) -> Tool:
    return Tool(name, None, input_schema=schema or NUMBERS, annotations={"readOnlyHint": read_only})


def test_every_read_only_tool_is_called_and_no_other() -> None:
    workload = GenericWorkload(7, {})
    assert workload.choose([tool("look"), tool("burn", read_only=False), tool("see")]) == ("look", "see")
    assert {workload.next_call(n).tool for n in range(50)} == {"look", "see"}
    assert workload.mix == "look 50 %, see 50 %"


@pytest.mark.parametrize("hint", ["true", "false", 1, [True], None])
def test_a_hint_that_is_not_the_json_true_is_no_leave_to_call_a_tool(hint: object) -> None:
    listed = Tool("burn", None, NUMBERS, {"readOnlyHint": hint})
    assert GenericWorkload(7, {}).choose([tool("look"), listed]) == ("look",)


def test_a_tool_that_is_named_is_called_by_its_weight_read_only_or_not() -> None:
    workload = GenericWorkload(7, {"burn": 3, "look": 1})
    assert workload.choose([tool("look"), tool("burn", read_only=False)]) == ("burn", "look")
    calls = Counter(workload.next_call(n).tool for n in range(1000))
    assert 700 < calls["burn"] < 800
    assert workload.mix == "burn 75 %, look 25 %"


def test_arguments_are_drawn_from_the_schema_and_fit_it() -> None:
    workload = GenericWorkload(7, {})
    workload.choose([tool("look")])
    calls = [workload.next_call(n) for n in range(200)]
    assert all(validator_for(NUMBERS).is_valid(call.arguments) for call in calls)
    assert len({str(call.arguments) for call in calls}) > 20
    assert calls == [workload.next_call(n) for n in range(200)]


def test_given_arguments_are_sent_as_they_are() -> None:
    workload = GenericWorkload(7, {"look": 1}, {"a": 5})
    workload.choose([tool("look")])
    assert workload.next_call(1).arguments == {"a": 5}


@pytest.mark.parametrize(
    ("weights", "arguments", "tools", "sentence"),
    [
        ({"x": 1}, None, [tool("look")], "the server has no x; it has look"),
        ({}, None, [tool("burn", read_only=False)], "no tool is annotated read-only, .* name some .it has burn"),
        ({}, None, [], "no tool is annotated read-only"),
        ({"look": 1}, {"a": "x"}, [tool("look")], "the arguments given do not fit the inputSchema of look: "),
        ({}, None, [tool("look", schema={"type": "object", "required": ["a"], "properties": {"a": False}})],
         "no arguments that fit the inputSchema of look could be drawn; give them"),
        ({}, None, [tool("look", schema=ENDLESS)], "no arguments that fit the inputSchema of look could be drawn"),
        ({}, None, [tool("look", schema={"type": 7})], "the inputSchema of look is not valid JSON Schema"),
        ({}, None, [tool("look", schema={"$ref": "http://127.0.0.1:1/x"})], "the inputSchema of look is not valid"),
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_said_in_a_sentence(
    weights: dict[str, int], arguments: dict[str, Any] | None, tools: list[Tool], sentence: str
) -> None:
    with pytest.raises(NothingMeasured, match=sentence):
        GenericWorkload(7, weights, arguments).choose(tools)
