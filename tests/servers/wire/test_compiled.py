import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastmcp import Context
from fastmcp.exceptions import ToolError
from fastmcp.tools.function_tool import FunctionTool
from pydantic import BaseModel

from servers.calculator.tools import calculator_tools
from servers.payments.ledger import MemoryLedger, Opening
from servers.payments.tools import payments_tools
from servers.wire.compiled import CompiledTool, compile_tools
from servers.wire.tool import Tool


class Point(BaseModel):
    x: float
    name: str = 'é\n"quoted"'


async def add(a: float, b: float) -> float:
    return a + b


async def greet(name: str) -> str:
    return f"hello {name}"


async def point(x: float) -> Point:
    return Point(x=x)


async def refuses() -> int:
    raise ToolError("not today")


async def crashes() -> int:
    raise ValueError("secret")


async def untyped():  # type: ignore[no-untyped-def]  # noqa: ANN201 - the point of it
    return 1


async def names() -> list[str]:
    return []


async def asks(ctx: Context) -> int:  # noqa: ARG001 - the point of it
    return 1


def blocks() -> int:
    return 1


def tool_of(function: Callable[..., Any], **settings: Any) -> FunctionTool:
    return Tool.from_function(function, **settings)


@pytest.mark.parametrize(
    ("function", "arguments"), [(add, {"a": 1, "b": 2.5}), (greet, {"name": "ü\t"}), (point, {"x": -0.0})]
)
async def test_an_answer_is_what_fastmcp_makes_of_the_same_call(
    function: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    tool = tool_of(function)
    answer = await CompiledTool(tool).answer(arguments)
    expected = await tool.run(arguments)
    result = json.loads(b"{%b}" % answer.members)
    assert not answer.is_error
    assert result["structuredContent"] == expected.structured_content
    assert result["content"] == [{"type": "text", "text": expected.content[0].text}]  # type: ignore[union-attr]  # it is text
    assert CompiledTool(tool).meta == (expected.meta or {})


@pytest.mark.parametrize(
    ("function", "arguments", "text"),
    [
        (refuses, {}, "not today"),
        (crashes, {}, "Error calling tool 'crashes': secret"),
        (add, {"a": "x", "b": 1}, "invalid_arguments: a should be a valid number, unable to parse string as a number"),
        (add, {"a": 1}, "invalid_arguments: b is required."),
    ],
)
async def test_what_goes_wrong_is_an_error_result_in_a_sentence(
    function: Callable[..., Any], arguments: dict[str, Any], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL + 1):
        answer = await CompiledTool(tool_of(function)).answer(arguments)
    assert answer.is_error
    assert json.loads(b"{%b}" % answer.members)["content"][0]["text"].startswith(text)


@pytest.mark.parametrize("function", [untyped, names, asks, blocks])
def test_a_tool_of_another_kind_has_no_compiled_form(function: Callable[..., Any]) -> None:
    with pytest.raises(LookupError, match=function.__name__):
        CompiledTool(tool_of(function))


def test_a_tool_with_a_time_out_has_none_either() -> None:
    with pytest.raises(LookupError, match="time-out"):
        CompiledTool(tool_of(add, timeout=1.0))


def test_every_tool_of_the_reference_servers_has_one() -> None:
    def never() -> Any:
        raise AssertionError

    ledger = MemoryLedger(Opening(), keep=1, now=never, new_id=never)
    for tools in (calculator_tools(), payments_tools(ledger)):
        assert compile_tools(tools).keys() == {tool.name for tool in tools}
