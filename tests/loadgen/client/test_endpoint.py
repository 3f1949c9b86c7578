import asyncio
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InvalidInput
from loadgen.client import Endpoint, Limits, Request, Timeout, Tls
from loadgen.client.aiohttp import AiohttpTransport
from loadgen.client.endpoint import parse_header
from loadgen.client.raw import RawTransport
from loadgen.client.reply import PlainReply
from loadgen.outcome import Failure
from tests.support.certificates import make_certificate, server_context
from tests.support.clock import LeapingClock
from tests.support.http_server import Received, http_server, reply

WITHIN = 60.0
HTTP = "http://127.0.0.1:1/mcp"
HTTPS = "https://127.0.0.1:1/mcp"


async def answers(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(b"ok"))


async def exchange(endpoint: Endpoint) -> Failure | None:
    transport = endpoint.connect()
    sink = PlainReply()
    try:
        return await transport.exchange(Request("POST", {}, b"{}"), sink, WITHIN) or sink.failure()
    finally:
        await transport.close()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"url": "127.0.0.1:8000"}, "url: '127.0.0.1:8000' is not a URL of http or https with a host"),
        ({"url": "ftp://127.0.0.1/"}, "url: 'ftp://127.0.0.1/' is not a URL of http or https with a host"),
        ({"url": "http:///mcp"}, "url: 'http:///mcp' is not a URL of http or https with a host"),
        (
            {"url": "http://127.0.0.1:99999/"},
            "url: 'http://127.0.0.1:99999/' is not a URL of http or https with a host",
        ),
        ({"url": "http://127.0.0.1/a b"}, "url: 'http://127.0.0.1/a b' is not a URL of http or https with a host"),
        (
            {"url": "http://me:pw@127.0.0.1/"},
            "url: a user name in it would end up in reports; send the header Authorization instead",
        ),
        ({"kind": "curl"}, "the transport 'curl' is not one of raw, aiohttp"),
        ({"proxy": "http://127.0.0.1:2"}, "the raw transport knows no proxies: choose aiohttp"),
        ({"redirects": True}, "the raw transport follows no redirects: choose aiohttp"),
        ({"kind": "aiohttp", "proxy": "x"}, "proxy: 'x' is not a URL of http or https with a host"),
        ({"insecure": True}, f"insecure is for https, and the URL is {HTTP}"),
        ({"cacert": Path("ca.pem")}, f"cacert is for https, and the URL is {HTTP}"),
        (
            {"url": HTTPS, "cacert": Path("/nowhere/ca.pem")},
            "cacert: /nowhere/ca.pem cannot be used: No such file or directory",
        ),
        ({"url": HTTPS, "cacert": Path(__file__)}, f"cacert: {__file__} cannot be used: it holds no PEM certificate"),
        ({"headers": (("a b", "c"),)}, "the header name 'a b' is not a token: letters, digits and -"),
        ({"headers": (("A", "b\nc"),)}, "the value of the header A holds a line break or another control character"),
        ({"headers": (("A", "\u20ac"),)}, "the value of the header A holds characters beyond Latin-1"),
        (
            {"headers": (("Content-Length", "3"),)},
            "the header Content-Length belongs to the connection and cannot be set",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Endpoint(**{"url": HTTP, **settings})
    assert raised.value.problems == (problem,)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as raised:
        Endpoint(HTTPS, cacert=make_certificate(tmp_path), insecure=True, proxy="http://127.0.0.1:1", redirects=True)
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize("line", ["X-Key", ": x", "a b: c", "A: b\nc"])
def test_a_header_that_is_no_header_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput):
        parse_header(line)


def test_a_header_is_a_name_and_a_value() -> None:
    assert parse_header("X-Key:  a: b ") == ("X-Key", "a: b")


def test_each_virtual_user_gets_a_transport_of_its_own() -> None:
    endpoint = Endpoint(HTTP)
    first, second = endpoint.connect(), endpoint.connect()
    assert isinstance(first, RawTransport)
    assert first is not second


async def test_the_kind_chooses_the_transport() -> None:
    transport = Endpoint(HTTP, "aiohttp").connect()
    assert isinstance(transport, AiohttpTransport)
    await transport.close()


@pytest.mark.parametrize("kind", ["raw", "aiohttp"])
async def test_headers_and_limits_reach_the_transport(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_: Received, __: asyncio.StreamWriter) -> None:
        clock.leap(WITHIN / 2)
        await asyncio.Event().wait()

    clock = LeapingClock(monkeypatch)

    async with http_server(silent) as server:
        endpoint = Endpoint(server.url, kind, headers=(("X-Key", "v"),), limits=Limits(first_byte=WITHIN / 2))
        assert isinstance(await exchange(endpoint), Timeout)
        assert server.received[0].headers["x-key"] == "v"


@pytest.mark.parametrize("kind", ["raw", "aiohttp"])
async def test_trust_is_the_systems_a_files_or_blind(kind: Any, tmp_path: Path) -> None:
    pem = make_certificate(tmp_path)
    async with http_server(answers, server_context(pem)) as server:
        assert isinstance(await exchange(Endpoint(server.url, kind)), Tls)
        assert await exchange(Endpoint(server.url, kind, cacert=pem)) is None
        assert await exchange(Endpoint(server.url, kind, insecure=True)) is None


async def test_a_proxy_gets_the_whole_url() -> None:
    lines: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(b"ok"))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(proxy, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        endpoint = Endpoint("http://server.test/mcp", "aiohttp", proxy=f"http://127.0.0.1:{port}")
        assert await exchange(endpoint) is None
    assert lines == [b"POST http://server.test/mcp HTTP/1.1\r\n"]


async def test_redirects_are_followed_when_that_is_wanted() -> None:
    async def elsewhere(request: Received, writer: asyncio.StreamWriter) -> None:
        moved = reply(b"", status="307 Temporary Redirect", Location="/other/")
        writer.write(moved if len(server.received) == 1 else reply(request.body))

    async with http_server(elsewhere) as server:
        assert await exchange(Endpoint(server.url, "aiohttp", redirects=True)) is None
        assert [request.body for request in server.received] == [b"{}", b"{}"]
