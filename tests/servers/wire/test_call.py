from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from servers.wire.call import Call, CallReader, UnderWay, call_of, parse_call

HEADERS = [(b"mcp-session-id", b"s1"), (b"mcp-protocol-version", b"2025-11-25")]


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (HEADERS, b'{"method":"tools/call","params":{"name":"add"}}', Call("tools/call", "add", "2025-11-25", "s1")),
        (HEADERS, b'{"method":"prompts/get","params":{"name":"p"}}', Call("prompts/get", None, "2025-11-25", "s1")),
        ([], b'{"method":"initialize","params":{"protocolVersion":"1"}}', Call("initialize", None, "1", None)),
        ([], b'{"method":"tools/call","params":{"name":7}}', Call("tools/call", None, None, None)),
        ([], b'{"method":"tools/call","params":[]}', Call("tools/call", None, None, None)),
        ([], b'{"method":"tools/call","params":{"name":"add","a":[NaN,1e999]}}', Call("tools/call", "add", None, None)),
        ([], b'[{"method":"ping"}]', Call(None, None, None, None)),
        ([], b"{", Call(None, None, None, None)),
        ([], b"", Call(None, None, None, None)),
    ],
)  # fmt: skip
def test_a_request_is_read_as_far_as_it_makes_sense(
    headers: list[tuple[bytes, bytes]], body: bytes, expected: Call
) -> None:
    assert parse_call(headers, body) == expected


@given(body=st.binary(max_size=200))
def test_no_body_makes_the_parser_raise(body: bytes) -> None:
    assert isinstance(parse_call([], body), Call)


async def read_through(
    reader_of: Callable[[Callable[..., Awaitable[None]]], CallReader],
    chunks: list[bytes],
    path: str = "/mcp",
    *,
    length: bytes | None = None,
    sent: list[Message] | None = None,
) -> Scope:
    """Send a POST in `chunks` through a reader; gives its scope, with what the app below received under `seen`."""
    headers = [] if length is None else [(b"content-length", length)]
    scope: Scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": i < len(chunks) - 1} for i, chunk in enumerate(chunks)
    ]
    messages.append({"type": "http.disconnect"})
    left = iter(messages)

    async def receive() -> Message:
        return next(left)

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        scope["seen"] = []
        while (message := await receive())["type"] == "http.request":
            scope["seen"].append(message["body"])

    async def send(message: Message) -> None:
        assert sent is not None, "nothing is sent"
        sent.append(message)

    await reader_of(app)(scope, receive, send)
    return scope


@pytest.mark.parametrize("chunks", [[b'{"method":"ping"}'], [b'{"meth', b"", b'od":"ping"}'], [b""]])
async def test_the_body_reaches_the_app_as_it_came_and_then_the_disconnect(chunks: list[bytes]) -> None:
    scope = await read_through(CallReader, chunks)
    assert scope["seen"] == [b"".join(chunks)]
    call = call_of(scope)
    assert call is not None
    assert call.method == ("ping" if any(chunks) else None)


@pytest.mark.parametrize(
    ("chunks", "length"),
    [([b'{"method":', b'"ping"}', b"    "], None), ([b"{}", b"..."], b"13"), ([b'{"method":"ping"}'], None)],
)
async def test_a_body_over_the_limit_is_refused_and_reaches_nobody(chunks: list[bytes], length: bytes | None) -> None:
    sent: list[Message] = []
    scope = await read_through(lambda app: CallReader(app, max_body=12), chunks, length=length, sent=sent)
    assert "seen" not in scope
    assert [sent[0]["status"], sent[1]["body"]] == [413, b"Request body too large"]
    assert call_of(scope) == Call(None, None, None, None)


async def test_a_body_of_exactly_the_limit_is_read() -> None:
    scope = await read_through(lambda app: CallReader(app, max_body=17), [b'{"method":', b'"ping"}'])
    assert call_of(scope) == Call("ping", None, None, None)


@pytest.mark.parametrize(("path", "counted"), [("/mcp", 1), ("/other", 0)])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_request_is_counted_for_as_long_as_it_is_answered(path: str, counted: int, fails: bool) -> None:
    under_way = UnderWay()
    seen: list[int] = []

    def reader_of(app: Callable[..., Awaitable[None]]) -> CallReader:
        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(under_way.count)
            if fails:
                raise LookupError("a bug")
            await app(scope, receive, send)

        return CallReader(counting, under_way=under_way)

    with pytest.raises(LookupError) if fails else nullcontext():
        await read_through(reader_of, [b"{}"], path)
    assert (seen, under_way.count) == ([counted], 0)


async def test_another_path_is_none_of_our_business() -> None:
    scope = await read_through(CallReader, [b'{"method":"ping"}'], path="/other")
    assert call_of(scope) is None
    assert scope["seen"] == [b'{"method":"ping"}']


async def test_a_client_that_goes_away_while_it_sends_never_reaches_the_app() -> None:
    async def app(*_: object) -> None:
        raise AssertionError("the request never was complete")

    messages: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(messages)

    async def send(_: Message) -> None: ...

    await CallReader(app)({"type": "http", "method": "POST", "path": "/mcp", "headers": []}, receive, send)


def test_of_a_header_that_is_sent_twice_the_first_counts() -> None:
    assert parse_call([(b"mcp-session-id", b"first"), (b"mcp-session-id", b"second")], b"{}").session_id == "first"


def test_initialize_speaks_the_version_that_its_body_asks_for() -> None:
    body = b'{"method":"initialize","params":{"protocolVersion":"2025-11-25"}}'
    assert parse_call([(b"mcp-protocol-version", b"2025-03-26")], body).protocol_version == "2025-11-25"
