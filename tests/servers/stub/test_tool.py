"""One tool of a contract: examples, then its inputSchema, then rules, then what is made up."""

import json
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from servers.stub.server import Stub
from servers.wire.compiled import Answer
from tests.support.stub_contract import ORDER, SUM, contract, tool

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


def stub(*tools: dict[str, Any], examples: Any = (), responses: Any = (), seed: int = 0) -> Stub:
    return Stub(contract(tools=tools, examples=examples, responses=responses), seed)


async def call(server: Stub, name: str = "any", **arguments: Any) -> dict[str, Any]:
    answer: Answer = await server.tools[name].answer(arguments)
    result: dict[str, Any] = {**json.loads(b"{%b}" % answer.members), "isError": answer.is_error}
    return result


def example(arguments: dict[str, Any], **expect: Any) -> dict[str, Any]:
    return {"name": json.dumps(arguments), "tool": "any", "arguments": arguments, "expect": expect}


async def test_an_example_is_answered_exactly_also_for_arguments_that_do_not_fit() -> None:
    exact = {"content": [{"type": "odd", "x": None}], "structuredContent": None, "more": 1}
    server = stub(tool(schema=TEXT), examples=[example({"text": 1}, result=exact), example({}, tool_error="no")])
    assert await call(server, text=1.0) == {**exact, "isError": False}
    assert await call(server) == {"content": [{"type": "text", "text": "no"}], "isError": True}


async def test_an_example_of_an_error_is_raised() -> None:
    server = stub(tool(), examples=[example({}, error={"code": -7, "message": "seven"})])
    with pytest.raises(MCPError) as failure:
        await call(server)
    assert (failure.value.error.code, failure.value.error.message) == (-7, "seven")


async def test_arguments_that_do_not_fit_are_refused_in_a_sentence() -> None:
    result = await call(stub(tool(schema={**TEXT, "additionalProperties": False})), txt=1)
    assert result["isError"] is True
    assert result["content"][0]["text"] == (
        "invalid_arguments: arguments: Additional properties are not allowed ('txt' was unexpected); "
        'arguments: "text" is a required property.'
    )


async def test_an_input_schema_that_cannot_be_used_takes_any_arguments_and_is_told() -> None:
    server = stub(tool(schema={"type": "objekt"}))
    assert (await call(server, any=1))["isError"] is False
    assert "any arguments are taken" in server.limitations["tools.any.inputSchema"]


async def test_rules_come_after_examples_and_the_schema() -> None:
    server = stub(
        tool(schema=TEXT, output=SUM),
        examples=[example({"text": "a"}, tool_error="an example")],
        responses=[{"tool": "any", "when": {"properties": {"text": {"maxLength": 1}}}, "tool_error": "a rule"}],
    )
    texts = [(await call(server, text=text))["content"][0]["text"] for text in ("a", "b", "long")]
    assert texts[:2] == ["an example", "a rule"]
    assert texts[2].lstrip("-").isdigit()
    assert "invalid_arguments" in (await call(server))["content"][0]["text"]


async def test_what_is_made_up_is_a_function_of_seed_tool_and_arguments() -> None:
    both = tool("any", output=ORDER), tool("other", output=ORDER)
    answers = [await call(stub(*both), a=1, b=2), await call(stub(*both), b=2.0, a=1.0)]
    assert answers[0] == answers[1]
    others = [
        await call(stub(*both), a=1, b=3),
        await call(stub(*both), "other", a=1, b=2),
        await call(stub(*both, seed=1), a=1, b=2),
    ]
    assert all(other != answers[0] for other in others)


async def test_where_nothing_fits_the_output_schema_calls_are_refused_and_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = stub(tool(output={"type": "object", "not": {}}))
    result = await call(server)
    assert result == await call(server, other=1)
    assert caplog.messages == ["nothing that fits the outputSchema of any was found for some arguments"]
    assert result["isError"] is True
    assert result["content"][0]["text"] == "no_answer: nothing that fits the outputSchema of any was found."
    assert "tools.any.outputSchema" in server.limitations


async def test_an_example_whose_expectation_nothing_meets_is_told_and_answered_otherwise() -> None:
    server = stub(tool(output=SUM), examples=[example({}, match={"/structuredContent/result": {"type": "string"}})])
    assert server.limitations == {"examples.{}": "no result that meets its expectation was found"}
    assert isinstance((await call(server))["structuredContent"]["result"], int)


async def test_of_two_examples_that_ask_the_same_the_first_is_answered_and_the_other_told() -> None:
    twice = [example({"a": 1}, tool_error="one"), {**example({"a": 1.0}, tool_error="two"), "name": "~"}]
    server = stub(tool(), examples=twice)
    assert (await call(server, a=1))["content"][0]["text"] == "one"
    assert server.limitations == {"examples.~": 'asks for the same as {"a": 1}, which is answered'}


@pytest.mark.parametrize("arguments", [{"a": 2**70}, {"a": float("nan")}, {"a": "x" * 5000}, {"a": "ü\u2028\x00"}])
async def test_odd_arguments_are_answered_too(arguments: dict[str, Any]) -> None:
    server = stub(tool(output=SUM))
    assert await call(server, **arguments) == await call(server, **arguments)
    assert (await call(server, **arguments))["isError"] is False


async def test_numbers_that_are_none_in_json_are_null_in_an_answer() -> None:
    server = stub(tool(), responses=[{"tool": "any", "structured": "${arguments.a}"}])
    assert (await call(server, a=float("inf")))["structuredContent"] is None


async def test_members_about_the_exchange_are_no_part_of_a_recorded_answer() -> None:
    exact = {"content": [], "_meta": {"a": 1}, "resultType": "complete", "ttlMs": 5, "cacheScope": "public"}
    server = stub(tool(), examples=[example({}, result=exact)], responses=[{"tool": "any", "result": exact}])
    assert await call(server) == await call(server, a=1) == {"content": [], "isError": False}


async def test_a_result_without_anything_has_no_content() -> None:
    server = stub(tool(), responses=[{"tool": "any", "result": {"isError": True}}])
    assert await call(server) == {"content": [], "isError": True}


async def test_defaults_of_arguments_are_known_to_rules() -> None:
    schema = {"properties": {"a": {"default": 5}, "b": {}, "c": True}}
    server = stub(tool(schema=schema), responses=[{"tool": "any", "structured": ["${arguments.a}", "${arguments.b}"]}])
    assert (await call(server))["structuredContent"] == [5, None]
