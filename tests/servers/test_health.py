import json

from starlette.applications import Starlette
from starlette.testclient import TestClient

from formats.version import VERSION
from servers.health import health_route
from servers.testing import RunningServer
from tests.support.raw_mcp import send


def test_health_says_what_this_server_is(payments: RunningServer, lane: bool) -> None:
    reply = send(f"{payments.base_url}/health", "GET", {})
    health = json.loads(reply.body)
    assert reply.status == 200
    assert health.pop("uptime_seconds") >= 0
    assert health == {
        "status": "ok",
        "name": "payments",
        "version": VERSION,
        "protocol_versions": ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"],
        "ready": True,
        "testbed": True,
        "lane": lane,
    }


def test_the_uptime_counts_from_the_start() -> None:
    times = iter([100.0, 103.5])
    app = Starlette(routes=[health_route("x", lambda: True, times.__next__, lane=False)])
    assert TestClient(app).get("/health").json()["uptime_seconds"] == 3.5
