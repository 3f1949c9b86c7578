"""The client of the control API: which URLs it takes, and what it makes of answers that are none."""

import asyncio

import pytest

from formats.errors import InvalidInput
from servers.errors import NoAnswer
from servers.faults.remote import Remote, base_url
from tests.support.http_server import Received, http_server


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


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (http(404, "text/plain", b"Not Found"), InvalidInput, "no control API: it answers 404 to /_testbed/faults"),
        (http(200, "text/html", b"<html>"), InvalidInput, "it answers something else to /_testbed/faults"),
        (http(200, "application/json", b"[]"), InvalidInput, "has no control API"),
        (http(409, "application/json", b'{"reason": "too late"}'), InvalidInput, "^too late$"),
        (b"no http at all\r\n\r\n", NoAnswer, "does not answer"),
        (b"", NoAnswer, "does not answer"),
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
