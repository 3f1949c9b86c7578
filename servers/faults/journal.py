"""What was really injected: one record for each decision that hit a request, made when its reply is over.

Records stay in a ring in memory, as rows of plain values: these the garbage collector need not walk, and ten thousand
objects would be a pause for all calls. With a file, all records go there, written by a thread of its own.
"""

import asyncio
import json
import logging
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

from formats.errors import InvalidInput

from .exchange import Phase

KEEP = 10_000
"""Records in memory."""
MOST_WAITING = 100_000
"""Records that wait for the file; what comes when so many wait is not written."""
MOST_UNREAD = 1_000
"""Records that wait for one reader of the stream."""

Reason = Literal["", "nothing to act on", "cannot write raw bytes", "client gone", "server error", "cut off"]
"""Why an effect does not count: it had nothing to act on; this server cannot do it; its client had left before; the
server failed by itself; a stop cut the exchange off."""
Kind = Literal["call", "initialize", "delete", "list", "notification", "other"]

_LONGEST = 200
_BATCH = 1_000
_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Record:
    """What became of one effect of one rule that hit one request."""

    sequence: int = 0
    """Given by the journal, from 1, without gaps."""
    time: float = 0.0
    """Unix time at which the reply was over."""
    generation: int = 0
    """Of the profile that the rule stands in; see `Plane.generation`."""
    rule: str
    n: int
    draw: float
    effect: str
    """`<family>_<kind>`."""
    phase: Phase
    planned_delay: float = 0.0
    achieved_delay: float = 0.0
    """Seconds, those at which pieces of the body were held back included."""
    bytes_sent: int = 0
    """Of the reply's body."""
    executed: bool = False
    """Whether the request was handed to the server."""
    counted: bool = False
    """Whether it took effect on the wire."""
    reason: Reason = ""
    """Why it did not."""
    expected: str | None = None
    """What a correct client must have seen (an outcome of loadgen/outcome.py); None: nothing out of the ordinary."""
    hidden: bool = False
    """Another effect on the same reply hid this one: that one's outcome is what the client saw."""
    client_gone: bool = False
    """The client left before its reply was over."""
    released: bool = False
    """The reply hung, and its connection was reset because another profile was put in place, or none."""
    session: str | None = None
    request_id: Any = None
    call_key: str | None = None
    method: str | None = None
    """The JSON-RPC method; of a DELETE, `DELETE`."""
    tool: str | None = None
    kind: Kind = "other"
    """Tells faults on tool calls from those on the rest of the protocol."""

    def as_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), separators=(",", ":"), default=str)


def clip(value: Any) -> Any:
    """`value`, which a client chose, short enough to be kept ten thousand times."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
    return value if value is None or type(value) in (bool, float) or _is_short(value) else clip(str(value)[:_LONGEST])


def _is_short(value: Any) -> bool:
    return type(value) is int and value.bit_length() < _LONGEST


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of the ring, oldest first."""

    records: tuple[Record, ...]
    next_after: int
    """What `after` has to be for the next page."""
    lost: int
    """Records after `after` that newer ones have pushed out of the ring; a reset forgets them for good."""
    more: bool


class Subscription:
    """The records that are added from now on, for one reader."""

    def __init__(self, most: int) -> None:
        self.missed = 0
        """Records that were dropped because the reader was too slow."""
        self._records: deque[Record] = deque()
        self._most = most
        self._closed = False
        self._changed = asyncio.Event()

    def offer(self, record: Record) -> None:
        """Let the reader have `record`, if there is room."""
        if len(self._records) >= self._most:
            self.missed += 1
            return
        self._records.append(record)
        self._changed.set()

    def close(self) -> None:
        """No more come; what is there can still be read."""
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[Record]:
        while True:
            while self._records:
                yield self._records.popleft()
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()


@dataclass(slots=True)
class RuleCount:
    """How often a rule was seen."""

    matched: int = 0
    counted: int = 0


