"""Captures of servers that offer what they should not, little, or nothing at all."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from formats.contract import Contract, contract_text
from loadgen.client.endpoint import Endpoint
from loadgen.client.transport import Transport
from loadgen.contract.capture.calls import Wishes
from loadgen.contract.capture.capture import capture
from loadgen.contract.capture.recording import APART
from loadgen.contract.capture.source import Source
from loadgen.errors import NothingMeasured, TargetUnreachable
from tests.support.http_server import Answer, Received, http_server, reply, result
from tests.support.offering import Offering, always, text_result, tool

EVERY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


class Instant:
    """A clock that waits for nobody and remembers for how long it should have."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def captured(
    server: Answer, wishes: Wishes | None = None, *, within: float = 30.0, clock: Instant | None = None
) -> tuple[Contract, list[str]]:
    told: list[str] = []
    async with http_server(server) as listening:
        source = Source(listening.url, Endpoint(listening.url).connect, within)
        return await capture(source, wishes or Wishes(), clock or Instant(), told.append), told


def expectations(contract: Contract) -> dict[str, Any]:
    return {each.name: each.expect.model_dump(exclude_unset=True) for each in contract.examples}


def counting() -> Answer:
    """Another text each time."""
    texts = iter(range(1000))

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(result(request.message["id"], text_result(str(next(texts))))))

    return answer


