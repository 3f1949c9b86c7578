"""The client of the control API: which URLs it takes, and what it makes of answers that are none."""

import asyncio
import json
from typing import Any

import pytest

from formats.errors import InvalidInput
from servers.errors import NoAnswer
from servers.faults import remote as module
from servers.faults.remote import Remote, base_url
from tests.support.http_server import Answer, Received, http_server


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://h:1", "http://h:1"),
        ("http://h:1/", "http://h:1"),
        ("http://h:1/mcp", "http://h:1"),
        ("http://h:1/mcp/", "http://h:1"),
        ("http://h:1/_testbed", "http://h:1"),
        ("https://h/behind/a/proxy/mcp", "https://h/behind/a/proxy"),
        ("http://[::1]:8000/mcp", "http://[::1]:8000"),
    ],
)
def test_the_path_of_the_endpoint_is_left_out(url: str, base: str) -> None:
    assert base_url(url) == base


@pytest.mark.parametrize(
    "url", ["", "h:1", "ftp://h", "http://", "http://h:x", "http://h:0", "http://h/?a=1", "http://[h"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="--url should be one such as"):
        Remote(url)


def http(status: int, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} Any\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


STATE: dict[str, Any] = {"generation": 3, "paused": False, "seed": 0, "expires_in_seconds": None, "rules": []}
PAGE: dict[str, Any] = {"records": [{"n": 1}], "next_after": 1, "more": True, "lost": 0}


def as_json(status: int, document: object) -> bytes:
    return http(status, "application/json", json.dumps(document).encode())


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (http(404, "text/plain", b"Not Found"), InvalidInput, "no control API: it answers 404 to /_testbed/faults$"),
        (http(401, "text/plain", b"Who?"), InvalidInput, "no control API: it answers 401 to /_testbed/faults$"),
        (http(302, "text/plain", b""), InvalidInput, "no control API: it answers 302 to /_testbed/faults$"),
        (http(500, "text/plain", b"Oops"), InvalidInput, "no control API: it answers 500 to /_testbed/faults$"),
        (http(421, "text/plain", b"Misdirected"), InvalidInput, "takes no requests under this name: ask it by its"),
        (http(200, "text/html", b"<html>"), InvalidInput, "it answers something else to /_testbed/faults$"),
        (as_json(200, []), InvalidInput, "it answers something else to /_testbed/faults$"),
        (as_json(200, {"ok": True}), InvalidInput, "it answers something else to /_testbed/faults$"),
        (as_json(200, {**STATE, "rules": [{"name": 3}]}), InvalidInput, "it answers something else to"),
        (http(200, "application/json", b"[" * 100_000), InvalidInput, "it answers something else to"),
        (as_json(400, {"reason": 5, "problems": [1]}), InvalidInput, "no control API: it answers 400 to"),
        (as_json(409, {"reason": "too late"}), InvalidInput, "^too late$"),
        (as_json(400, {"reason": "a", "problems": [{"reason": "a"}, {"reason": "b"}]}), InvalidInput, "^a\nb$"),
        (
            as_json(401, {"error": "unauthorized", "reason": "x"}),
            InvalidInput,
            "wants another --admin-token \\(or MCP_",
        ),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", NoAnswer, "does not answer: it does not speak HTTP$"),
        (b"", NoAnswer, "does not answer: (it closes the connection|connection reset by peer)$"),
        (as_json(200, STATE)[:-9], NoAnswer, "does not answer: its answer breaks off$"),
    ],
)
async def test_an_answer_that_is_none_is_a_sentence(answer: bytes, error: type[Exception], sentence: str) -> None:
    async def write(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with http_server(write) as server:
        remote = Remote(server.url, "s3cret")
        with pytest.raises(error, match=sentence):
            await remote.show()
        assert server.received[0].headers["authorization"] == "Bearer s3cret"


async def test_who_gives_no_token_is_told_that_one_is_wanted() -> None:
    async def write(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(as_json(401, {"error": "unauthorized", "reason": "x"}))
        writer.close()

    async with http_server(write) as server:
        with pytest.raises(InvalidInput, match="wants its --admin-token"):
            await Remote(server.url).show()


async def hang(_: Received, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def trickle(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("answer", [hang, trickle])
async def test_an_answer_that_does_not_come_to_an_end_is_not_waited_for(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    async with http_server(answer) as server:
        with pytest.raises(NoAnswer, match="does not answer: it takes longer than 1 s$"):
            await Remote(server.url).show()


async def test_a_stream_that_does_not_begin_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    async with http_server(hang) as server:
        with pytest.raises(NoAnswer, match="does not answer: it takes longer than 1 s$"):
            await anext(Remote(server.url).follow({}))


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (http(404, "text/plain", b"Not Found"), InvalidInput, "it answers 404 to /_testbed/journal$"),
        (http(200, "text/html", b"<html>"), InvalidInput, "it answers something else to /_testbed/journal$"),
        (as_json(400, {"reason": "no such field"}), InvalidInput, "^no such field$"),
        (http(200, "application/x-ndjson", b"{]\n"), NoAnswer, "breaks off in the middle of a record$"),
        (http(200, "application/x-ndjson", b"3\n"), NoAnswer, "breaks off in the middle of a record$"),
        (http(200, "application/x-ndjson", b'"' + b"x" * 3_000_000), NoAnswer, "a line of its answer is too long$"),
    ],
)
async def test_a_stream_that_is_none_is_a_sentence(answer: bytes, error: type[Exception], sentence: str) -> None:
    async def write(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with http_server(write) as server:
        with pytest.raises(error, match=sentence):
            await anext(Remote(server.url).follow({}))


async def test_a_page_that_leads_back_to_itself_is_the_last() -> None:
    async def write(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(as_json(200, PAGE))
        writer.close()

    async with http_server(write) as server:
        assert [record async for record in Remote(server.url).journal({}, after=1)] == [{"n": 1}]
        assert len(server.received) == 1


async def test_what_is_lost_is_told_and_is_no_record() -> None:
    lost: list[int] = []

    async def write(_: Received, writer: asyncio.StreamWriter) -> None:
        if len(server.received) == 1:
            writer.write(as_json(200, {**PAGE, "more": False, "lost": 4}))
        else:
            lines = b'{"n": 1}\n{"lost": 3}\n{"n": 5}\n'
            writer.write(http(200, "application/x-ndjson", lines))
        writer.close()

    async with http_server(write) as server:
        remote = Remote(server.url)
        assert [record async for record in remote.journal({}, on_lost=lost.append)] == [{"n": 1}]
        assert [record async for record in remote.follow({}, on_lost=lost.append)] == [{"n": 1}, {"n": 5}]
    assert lost == [4, 3]


async def test_tls_that_is_not_spoken_is_said() -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400, "text/plain", b"Bad Request"))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NoAnswer, match="does not answer: it does not speak TLS; is it http://\\?$"):
            await Remote(f"https://127.0.0.1:{port}").show()


async def test_a_stream_that_breaks_off_is_no_answer() -> None:
    async def write(_: Received, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b'9\r\n{"a": 1}\n\r\n')
        await writer.drain()
        writer.close()

    async with http_server(write) as server:
        records = Remote(server.url).follow({})
        assert await anext(records) == {"a": 1}
        with pytest.raises(NoAnswer):
            await anext(records)
