"""One HTTP/1.1 connection from the client's end: bytes of a request out, the reply into a sink as it arrives."""

import asyncio
import time

import httptools

from ..outcome import Failure, Parse, Reset
from .heads import Headers, KnownHeads
from .transport import MAX_REPLY_BYTES, SETTLE_BYTES, Sink, reason, too_late

MAX_HEAD_BYTES = 64 * 1024
"""Headers (with all informational replies before them) that are longer are a failure."""
_MAX_BYTES = MAX_REPLY_BYTES + MAX_HEAD_BYTES  # framing counts: a trailer or a chunk's extension may be endless, too
_FINAL = 200
_CLOSED, _IDLE, _HEAD, _BODY, _DRAIN = range(5)  # closed; clean; awaiting the head; the body; its uninteresting rest
_SOON = 0.001  # the resolution of uvloop's timers, in seconds
_now = time.perf_counter


class Connection(asyncio.Protocol):
    """For one exchange at a time. It has one timer, which is set again when it rings too early, not at each exchange.

    After an exchange `written_at`, `first_at` and `ended_at` say when (perf_counter seconds) the request was written,
    its first bytes came, and the last that were wanted did or it failed; `size` is how many came. What a server sends
    while nothing is asked closes the connection.
    """

    __slots__ = (
        "_drained",
        "_first_byte",
        "_head",
        "_headers",
        "_keep",
        "_known",
        "_loop",
        "_parser",
        "_settled",
        "_sink",
        "_state",
        "_timer",
        "_timer_at",
        "_to_eof",
        "_total_at",
        "_transport",
        "_waiter",
        "_within",
        "ended_at",
        "first_at",
        "on_header",
        "size",
        "written_at",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._state = _CLOSED
        self._headers: dict[bytes, bytes] = {}
        self._head: tuple[int, Headers] = (0, {})  # of the last reply that was parsed
        self._known = KnownHeads()
        self.on_header = self._headers.__setitem__  # the parser calls it: no frame of ours for each header
        self._waiter: asyncio.Future[Failure | None] | None = None
        self._settled: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._keep = self._to_eof = False
        self.size = 0
        self.first_at = self.written_at = self.ended_at = 0.0

    @property
    def clean(self) -> bool:
        """Open, and between two exchanges."""
        return self._state == _IDLE

    def open_with(self, transport: asyncio.Transport) -> None:
        """Talk over `transport` from now on: TCP as it is, or with TLS on it."""
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)
        self._state = _IDLE

    def begin(
        self, data: bytes, sink: Sink, began: float, within: float, first_byte: float
    ) -> asyncio.Future[Failure | None]:
        """Send `data`; how that ends (None: the sink has what it wants) comes through the future.

        The reply has to be there `within` seconds from `began`, its first byte `first_byte` seconds from now.
        """
        self._state = _HEAD
        self._sink = sink
        self._waiter = waiter = self._loop.create_future()
        self.first_at = 0.0
        self.size = 0
        self._within = within
        self._first_byte = first_byte
        self._total_at = total_at = began + within
        self._transport.write(data)
        self.written_at = now = _now()
        at = min(total_at, now + first_byte)
        if self._timer is None or at < self._timer_at:
            self._set_timer(at, now)
        return waiter

    async def settle(self, seconds: float) -> None:
        """Wait for the end of the last reply; close the connection when it does not come within `seconds`."""
        if self._state != _DRAIN:
            return
        self._settled = self._loop.create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._settled
        except TimeoutError:
            self.abort()
        finally:
            self._settled = None

    def abort(self) -> None:
        """Close the connection at once; nothing more reaches a sink, and an exchange under way is a Reset."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._state != _CLOSED:
            self._state = _CLOSED
            self._transport.abort()
            self._set_settled()
        if self._waiter is not None:
            self._end_now(Reset("the connection was closed by this side while the reply was awaited"))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._waiter is not None:  # else these are no times of the exchange, which is over
            self.ended_at = _now()
            self.first_at = self.first_at or self.ended_at
        if self._state <= _IDLE:  # nothing was asked
            self.abort()
            return
        begins = not self.size
        self.size += len(data)
        known = self._known.read(data) if begins else None
        if known is not None:
            self._take(*known)
            return
        self._parse(data)
        if begins and self._state == _IDLE:
            self._known.learn(data, *self._head)
        elif self.size > MAX_HEAD_BYTES:
            self._guard_memory()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._waiter is None:
            self.abort()
        elif exc is None and self._state == _BODY and self._to_eof:
            self._end_now(None)
            self.abort()
        elif isinstance(exc, OSError) and exc.errno:
            self._fail(Reset(f"the connection broke: {reason(exc)}"))
        elif self.size:
            self._fail(Reset("the connection was closed in the middle of the reply"))
        else:
            self._fail(Reset("the server closed the connection before it replied"))

    def on_message_begin(self) -> None:
        """The parser saw a first byte."""
        if self._state == _IDLE:  # behind the reply came another that nobody asked for
            self.abort()

    def on_headers_complete(self) -> None:
        """The parser saw the end of a head."""
        status = self._parser.get_status_code()
        if self._state != _HEAD or status < _FINAL:
            return
        headers = {name.lower(): value for name, value in self._headers.items()}
        self._keep = self._parser.should_keep_alive()
        self._to_eof = not self._keep and (
            b"content-length" not in headers and b"chunked" not in headers.get(b"transfer-encoding", b"").lower()
        )
        self._state = _BODY
        self._head = status, headers
        self._sink.head(status, headers)

    def on_body(self, body: bytes) -> None:
        """The parser saw a piece of the body."""
        if self._state == _BODY:
            if self._sink.feed(body):
                self._state = _DRAIN
                self._drained = 0
                self._finish(None)
        elif self._state == _DRAIN:
            self._drained += len(body)
            if self._drained > SETTLE_BYTES:
                self.abort()

    def on_message_complete(self) -> None:
        """The parser saw the end of a reply, informational ones too."""
        self._headers.clear()
        if self._state == _BODY:
            self._finish(None)
        if self._state >= _BODY:
            if self._keep:
                self._state = _IDLE
                self._set_settled()
            else:
                self.abort()

    def _take(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole reply that needs no parser."""
        try:
            self._sink.head(status, headers)
            if body:
                self._sink.feed(body)
        except Exception as error:  # noqa: BLE001 - whatever it is goes to who awaits the reply
            self._raise(error)
            return
        self._state = _IDLE
        self._finish(None)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._raise(error.__context__ or error)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(Parse(f"the reply is not HTTP: {error}"))

    def _finish(self, failure: Failure | None) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():  # it is done when it was cancelled
            waiter.set_result(failure)

    def _end_now(self, failure: Failure | None) -> None:
        """End an exchange whose end is not that of bytes that came."""
        self.ended_at = _now()
        self._finish(failure)

    def _fail(self, failure: Failure) -> None:
        if self._waiter is not None:  # else the reply was complete before the connection went wrong
            self._end_now(failure)
        self.abort()

    def _raise(self, error: BaseException) -> None:
        """A sink raised: that is no failure of the exchange but one of ours."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        self.abort()

    def _set_settled(self) -> None:
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)

    def _guard_memory(self) -> None:
        if self._state == _HEAD:
            self._fail(Parse(f"the headers of the reply are longer than {MAX_HEAD_BYTES // 1024} KiB"))
        elif self._state > _HEAD and self.size > _MAX_BYTES:
            self._fail(Parse(f"the reply is longer than {MAX_REPLY_BYTES // 1024 // 1024} MiB"))

    def _set_timer(self, at: float, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(at - now, _SOON), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        now = _now()
        first_byte_at = self.written_at + self._first_byte if not self.first_at else self._total_at
        if now >= first_byte_at < self._total_at:
            self._fail(too_late("first_byte", self._first_byte))
        elif now >= self._total_at:
            self._fail(too_late("total" if self.first_at else "first_byte", self._within))
        else:
            self._set_timer(min(first_byte_at, self._total_at), now)
