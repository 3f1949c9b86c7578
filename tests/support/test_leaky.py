import re

import pytest

from loadgen.analysis.slope import Slope, fit_slope
from tests.support.clock import FakeClock
from tests.support.leaky import BASE_BYTES, PAGE_BYTES, Leaky, leaky
from tests.support.raw_mcp import HANDSHAKE, RawClient, send


def watch(model: Leaky, clock: FakeClock, seconds: int) -> Slope:
    points = []
    for at in range(seconds):
        points.append((float(at), float(model.resident_bytes())))
        clock.skip(1.0)
    slope = fit_slope(points)
    assert slope is not None
    return slope


def test_it_leaks_what_it_was_told_to() -> None:
    clock = FakeClock()
    slope = watch(Leaky(clock, bytes_per_second=1000), clock, seconds=600)
    assert slope.low <= 1000 <= slope.high
    assert slope.high - slope.low < 100
    assert slope.growth(limit_per_hour=1_000_000) == "leaks"


def test_it_does_not_leak_unless_told_to() -> None:
    clock = FakeClock()
    assert watch(Leaky(clock), clock, seconds=7200).growth(limit_per_hour=1_000_000) == "does not leak"


async def test_calls_leak_in_whole_pages() -> None:
    model = Leaky(FakeClock(), bytes_per_call=1000, noise_bytes=0)
    for _ in range(10):
        await model.work()
    assert model.leaked == 10_000
    assert model.resident_bytes() == BASE_BYTES + 2 * PAGE_BYTES


def scrape(url: str) -> dict[str, float]:
    text = send(url.replace("/mcp", "/metrics"), "GET", {}).body.decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", text, re.MULTILINE)}


def test_on_the_wire_it_calculates_and_shows_its_memory_and_sessions() -> None:
    with leaky(bytes_per_call=PAGE_BYTES, noise_bytes=0) as url:
        assert scrape(url) == {"process_resident_memory_bytes": BASE_BYTES, "mcp_server_active_sessions": 0}
        clients = [RawClient(url, HANDSHAKE) for _ in range(3)]
        for client in clients:
            assert client.call("add", {"a": 1, "b": 2}).message["result"]["structuredContent"] == {"result": 3}
        assert send(url, "DELETE", clients[0].headers).status == 200
        assert scrape(url) == {
            "process_resident_memory_bytes": BASE_BYTES + 3 * PAGE_BYTES,
            "mcp_server_active_sessions": 2,
        }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/mcp", 405), ("DELETE", "/mcp", 404), ("GET", "/health", 404), ("GET", "/metrics", 200)],
)
def test_what_else_is_asked_gets_its_status(method: str, path: str, status: int) -> None:
    with leaky() as url:
        assert send(url.replace("/mcp", path), method, {}).status == status


def test_unknown_sessions_are_unknown() -> None:
    with leaky() as url:
        client = RawClient(url, HANDSHAKE)
        client.headers["Mcp-Session-Id"] = "another"
        assert client.call("add", {"a": 1, "b": 2}).status == 404
