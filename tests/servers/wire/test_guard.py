import pytest
from starlette.types import Message, Receive, Scope, Send

from servers.wire.guard import Guard

LOOPBACK = ("127.0.0.1", 8000)


class Reached:
    """An app that counts what the guard lets through."""

    times = 0

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.times += 1


async def ask(guard: Guard, headers: list[tuple[bytes, bytes]], server: tuple[str, int] | None = LOOPBACK) -> int:
    """Status of the guard's refusal, 0 when it lets the request through."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await guard({"type": "http", "method": "POST", "path": "/mcp", "headers": headers, "server": server}, receive, send)
    return sent[0]["status"] if sent else 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"host", b"127.0.0.1:8000")], 0),
        ([(b"host", b"localhost")], 0),
        ([(b"host", b"evil.example")], 421),
        ([(b"host", b"127.0.0.1:8000"), (b"origin", b"http://127.0.0.1:8000")], 0),
        ([(b"host", b"127.0.0.1:8000"), (b"origin", b"http://evil.example")], 403),
        ([], 421),
    ],
)
async def test_the_answer_is_the_same_however_often_it_is_asked(
    headers: list[tuple[bytes, bytes]], status: int
) -> None:
    app = Reached()
    guard = Guard(app)
    assert [await ask(guard, headers) for _ in range(3)] == [status] * 3
    assert app.times == (0 if status else 3)


async def test_a_host_that_passed_is_no_pass_for_an_origin_or_for_another_address() -> None:
    guard = Guard(Reached())
    host = (b"host", b"public.example")
    assert await ask(guard, [host], ("10.0.0.5", 80)) == 0
    assert await ask(guard, [host], LOOPBACK) == 421
    assert await ask(guard, [(b"host", b"localhost")], LOOPBACK) == 0
    assert await ask(guard, [(b"host", b"localhost"), (b"origin", b"http://evil.example")], LOOPBACK) == 403
    assert await ask(guard, [(b"host", b"localhost"), (b"host", b"evil.example")], LOOPBACK) == 0


async def test_what_it_remembers_is_bounded() -> None:
    guard = Guard(Reached())
    for nth in range(1000):
        await ask(guard, [(b"host", b"h%d" % nth)], ("10.0.0.5", 80))
    assert len(guard._known) == 256
