import asyncio

import pytest

from servers.wire.in_flight import End, InFlight, Ticket, rest_of


async def in_flight(calls: InFlight, session: str, request_id: int | str, began: asyncio.Event) -> End | None:
    """A call that waits until it is ended; why it was."""
    ticket = Ticket()
    with calls.of(session, request_id, ticket):
        try:
            began.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if ticket.end is None:
                raise
            ticket.forgive()
            return ticket.end
    return None


async def started(calls: InFlight, session: str, request_id: int | str) -> "asyncio.Task[End | None]":
    began = asyncio.Event()
    task = asyncio.create_task(in_flight(calls, session, request_id, began))
    await began.wait()
    return task


@pytest.mark.parametrize(("held", "named"), [(7, 7), ("7", 7), (7, "7"), ("x", "x")])
async def test_a_cancellation_finds_its_call_by_session_and_id(held: int | str, named: int | str) -> None:
    calls = InFlight()
    task = await started(calls, "s", held)
    calls.cancel("other", named)
    calls.cancel("s", "another")
    calls.cancel("s", True)
    calls.cancel("s", None)
    calls.cancel("s", [7])
    await asyncio.sleep(0)
    assert not task.done()
    calls.cancel("s", named)
    assert await task is End.CANCELLED
    assert calls._tickets == {}


async def test_of_two_calls_with_one_id_the_younger_is_cancelled() -> None:
    calls = InFlight()
    older, younger = await started(calls, "s", 1), await started(calls, "s", 1)
    calls.cancel("s", 1)
    assert await younger is End.CANCELLED
    assert not older.done()
    calls.end_session("s")
    assert await older is End.SESSION_OVER


async def test_the_end_of_a_session_ends_its_calls_and_no_others() -> None:
    calls = InFlight()
    mine, other = await started(calls, "s", 1), await started(calls, "t", 1)
    calls.end_session("s")
    assert await mine is End.SESSION_OVER
    assert not other.done()
    other.cancel()
    with pytest.raises(asyncio.CancelledError):
        await other


async def test_what_ended_a_call_first_counts() -> None:
    calls = InFlight()
    task = await started(calls, "s", 1)
    calls.cancel("s", 1)
    calls.end_session("s")
    assert await task is End.CANCELLED


async def test_the_rest_of_a_coroutine_goes_on_in_its_task_as_if_it_had_been_awaited() -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            await asyncio.sleep(0)
            return "late"
        raise AssertionError

    call = work()
    assert await rest_of(call, call.send(None)) == "late"


async def test_the_rest_of_a_coroutine_raises_what_it_raises() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise LookupError

    call = work()
    with pytest.raises(LookupError):
        await rest_of(call, call.send(None))
