"""Clients of the TypeScript SDK against every preset: each failed call is explained, and the server is as before."""

import asyncio
from typing import Literal

import pytest

from formats.fixtures import bundled_fixtures
from servers.wire.call import PROTOCOL_VERSIONS
from tests.support.ts_client import VERSIONS, node, ts_calls
from tests.support.watched_server import TOOLS, unexplained, until, watched_server

CALLS = 25
USERS = 2
PATIENCE = 2.5
FORMS: dict[str, tuple[Literal["json", "sse"], ...]] = {
    "flaky-network": ("json", "sse"),
    "garbage": ("json", "sse"),
    "lossy-sse": ("sse",),
}
"""How the server replies, where a preset is about how a reply arrives; elsewhere JSON will do."""
ROLLOVER, CALLS_THEN = 12.0, 10
"""Seconds after its start: the clients would be done before it begins. Of many calls then, many take a new client."""
LOST = ("session_refuse_initialize", "session_expire", "session_rotate_id")
"""Effects after which a session cannot be opened, or not ended: the v1 client believes a reply that names another."""


def test_the_clients_speak_every_version_that_the_servers_do() -> None:
    assert set(PROTOCOL_VERSIONS) <= set(VERSIONS)


@pytest.mark.parametrize(
    ("preset", "response"),
    [(preset, form) for preset in bundled_fixtures("faults") for form in FORMS.get(preset, ("json",))],
)
async def test_the_journal_explains_every_call_that_failed_in_typescript(
    preset: str, response: Literal["json", "sse"]
) -> None:
    node()
    at, calls = (ROLLOVER, CALLS_THEN) if preset == "deploy-rollover" else (None, CALLS)
    with watched_server(preset, response, at) as server:
        baseline = await server.tasks_at_rest()
        said = await ts_calls(server.url, TOOLS, calls=calls, users=USERS, patience=PATIENCE)
        made = [call.key for call in said if call.key is not None]
        failed = [call.key for call in said if call.key is not None and call.failed]
        assert len(made) == len(set(made)) == calls * len(VERSIONS)
        await until(lambda: asyncio.sleep(0, not unexplained(server, failed)))
        broken_off = len(said) - len(made)
        await until(lambda: asyncio.sleep(0, broken_off <= sum(record.effect in LOST for record in server.records)))
        await server.is_as_before(baseline, left=broken_off)
        assert server.log == []
        if preset in ("garbage", "schema-drift", "zombie-sessions", "flaky-network", "lossy-sse", "deploy-rollover"):
            assert failed
