from collections.abc import Mapping
from typing import Any

import pytest

from loadgen.contract.capture.calls import MOST_READ, Call, Wishes, choose_calls
from tests.support.offering import tool

NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def chosen(
    wishes: Wishes | None = None, **lists: Mapping[str, Mapping[str, Any]]
) -> tuple[list[list[Call]], list[str]]:
    told: list[str] = []
    empty: dict[Any, Any] = {"tools": {}, "resources": {}, "resource_templates": {}, "prompts": {}}
    surface: Any = {**empty, **lists}
    return choose_calls(surface, wishes or Wishes(), told.append), told


def names(groups: list[list[Call]]) -> list[list[str]]:
    return [[call.name for call in group] for group in groups]


def by_name(*entries: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(entry.get("name", entry.get("uri"))): entry for entry in entries}


def test_read_only_tools_are_called_with_arguments_that_fit_and_once_with_such_that_do_not() -> None:
    tools = by_name(
        tool("b", inputSchema=NUMBERS), tool("a", inputSchema=NUMBERS), tool("w", reads=False), {"name": "x"}
    )
    groups, told = chosen(tools=tools)
    assert names(groups) == [["a 1", "a 2", "a 3", "a, bad arguments"], ["b 1", "b 2", "b 3", "b, bad arguments"]]
    assert [call.misfit for call in groups[0]] == [False, False, False, True]
    assert all(isinstance(call.arguments["a"], int) for call in groups[0][:3])
    assert groups[0][3].arguments == {}
    assert told == []


def test_a_tool_that_is_named_is_called_whatever_it_is_annotated() -> None:
    assert names(chosen(Wishes(named=("w",)), tools=by_name(tool("w", reads=False)))[0]) == [["w 1"]]


def test_the_seed_decides_over_the_arguments() -> None:
    tools = by_name(tool("a", inputSchema=NUMBERS))
    assert chosen(Wishes(seed=1), tools=tools) == chosen(Wishes(seed=1), tools=tools)
    assert chosen(Wishes(seed=1), tools=tools) != chosen(Wishes(seed=2), tools=tools)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, ["a 1", "a, bad arguments"]),
        (
            {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
            ["a 1", "a 2", "a, bad arguments"],
        ),
        (True, ["a 1"]),
        ({}, ["a 1"]),
    ],
)
def test_there_are_as_many_examples_as_there_are_different_arguments(schema: Any, expected: list[str]) -> None:
    (group,), _ = chosen(tools=by_name(tool("a", inputSchema=schema)))
    assert [call.name for call in group] == expected


def test_a_tool_whose_arguments_cannot_be_drawn_is_told_and_not_called() -> None:
    impossible = {"type": "object", "required": ["a"], "properties": {"a": False}}
    tools = by_name(tool("a", inputSchema={"type": "nothing"}), tool("b", inputSchema=impossible))
    groups, told = chosen(tools=tools)
    assert groups == []
    assert told[0].startswith("a is not called: the inputSchema of a is not valid JSON Schema: ")
    assert told[1] == "b is not called: no arguments that fit its inputSchema could be drawn"


def test_text_resources_are_read_and_prompts_that_need_nothing() -> None:
    resources = by_name(
        {"uri": "test://text", "mimeType": "text/markdown; charset=utf-8"},
        {"uri": "test://json", "mimeType": "application/vnd.x+json"},
        {"uri": "test://unsaid"},
        {"uri": "test://image", "mimeType": "image/png"},
        {"uri": "test://long", "mimeType": "text/plain", "size": 70_000},
    )
    prompts = by_name(
        {"name": "free", "arguments": [{"name": "x"}, {"name": "y", "required": False}]},
        {"name": "bound", "arguments": [{"name": "x", "required": True}]},
        {"name": "bare"},
    )
    groups, told = chosen(resources=resources, prompts=prompts)
    assert names(groups) == [
        ["resource test://json"],
        ["resource test://text"],
        ["resource test://unsaid"],
        ["prompt bare"],
        ["prompt free"],
    ]
    assert told == ["test://long is not read: it has 70,000 bytes, more than 65,536"]
    assert chosen(Wishes(read=False), resources=resources, prompts=prompts) == ([], [])


def test_resources_are_not_read_without_end() -> None:
    groups, told = chosen(resources={f"test://{number}": {} for number in range(250)})
    assert len(groups) == MOST_READ
    assert told == ["only the first 100 of 250 resources are read"]


def test_no_sets_are_no_examples_at_all() -> None:
    assert chosen(Wishes(sets=0), tools=by_name(tool("a")), resources={"test://a": {}}) == ([], [])


def test_examples_have_names_of_their_own() -> None:
    tools = by_name(tool("resource test://a"), tool("a"), tool("a 1"))
    groups, _ = chosen(Wishes(sets=1), tools=tools, resources={"test://a": {}, "test://a 1": {}})
    called = [name for group in names(groups) for name in group]
    assert "resource test://a 1" in called
    assert "resource test://a 1 (2)" in called
    assert len(set(called)) == len(called)


def test_a_call_says_what_is_sent_and_what_the_contract_keeps() -> None:
    call = Call("a 1", "tool", "a", {"x": 1})
    assert (call.method, call.params) == ("tools/call", {"name": "a", "arguments": {"x": 1}})
    assert call.example({"fits": True}) == {"name": "a 1", "tool": "a", "arguments": {"x": 1}, "expect": {"fits": True}}
    read = Call("resource test://a", "resource", "test://a")
    assert (read.method, read.params) == ("resources/read", {"uri": "test://a"})
    assert read.example({"fits": {}}) == {"name": "resource test://a", "resource": "test://a", "expect": {"fits": {}}}
    prompt = Call("prompt p", "prompt", "p")
    assert (prompt.method, prompt.params) == ("prompts/get", {"name": "p", "arguments": {}})