class Journal:
    """The records of one server. Everything but the writing of the file happens in the server's event loop.

    Args:
        keep: records in memory.
        file: gets every record as a line of JSON; appended to.
        wall: Unix time.

    Raises:
        InvalidInput: the file cannot be written.
    """

    def __init__(self, keep: int = KEEP, file: Path | None = None, wall: Callable[[], float] = time.time) -> None:
        self.by_rule: dict[str, RuleCount] = {}
        self.by_outcome: Counter[tuple[Kind, str]] = Counter()
        """Of the records that count and are not hidden: how often each outcome is expected, by kind of request."""
        self._ring: deque[tuple[Any, ...]] = deque(maxlen=keep)
        self._last = 0
        self._forgotten = 0  # the last one before a reset
        self._wall = wall
        self._subscriptions: list[Subscription] = []
        self._writer = _Writer(file) if file is not None else None

    @property
    def last(self) -> int:
        """The sequence of the newest record there ever was; 0 without one."""
        return self._last

    @property
    def unwritten(self) -> int:
        """Records that did not get into the file."""
        return self._writer.unwritten if self._writer is not None else 0

    def add(self, record: Record) -> None:
        """Keep `record`, which gets its sequence and time, and tell whoever listens."""
        self._last = record.sequence = self._last + 1
        record.time = self._wall()
        self._ring.append(_row(record))
        count = self.by_rule.setdefault(record.rule, RuleCount())
        count.matched += 1
        if record.counted:
            count.counted += 1
            if record.expected is not None and not record.hidden:
                self.by_outcome[record.kind, record.expected] += 1
        for subscription in self._subscriptions:
            subscription.offer(record)
        if self._writer is not None:
            self._writer.put(record)

    def page(self, filters: Mapping[str, str] | None = None, after: int = 0, limit: int = 100) -> Page:
        """The first `limit` records after the sequence `after` whose fields are as `filters` says.

        A filter's value is compared as it looks in JSON, text without quotes: `{"counted": "true", "tool": "add"}`.

        Raises:
            InvalidInput: a filter that is no field of a record.
        """
        wanted = dict(filters or {})
        unknown = [name for name in wanted if name not in FIELDS]
        if unknown:
            raise InvalidInput([f"{name}: is no field of a record; they are {', '.join(FIELDS)}" for name in unknown])
        places = [(FIELDS.index(name), value) for name, value in wanted.items()]
        oldest = self._ring[0][0] if self._ring else self._last + 1
        lost = max(0, oldest - 1 - max(after, self._forgotten))
        found: list[Record] = []
        for row in islice(self._ring, max(0, after + 1 - oldest), None):
            if all(_shown(row[place]) == value for place, value in places):
                if len(found) == limit:
                    return Page(tuple(found), found[-1].sequence if found else after, lost, True)
                found.append(Record(**dict(zip(FIELDS, row, strict=True))))
        return Page(tuple(found), max(after, self._last), lost, False)

    @contextmanager
    def subscribe(self, most_unread: int = MOST_UNREAD) -> Iterator[Subscription]:
        """The records that are added during the `with` block; ends when the journal is closed."""
        subscription = Subscription(most_unread)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    def reset(self) -> None:
        """Forget the records and counts; sequences go on, and the file stays as it is."""
        self._ring.clear()
        self._forgotten = self._last
        self.by_rule.clear()
        self.by_outcome.clear()

    def close(self) -> None:
        """End the subscriptions; write what waits for the file, and close it. Blocks for as long as that takes."""
        for subscription in self._subscriptions:
            subscription.close()
        if self._writer is not None:
            self._writer.close()


FIELDS = tuple(field.name for field in fields(Record))
_row = attrgetter(*FIELDS)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


class _Writer:
    """Writes records to a file from a thread: a disk may take its time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._refused = 0  # by the event loop
        self._lost = 0  # by the thread
        self._closed = False
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise InvalidInput([f"{path}: cannot be written: {error.strerror or error}"]) from error
        self._waiting: queue.SimpleQueue[Record | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    @property
    def unwritten(self) -> int:
        """Records that are not in the file and will not be."""
        return self._refused + self._lost

    def put(self, record: Record) -> None:
        """Write `record` soon."""
        if self._closed or self._waiting.qsize() >= MOST_WAITING:
            self._refused += 1
        else:
            self._waiting.put(record)

    def close(self) -> None:
        """Write what waits, then close the file."""
        if self._closed:
            return
        self._closed = True
        self._waiting.put(None)
        self._thread.join()
        if self.unwritten:
            _log.error("%s: %d records could not be written", self._path, self.unwritten)

    def _write(self) -> None:
        """The thread."""
        is_broken = False
        while batch := self._batch():
            try:
                if not is_broken:
                    self._file.writelines(record.as_json() + "\n" for record in batch)
                    self._file.flush()
            except OSError as error:
                is_broken = True
                _log.error("%s: cannot be written any more: %s", self._path, error.strerror)
            self._lost += len(batch) * is_broken
        with suppress(OSError):  # said already
            self._file.close()

    def _batch(self) -> list[Record]:
        """What waits, but at least one; empty at the end."""
        batch: list[Record] = []
        while not batch or (len(batch) < _BATCH and not self._waiting.empty()):
            record = self._waiting.get()
            if record is None:
                self._waiting.put(None)  # for the next time
                break
            batch.append(record)
        return batch