async def never(_: Received, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def test_all_that_a_server_offers_in_both_eras_is_in_its_contract() -> None:
    server = Offering(
        lists={
            "tools/list": [[tool("echo", _meta={"x": None})]],
            "resources/list": [[{"uri": "test://a", "name": "a"}]],
            "resources/templates/list": [[{"uriTemplate": "test://{id}", "name": "t"}]],
            "prompts/list": [[{"name": "greet"}]],
        },
        calls={
            ("tools/call", "echo"): always(text_result("hi", _meta={"at": 1})),
            ("resources/read", "test://a"): always({"contents": [{"uri": "test://a", "text": "A"}]}),
            ("prompts/get", "greet"): always({"messages": []}),
        },
        about={"serverInfo": {"name": "s", "version": "2", "title": "S", "icons": []}, "instructions": "Use me."},
        capabilities={"tools": {"listChanged": True}},
    )
    contract, told = await captured(server)
    assert told == []
    assert contract.server.model_dump() == {"name": "s", "version": "2", "title": "S"}
    assert contract.instructions == "Use me."
    assert contract.protocol_versions == EVERY
    assert contract.capabilities == {era: {"tools": {"listChanged": True}} for era in ("handshake", "modern")}
    assert contract.tools == (tool("echo", _meta={"x": None}),)
    assert contract.resources == ({"uri": "test://a", "name": "a"},)
    assert contract.resource_templates == ({"uriTemplate": "test://{id}", "name": "t"},)
    assert contract.prompts == ({"name": "greet"},)
    assert expectations(contract) == {
        "echo 1": {"result": text_result("hi")},
        "prompt greet": {"result": {"messages": []}},
        "resource test://a": {"result": {"contents": [{"uri": "test://a", "text": "A"}]}},
    }


@pytest.mark.parametrize("era", ["handshake", "modern"])
async def test_a_server_of_one_era_is_captured_in_that(era: str) -> None:
    server = Offering(
        lists={"tools/list": [[tool("echo")]]}, calls={("tools/call", "echo"): always(text_result("hi"))}, eras=(era,)
    )
    contract, told = await captured(server)
    assert contract.protocol_versions == (EVERY[:4] if era == "handshake" else EVERY[4:])
    assert list(contract.capabilities) == [era]
    assert list(expectations(contract)) == ["echo 1"]
    assert told == []


async def test_only_versions_that_are_taken_up_count() -> None:
    server = Offering(
        lists={"tools/list": [[tool("echo", reads=False)]]},
        versions=("2025-03-26", "2025-06-18"),
        about_modern={"supportedVersions": ["2026-07-28", "2025-11-25", "2031-01-01"]},
    )
    contract, told = await captured(server)
    assert contract.protocol_versions == ("2025-03-26", "2025-06-18", "2026-07-28")
    assert told == ["the server names protocol versions that were not taken up: 2025-11-25, 2031-01-01"]


async def test_lists_are_read_to_their_last_page() -> None:
    pages = [[tool(f"t{page}{number}", reads=False) for number in range(3)] for page in range(4)]
    contract, _ = await captured(Offering(lists={"tools/list": pages}))
    assert [entry["name"] for entry in contract.tools] == [
        f"t{page}{number}" for page in range(4) for number in range(3)
    ]


async def test_entries_that_cannot_be_kept_are_told() -> None:
    listed = [tool("a", reads=False), {"name": "b"}, {"inputSchema": {}}, tool("a", reads=False, title="again"), 3]
    pages: Any = [listed]
    contract, told = await captured(Offering(lists={"tools/list": pages}, eras=("handshake",)))
    assert contract.tools == (tool("a", reads=False),)
    assert told == [
        "tools/list: b has no inputSchema and was left out",
        "tools/list: an entry without name was left out",
        "tools/list: a is listed twice; only the first was kept",
        "tools/list: an entry without name was left out",
    ]


async def test_where_the_eras_differ_the_modern_one_is_kept_and_it_is_told() -> None:
    def lists(*names: str, **more: Any) -> dict[str, Any]:
        return {"tools/list": [[tool(name, reads=False, **more) for name in names]]}

    server = Offering(
        lists=lists("a", "new"),
        handshake_lists=lists("a", "old", title="T"),
        about_modern={"instructions": "Modern.", "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "modern"}}},
    )
    contract, told = await captured(server)
    assert [entry["name"] for entry in contract.tools] == ["a", "new"]
    assert (contract.server.name, contract.instructions) == ("modern", "Modern.")
    assert told == [
        "tools/list lists new only in the modern era",
        "tools/list lists old only in the handshake era: not in the contract",
        "tools/list lists a otherwise in the handshake era",
        "the server gives itself another name or version in the handshake era",
        "the server has other instructions in the handshake era",
    ]


async def test_a_server_without_anything_has_a_contract_that_says_so() -> None:
    contract, told = await captured(Offering(capabilities={}))
    assert contract.tools == contract.resources == contract.prompts == ()
    assert contract.examples == ()
    assert told == [
        "the server has no tools, no resources and no prompts: the contract holds what it says of itself only"
    ]


async def test_a_list_that_is_declared_and_cannot_be_read_stops_the_capture() -> None:
    with pytest.raises(NothingMeasured, match="the server does not say what its tools are: no"):
        await captured(Offering(capabilities={"tools": {}}))


async def test_a_list_that_is_not_declared_may_be_refused_in_any_way() -> None:
    async def blunt(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.method == "POST" and request.message["method"].startswith("resources/"):
            writer.write(reply(b"what?", status="500 Internal Server Error", content_type="text/plain"))
        else:
            await offering(request, writer)

    offering = Offering(lists={"tools/list": [[tool("a", reads=False)]]}, capabilities={}, eras=("handshake",))
    contract, told = await captured(blunt)
    assert len(contract.tools) == 1
    assert told == [
        f"{method}: taken for an empty list, since the server declares none: the server answered HTTP status 500: what?"
        for method in ("resources/list", "resources/templates/list")
    ]


async def test_each_call_is_made_twice_in_sessions_of_their_own_and_seconds_apart() -> None:
    server = Offering(
        lists={"tools/list": [[tool("echo", inputSchema=NUMBERS)]]},
        calls={("tools/call", "echo"): always(text_result("hi"))},
        eras=("handshake",),
    )
    clock = Instant()
    opened = []

    async def remembering(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.method == "POST" and request.message["method"] == "tools/call":
            opened.append((request.headers["mcp-session-id"], request.message["params"]["arguments"]))
        await server(request, writer)

    await captured(remembering, clock=clock)
    assert clock.slept == [APART]
    assert [arguments for _, arguments in opened[:4]] == [arguments for _, arguments in opened[4:]]
    assert len({session for session, _ in opened[:4]}) == len({session for session, _ in opened[4:]}) == 1
    assert opened[0][0] != opened[4][0]


async def test_answers_that_change_have_to_fit_a_schema_and_none_of_them_is_kept() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    numbers = iter(range(100))

    async def structured(request: Received, writer: asyncio.StreamWriter) -> None:
        told = text_result("n", structuredContent={"n": next(numbers)})
        writer.write(reply(result(request.message["id"], told)))

    server = Offering(
        lists={"tools/list": [[tool("plain"), tool("typed", outputSchema=schema)]]},
        calls={("tools/call", "plain"): counting(), ("tools/call", "typed"): structured},
    )
    found = expectations((await captured(server))[0])
    assert found["typed 1"] == {"fits": True}
    assert found["plain 1"]["fits"]["properties"]["content"]["items"]["properties"] == {
        "text": {"type": "string"},
        "type": {"type": "string"},
    }


async def test_a_tool_that_breaks_its_own_output_schema_is_told() -> None:
    schema = {"type": "object", "required": ["n"]}
    server = Offering(
        lists={"tools/list": [[tool("typed", outputSchema=schema)]]},
        calls={("tools/call", "typed"): always(text_result("n", structuredContent={}))},
    )
    contract, told = await captured(server)
    assert told == ['typed 1: structuredContent breaks the outputSchema: "n" is a required property']
    assert list(expectations(contract)) == ["typed 1"]


async def test_errors_are_examples_too_and_arguments_that_should_be_refused_are_told_when_they_are_not() -> None:
    refusal = text_result("a is missing", isError=True)
    server = Offering(
        lists={
            "tools/list": [[tool("lax", inputSchema=NUMBERS), tool("strict", inputSchema=NUMBERS), tool("unknown")]]
        },
        calls={
            ("tools/call", "lax"): always(text_result("fine")),
            ("tools/call", "strict"): always(refusal),
        },
    )
    contract, told = await captured(server, Wishes(sets=1))
    assert expectations(contract) == {
        "lax 1": {"result": text_result("fine")},
        "strict 1": {"tool_error": "a is missing"},
        "strict, bad arguments": {"tool_error": "a is missing"},
        "unknown 1": {"error": {"code": -32601}},
    }
    assert told == ["lax, bad arguments is no example: it was answered as if its arguments fitted the inputSchema"]


async def test_a_tool_that_never_answers_costs_its_own_examples_only() -> None:
    server = Offering(
        lists={"tools/list": [[tool("a", inputSchema=NUMBERS), tool("b")]]},
        calls={("tools/call", "a"): never, ("tools/call", "b"): always(text_result("b"))},
    )
    contract, told = await captured(server, within=5.0)
    assert list(expectations(contract)) == ["b 1"]
    assert told == ["a 1 is no example, and no more calls of it are made: no first byte of the reply within 5 s"]
    assert [params["name"] for _, params in server.called] == ["a", "b", "b"]


async def test_a_question_of_the_server_is_passed_over_and_keeps_nobody() -> None:
    async def asks(request: Received, writer: asyncio.StreamWriter) -> None:
        sampling = (
            b'event: message\r\ndata: {"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}\r\n\r\n'
        )
        priming = b"id: 1\r\ndata: \r\nretry: 250\r\n\r\n"
        answer = b"data: " + result(request.message["id"], text_result("b")) + b"\r\n\r\n"
        writer.write(reply(priming + sampling + answer, content_type="text/event-stream"))

    server = Offering(lists={"tools/list": [[tool("a")]]}, calls={("tools/call", "a"): asks})
    assert expectations((await captured(server))[0]) == {"a 1": {"result": text_result("b")}}


@pytest.mark.parametrize("method", ["tools/list", "tools/call"])
async def test_a_server_that_dies_midway_leaves_no_contract(method: str) -> None:
    offering = Offering(
        lists={"tools/list": [[tool("a"), tool("b")]]},
        calls={("tools/call", name): always(text_result("x")) for name in "ab"},
    )
    asked: list[str] = []

    def gone() -> bool:
        return asked.count(method) > 1

    async def dying(request: Received, writer: asyncio.StreamWriter) -> None:
        asked.append(request.message["method"] if request.method == "POST" else request.method)
        if gone():
            writer.transport.abort()
        else:
            await offering(request, writer)

    async with http_server(dying) as server:
        there, nobody = Endpoint(server.url), Endpoint("http://127.0.0.1:1/mcp")

        def connect() -> Transport:
            return (nobody if gone() else there).connect()

        source = Source(server.url, connect, 30.0)
        with pytest.raises(NothingMeasured, match="the server (stopped answering|does not say what its tools are): "):
            await capture(source, Wishes(), Instant(), lambda _: None)


async def test_a_tool_that_is_named_has_to_be_there() -> None:
    with pytest.raises(NothingMeasured, match="the server has no x, y; it has a, b"):
        await captured(Offering(lists={"tools/list": [[tool("b"), tool("a")]]}), Wishes(named=("x", "y")))


async def test_what_is_no_mcp_server_is_said() -> None:
    async def other(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"hello", content_type="text/html"))

    with pytest.raises(
        TargetUnreachable, match="does not answer as an MCP server: the reply's content type is text/html"
    ):
        await captured(other)


async def test_a_server_that_says_nothing_is_given_up_after_the_first_version_of_each_era() -> None:
    asked: list[str] = []

    async def silent(request: Received, writer: asyncio.StreamWriter) -> None:
        asked.append(request.message["method"])
        await never(request, writer)

    with pytest.raises(TargetUnreachable, match="cannot be reached: no .* within 1 s"):
        await captured(silent, within=1.0)
    assert asked == ["server/discover", "initialize"]


async def test_two_captures_are_the_same_to_the_byte() -> None:
    def server(order: Sequence[str]) -> Offering:
        return Offering(
            lists={"tools/list": [[tool(name, inputSchema=NUMBERS) for name in order]]},
            calls={("tools/call", name): counting() for name in order},
        )

    one, _ = await captured(server("abc"))
    two, _ = await captured(server("cab"))
    assert contract_text(one) == contract_text(two)
