import asyncio

import pytest

from loadgen.client.aiohttp import AiohttpTransport
from loadgen.client.raw import RawTransport
from loadgen.client.reply import PlainReply
from loadgen.client.transport import Request, Timings
from loadgen.outcome import Connect, Timeout
from loadgen.phases import Phases
from tests.support.clock import LeapingClock
from tests.support.http_server import Received, http_server, reply

POST = Request("POST", {}, b"{}")
WITHIN = 60.0


def counts(phases: Phases) -> tuple[int, int, int]:
    summary = phases.summary()
    return summary.sending.count, summary.waiting.count, summary.receiving.count


@pytest.mark.parametrize("kind", [RawTransport, AiohttpTransport])
async def test_a_refused_connection_has_nothing_to_send_and_nothing_to_wait_for(
    kind: type[RawTransport | AiohttpTransport], free_port: int
) -> None:
    phases, transport = Phases(), kind(f"http://127.0.0.1:{free_port}/mcp")
    assert isinstance(await transport.exchange(POST, PlainReply(), WITHIN), Connect)
    await transport.close()
    phases.add(transport.timings)
    assert counts(phases) == (0, 0, 0)
    assert (phases.sent_bytes, phases.received_bytes) == (0, 0)


@pytest.mark.parametrize("kind", [RawTransport, AiohttpTransport])
async def test_a_reply_has_all_three_phases(kind: type[RawTransport | AiohttpTransport]) -> None:
    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"x"))

    phases = Phases()
    async with http_server(answer) as server:
        transport = kind(server.url)
        assert await transport.exchange(POST, PlainReply(), WITHIN) is None
        await transport.close()
    phases.add(transport.timings)
    assert counts(phases) == (1, 1, 1)
    assert phases.sent_bytes >= len(POST.body)


async def test_a_reply_that_never_began_was_not_received(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_: Received, __: asyncio.StreamWriter) -> None:
        clock.leap(WITHIN)
        await asyncio.Event().wait()

    clock, phases = LeapingClock(monkeypatch), Phases()
    async with http_server(silent) as server:
        transport = RawTransport(server.url)
        assert isinstance(await transport.exchange(POST, PlainReply(), WITHIN), Timeout)
        await transport.close()
    phases.add(transport.timings)
    assert counts(phases) == (1, 1, 0)


def test_a_reply_that_came_at_once_was_received_in_no_time() -> None:
    phases = Phases()
    phases.add(Timings(sending=0.1, waiting=0.2, received_bytes=2))
    phases.add(Timings(sending=0.1, waiting=0.2))
    receiving = phases.summary().receiving
    assert (receiving.count, receiving.maximum) == (1, 0)


def test_a_connection_that_was_there_has_no_phases_of_its_own() -> None:
    phases = Phases()
    phases.add(Timings(0.5, 0.25, 0.125, 0.1, 0.2, 0.3, 10, 20))
    phases.add(Timings(sending=0.1, waiting=0.2, receiving=0.3, sent_bytes=1, received_bytes=2))
    summary = phases.summary()
    assert (summary.blocked.count, summary.connecting.count, summary.tls_handshaking.count) == (1, 1, 1)
    assert counts(phases) == (2, 2, 2)
    assert (summary.sent_bytes, summary.received_bytes) == (11, 22)
