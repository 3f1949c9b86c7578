"""The journal as a stream: nothing is passed over in silence, however slow its reader is."""

import asyncio
from collections.abc import AsyncIterator

from servers.faults.journal import Journal, Record
from servers.faults.journal_stream import FRAMES, Told, follow


def add(journal: Journal, count: int = 1, tool: str = "add") -> None:
    for _ in range(count):
        journal.add(Record(rule="r", n=1, draw=0.5, effect="http_status", phase="before", tool=tool))


async def sequences(stream: AsyncIterator[Told]) -> list[int | str]:
    """The numbers of the records; what is lost as `lost 3`."""
    return [f"lost {told}" if isinstance(told, int) else told.sequence async for told in stream]


async def test_records_that_are_there_come_first_and_those_that_are_added_later_follow() -> None:
    journal = Journal(keep=10)
    add(journal, 4)
    with journal.subscribe() as subscription:
        stream = follow(journal, subscription, {}, after=2)
        first = [told.sequence for told in (await anext(stream), await anext(stream)) if isinstance(told, Record)]
        add(journal, 2)
        journal.close()
        assert first + await sequences(stream) == [3, 4, 5, 6]


async def test_what_the_ring_has_no_more_is_told_before_what_it_has() -> None:
    journal = Journal(keep=10)
    add(journal, 25)
    with journal.subscribe() as subscription:
        journal.close()
        assert await sequences(follow(journal, subscription, {}, after=3)) == ["lost 12", *range(16, 26)]


async def test_a_slow_reader_gets_from_the_ring_what_it_had_no_room_for_and_hears_of_the_rest() -> None:
    journal = Journal(keep=10)
    with journal.subscribe(most_unread=2) as subscription:
        stream = follow(journal, subscription, {}, after=0)
        add(journal, 3)
        first = await anext(stream)
        assert isinstance(first, Record)
        add(journal, 4)
        journal.close()
        assert [first.sequence, *await sequences(stream)] == [1, 2, 3, 4, 5, 6, 7]
    with journal.subscribe(most_unread=2) as subscription:
        stream = follow(journal, subscription, {}, after=7)
        add(journal, 1)
        first = await anext(stream)
        assert isinstance(first, Record)
        add(journal, 30)
        journal.close()
        assert [first.sequence, *await sequences(stream)] == [8, 9, "lost 19", *range(29, 39)]


async def test_what_there_was_no_room_for_comes_before_what_came_after_it() -> None:
    journal = Journal(keep=10)
    with journal.subscribe(most_unread=2) as subscription:
        stream = follow(journal, subscription, {}, after=0)
        add(journal, 1)
        got = [await anext(stream)]
        add(journal, 4)  # 2 besides the first, which is still unread; no room for 3, 4 and 5
        got.append(await anext(stream))
        add(journal, 1)
        async with asyncio.timeout(60):
            got += [await anext(stream) for _ in range(4)]
        assert [told.sequence for told in got if isinstance(told, Record)] == [1, 2, 3, 4, 5, 6]
        journal.close()
        assert await sequences(stream) == []


async def test_filters_hold_for_all_of_it() -> None:
    journal = Journal(keep=10)
    add(journal, 2)
    add(journal, 1, "divide")
    with journal.subscribe(most_unread=1) as subscription:
        stream = follow(journal, subscription, {"tool": "divide"}, after=0)
        first = await anext(stream)
        add(journal, 1)
        add(journal, 2, "divide")
        journal.close()
        assert isinstance(first, Record)
        assert [first.sequence, *await sequences(stream)] == [3, 5, 6]


async def test_what_a_reset_took_away_on_purpose_is_not_lost() -> None:
    journal = Journal(keep=10)
    add(journal, 25)
    journal.reset()
    add(journal, 2)
    assert journal.page().lost == 0
    with journal.subscribe() as subscription:
        journal.close()
        assert await sequences(follow(journal, subscription, {}, after=0)) == [26, 27]


def test_each_kind_of_stream_has_its_frames() -> None:
    assert [FRAMES[kind][1](3) for kind in ("jsonl", "sse")] == ['{"lost": 3}\n', 'data: {"lost": 3}\n\n']
