"""The journal as a stream: records that are there, records that come, and how many there are no more."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from .journal import Journal, Record, Subscription

MOST_RECORDS = 1_000
"""Read from the journal at a time."""

Told = Record | int
"""A record, or so many that are lost."""


async def follow(
    journal: Journal, subscription: Subscription, filters: Mapping[str, str], after: int
) -> AsyncIterator[Told]:
    """The records after `after`, those that the ring has and those that come, until the journal is closed.

    A reader that is slow gets from the ring what its subscription had no room for, and is told how many records were
    pushed out of the ring meanwhile.
    """
    ring = _Ring(journal, filters, after)
    for told in ring.rest():
        yield told
    async for record in subscription:
        if record.sequence == ring.seen + 1:
            ring.seen += 1
            if passes(record, filters):
                yield record
        elif record.sequence > ring.seen:  # there was no room for those between
            for told in ring.rest():
                yield told
    for told in ring.rest():
        yield told


class _Ring:
    """The records in memory, read on from `seen`, the sequence of the last one that was."""

    def __init__(self, journal: Journal, filters: Mapping[str, str], seen: int) -> None:
        self.seen = seen
        self._journal = journal
        self._filters = filters

    def rest(self) -> Iterator[Told]:
        """All that there are; who goes on with the next one late gets what is there then."""
        more = True
        while more:
            page = self._journal.page(self._filters, self.seen, MOST_RECORDS)
            self.seen, more = page.next_after, page.more
            if page.lost:
                yield page.lost
            yield from page.records


def passes(record: Record, filters: Mapping[str, str]) -> bool:
    """Whether `record` is as the filters say."""
    return all(_shown(getattr(record, name)) == value for name, value in filters.items())


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def as_jsonl(told: Told) -> str:
    """A line; what is lost as `{"lost": 3}`."""
    return f"{_json(told)}\n"


def as_sse(told: Told) -> str:
    """An event."""
    return f"data: {_json(told)}\n\n"


def _json(told: Told) -> str:
    return json.dumps({"lost": told}) if isinstance(told, int) else told.as_json()


FRAMES: Mapping[str, tuple[str, Callable[[Told], str], str]] = {
    "jsonl": ("application/x-ndjson", as_jsonl, ""),
    "sse": ("text/event-stream", as_sse, ": the journal\n\n"),
}
"""By kind of stream: its media type, how each of its parts is written, and what it begins with."""
