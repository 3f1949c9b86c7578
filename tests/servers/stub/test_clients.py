"""A stub as the field's real clients see it: the MCP SDK's and FastMCP's, in both eras."""

from typing import Literal

import fastmcp
import mcp
import pytest
from mcp_types import TextResourceContents

from servers.testing import RunningServer

Mode = Literal["legacy", "2026-07-28"]
MODES: tuple[Mode, ...] = ("legacy", "2026-07-28")


@pytest.mark.parametrize("mode", MODES)
async def test_fastmcp_s_client_gets_along_with_it(stub: RunningServer, mode: Mode) -> None:
    async with fastmcp.Client(stub.url, mode=mode) as client:
        tools = {tool.name: tool for tool in await client.list_tools()}
        assert tools["echo"].title == "Echo"
        assert tools["echo"].meta == {"vendor/x": {"deep": [1, None]}}
        wrapped = await client.call_tool("add", {"a": 1, "b": 2})
        assert wrapped.structured_content == {"result": wrapped.data}
        assert isinstance(wrapped.data, int)
        refused = await client.call_tool("add", {"a": 1}, raise_on_error=False)
        assert refused.is_error
        forecast = (await client.call_tool("forecast", {"city": "Rome"})).structured_content
        assert forecast is not None
        assert forecast["unit"] in ("C", "F")
        assert next(str(resource.uri) for resource in await client.list_resources()) == "memo://json"
        (content,) = await client.read_resource("memo://people/ada")
        assert isinstance(content, TextResourceContents)
        assert content.text.startswith("<!doctype html>")
        prompt = await client.get_prompt("greet", {"who": "Ada"})
        assert prompt.messages[0].role == "assistant"


@pytest.mark.parametrize("mode", MODES)
async def test_the_sdk_s_client_gets_along_with_it(stub: RunningServer, mode: Mode) -> None:
    async with mcp.Client(stub.url, mode=mode) as client:
        assert len((await client.list_tools()).tools) == 8
        made = (await client.call_tool("create", {"amount": 7})).structured_content
        assert isinstance(made, dict)
        assert made["amount"] == 7
        found = await client.call_tool("look", {"id": made["id"]})
        assert found.structured_content == made
        assert (await client.list_resource_templates()).resource_templates[0].uri_template == "memo://people/{name}"
        assert (await client.list_prompts()).prompts[0].name == "greet"
