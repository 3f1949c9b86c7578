from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from loadgen.client.session import Session, list_tools
from loadgen.outcome import Ok, Outcome
from servers.faults.effects.listing import ChangeSchema
from servers.faults.effects.result import Result
from tests.support.acting import Acting, SocketClient, acting_server, listed, seen
from tests.support.raw_mcp import MODERN

TOOLS = ["add", "subtract", "multiply", "divide", "describe", "count"]


@pytest.fixture(scope="module")
def acting(response: str) -> Iterator[Acting]:
    with acting_server(response) as server:
        yield server


@pytest.fixture
def client(acting: Acting, era: str) -> SocketClient:
    return SocketClient(acting.url, era)


def result(**settings: Any) -> Result:
    return Result.model_validate(settings)


def pages_of(client: SocketClient, most: int = 10) -> list[list[dict[str, Any]]]:
    """The tools on each page, followed as far as cursors lead."""
    pages: list[list[dict[str, Any]]] = []
    cursor = None
    while len(pages) < most:
        answer = client.ask("tools/list", {} if cursor is None else {"cursor": cursor}).message["result"]
        pages.append(answer["tools"])
        cursor = answer.get("nextCursor")
        if cursor is None:
            break
    return pages


def names(page: list[dict[str, Any]]) -> list[str]:
    return [tool["name"] for tool in page]


def tool_of(client: SocketClient, name: str) -> dict[str, Any]:
    """One tool as it is listed now."""
    (tool,) = (tool for page in pages_of(client) for tool in page if tool["name"] == name)
    found: dict[str, Any] = tool
    return found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("repeat", [TOOLS[:2], TOOLS[1:4], TOOLS[3:6]]),
        ("change", [TOOLS[:2], TOOLS[1:4], TOOLS[3:6]]),
        ("skip", [TOOLS[:2], TOOLS[3:4], TOOLS[5:6]]),
    ],
)
def test_pages_do_not_fit_together(
    acting: Acting, client: SocketClient, era: str, kind: str, expected: list[list[str]]
) -> None:
    with acting.on("tools/list", result(pages=kind, size=2)):
        pages = pages_of(client)
        assert seen(acting, era, listed) is acting.expected[-1] is None
    assert [names(page) for page in pages] == expected
    assert all(acting.acted)
    if kind != "skip":
        assert (pages[0][1] == pages[1][0]) is (kind == "repeat")


