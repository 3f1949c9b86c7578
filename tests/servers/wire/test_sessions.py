"""The seam to FastMCP's session manager: these tests fail first when a new version moves what it touches."""

import pytest
from fastmcp import FastMCP
from starlette.applications import Starlette

from servers.wire.sessions import SessionWatch, _SessionTable, session_manager


async def test_the_session_manager_is_found_and_its_table_is_a_plain_dict() -> None:
    app = FastMCP("seam").http_app()
    async with app.router.lifespan_context(app):
        manager = session_manager(app)
        assert type(manager._server_instances) is dict
        assert manager._server_instances == {}


def test_an_app_without_a_session_manager_is_refused() -> None:
    with pytest.raises(LookupError, match="no route whose endpoint holds a session manager"):
        session_manager(Starlette())


def test_an_entry_that_leaves_the_table_in_any_way_is_told_once() -> None:
    removed: list[str] = []
    table = _SessionTable(removed.append)
    table.update(a=1, b=2, c=3, d=4)
    assert table.pop("a") == 1
    del table["b"]
    table.clear()
    assert removed == ["a", "b", "c", "d"]


async def test_only_a_session_that_was_opened_is_reported_when_it_ends() -> None:
    ended: list[tuple[str, str, float]] = []
    times = iter([5.0, 8.0])
    watch = SessionWatch(FastMCP("seam").http_app(), times.__next__, lambda *session: ended.append(session))

    async def send(_: object) -> None: ...

    opening = watch._watch_opening("made-up", send)
    await opening({"type": "http.response.start", "status": 200, "headers": [(b"mcp-session-id", b"s1")]})
    refused = watch._watch_opening("2025-06-18", send)
    await refused({"type": "http.response.start", "status": 400, "headers": [(b"mcp-session-id", b"s2")]})
    assert list(watch.opened) == ["s1"]
    watch._ended("s2")
    watch._ended("s1")
    assert ended == [("s1", "2025-11-25", 3.0)]
    assert watch.opened == {}
