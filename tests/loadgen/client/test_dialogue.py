"""Requests of any method, as each era wants them."""

import asyncio
from typing import Any

import pytest

from loadgen.client.dialogue import request
from loadgen.client.endpoint import Endpoint
from loadgen.client.messages import RpcResult
from loadgen.client.session import Session, Tool, initialize_session, remember_tools
from tests.support.http_server import Received, http_server, reply, result
from tests.support.offering import MODERN, Offering, always

ACCOUNT = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
OFFERING = Offering(
    calls={
        ("tools/call", "pay"): always({"content": []}),
        ("prompts/get", "grüß"): always({"messages": []}),
        ("resources/read", "test://a"): always({"contents": []}),
    }
)


async def answered(protocol: str, method: str, params: dict[str, Any]) -> tuple[object, Received]:
    async with http_server(OFFERING) as server:
        transport = Endpoint(server.url).connect()
        session = await initialize_session(transport, 30.0, protocol=protocol)
        assert isinstance(session, Session)
        remember_tools(session, [Tool("pay", None, ACCOUNT)])
        answer = await request(session, method, params)
        await transport.close()
        return answer, server.received[-1]


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("tools/call", {"name": "pay", "arguments": {"region": "eu"}}, {"mcp-name": "pay", "mcp-param-region": "eu"}),
        ("prompts/get", {"name": "grüß"}, {"mcp-name": "=?base64?Z3LDvMOf?="}),
        ("resources/read", {"uri": "test://a"}, {"mcp-name": "test://a"}),
    ],
)
async def test_a_modern_request_repeats_in_headers_what_it_is_about(
    method: str, params: dict[str, Any], expected: dict[str, str]
) -> None:
    answer, received = await answered(MODERN, method, params)
    assert isinstance(answer, RpcResult)
    assert {**received.headers, **expected, "mcp-method": method} == received.headers
    sent = received.message["params"]
    assert {key: value for key, value in sent.items() if key != "_meta"} == params


async def test_a_request_of_the_handshake_era_has_none_of_that() -> None:
    answer, received = await answered("2025-11-25", "resources/read", {"uri": "test://a"})
    assert isinstance(answer, RpcResult)
    assert not {"mcp-name", "mcp-method"} & set(received.headers)
    assert received.message["params"] == {"uri": "test://a"}


@pytest.mark.parametrize("protocol", [MODERN, "2025-11-25"])
async def test_a_session_remembers_what_the_server_said_of_itself(protocol: str) -> None:
    async def serve(asked: Received, writer: asyncio.StreamWriter) -> None:
        if asked.method == "POST" and asked.message["method"] == "server/discover":
            writer.write(reply(result(asked.message["id"], {"supportedVersions": [MODERN], "instructions": "Hello."})))
        else:
            await offering(asked, writer)

    offering = Offering(about={"serverInfo": {"name": "s"}, "instructions": "Hello."})
    async with http_server(serve) as server:
        transport = Endpoint(server.url).connect()
        session = await initialize_session(transport, 30.0, protocol=protocol)
        assert isinstance(session, Session)
        assert session.about["instructions"] == "Hello."
        await transport.close()