def test_pages_lead_round_in_a_circle(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/list", result(pages="loop", size=4)):
        pages = pages_of(client, most=5)
        assert seen(acting, era, listed) == "schema_violation" == acting.expected[-1]
    assert [names(page) for page in pages] == [TOOLS[:4], TOOLS[4:], TOOLS[:4], TOOLS[4:], TOOLS[:4]]


def test_a_list_that_fits_one_page_stays_as_it_is(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/list", result(pages="loop", size=6)):
        assert names(*pages_of(client)) == TOOLS
    assert acting.acted == [False]


@pytest.mark.parametrize("cursor", ["", "testbed-page-x", "testbed-page-" + "9" * 5_000, "other"])
def test_a_cursor_that_is_none_of_ours_begins_anew(acting: Acting, client: SocketClient, cursor: str) -> None:
    with acting.on("tools/list", result(pages="repeat", size=2)):
        assert names(client.ask("tools/list", {"cursor": cursor}).message["result"]["tools"]) == TOOLS[:2]


def test_a_cursor_past_the_end_gives_an_empty_last_page(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/list", result(pages="repeat", size=2)):
        answer = client.ask("tools/list", {"cursor": "testbed-page-99"}).message["result"]
    assert answer["tools"] == []
    assert "nextCursor" not in answer


def test_a_tool_vanishes_from_the_list(acting: Acting, client: SocketClient, era: str) -> None:
    with acting.on("tools/list", result(vanish="add")):
        assert names(*pages_of(client)) == TOOLS[1:]
        assert seen(acting, era, listed) is acting.expected[-1] is None
    assert names(*pages_of(client)) == TOOLS


def test_all_tools_vanish(acting: Acting, client: SocketClient) -> None:
    with acting.on("tools/list", result(vanish="*")):
        assert pages_of(client) == [[]]


@pytest.mark.parametrize("kind", ["vanish", "change_description", "change_schema"])
def test_what_is_not_there_cannot_vanish_or_change(acting: Acting, client: SocketClient, kind: str) -> None:
    with acting.on("tools/list", result(**{kind: "power"})):
        assert names(*pages_of(client)) == TOOLS
    assert acting.acted == [False]


def test_a_vanished_tool_is_unknown(acting: Acting, client: SocketClient, era: str) -> None:
    really = client.ask("tools/call", {"name": "power", "arguments": {}}).message["result"]
    with acting.on("tools/call", result(unknown_tool=True)):
        pretended = client.ask("tools/call", {"name": "power", "arguments": {}}).message["result"]
        assert client.add().refusal == "Unknown tool: 'add'"
        assert seen(acting, era) == "tool_error" == acting.expected[-1]
    assert pretended == {key: value for key, value in really.items() if key != "_meta"}
    assert acting.executed == [False] * 3


@pytest.mark.parametrize(("text", "now"), [("Other.", "Other."), (None, "Add two numbers: a + b. (changed)")])
def test_a_tool_changes_its_description(
    acting: Acting, client: SocketClient, era: str, text: str | None, now: str
) -> None:
    before = tool_of(client, "add")
    with acting.on("tools/list", result(change_description="add", text=text)):
        after = tool_of(client, "add")
        assert seen(acting, era, listed) is acting.expected[-1] is None
    assert after == {**before, "description": now}


@pytest.mark.parametrize(("of", "adds"), [("input", "confirmed"), ("output", "trace")])
def test_a_tool_changes_its_schema(acting: Acting, client: SocketClient, era: str, of: str, adds: str) -> None:
    before = tool_of(client, "add")
    with acting.on("tools/list", result(change_schema="add", of=of, adds=adds)):
        after = tool_of(client, "add")
        assert seen(acting, era, listed) is acting.expected[-1] is None
    old, new = before.pop(f"{of}Schema"), after.pop(f"{of}Schema")
    assert before == after
    assert new["required"] == [*old["required"], adds]
    assert new["properties"] == {**old["properties"], adds: {"type": "boolean"}}


def test_a_tool_without_a_schema_has_none_that_could_change() -> None:
    changed = ChangeSchema(change_schema="*", of="output").alter({"name": "bare"})
    assert changed == {"name": "bare"}


def test_a_schema_may_say_next_to_nothing() -> None:
    changed = ChangeSchema(change_schema="*").alter({"inputSchema": {"properties": [], "required": "all"}})
    assert changed == {"inputSchema": {"properties": {"confirmed": {"type": "boolean"}}, "required": ["confirmed"]}}


def test_a_listed_schema_that_changed_is_what_the_client_goes_by(acting: Acting, era: str) -> None:
    schemas: list[Any] = []

    async def remember(session: Session) -> Outcome:
        tools = await list_tools(session)
        assert isinstance(tools, tuple)
        schemas.append(tools[0].input_schema["required"])
        return Ok({})

    with acting.on("tools/list", result(change_schema="*")):
        assert seen(acting, era, remember) is None
    assert schemas == [["a", "b", "confirmed"]]


def test_faults_of_lists_leave_calls_alone(acting: Acting, client: SocketClient) -> None:
    faults = [result(pages="loop"), result(vanish="add"), result(change_schema="add")]
    with acting.on("tools/call", *faults):
        assert client.add().message["result"]["structuredContent"] == {"result": 3}
    assert acting.acted == [False] * 3
    assert acting.expected == [None] * 3


def test_pages_keep_what_else_a_modern_list_says(acting: Acting) -> None:
    client = SocketClient(acting.url, MODERN)
    whole = client.ask("tools/list").message["result"]
    with acting.on("tools/list", result(pages="skip")):
        page = client.ask("tools/list").message["result"]
    assert set(page) == set(whole) | {"nextCursor"}
    assert page["resultType"] == "complete"


@pytest.mark.parametrize(
    "settings",
    [
        {"pages": "differ"},
        {"pages": "loop", "size": 0},
        {"vanish": ""},
        {"change_description": "add", "text": 1},
        {"change_schema": "add", "of": "both"},
        {"change_schema": "add", "adds": ""},
        {"unknown_tool": False},
        {"list_changed": False},
    ],
)
def test_a_bad_setting_is_one_complaint_that_names_it(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        result(**settings)
    (complaint,) = caught.value.errors()
    assert complaint["loc"][-1] == list(settings)[-1]
