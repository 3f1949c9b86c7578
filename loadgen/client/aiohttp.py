"""The transport over aiohttp, for proxies, redirects and odd servers; the only file here that knows aiohttp."""

import asyncio
import functools
import math
import ssl
import time
from collections.abc import Mapping

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from ..outcome import Connect, Failure, Parse, Reset, Tls
from .headers import Fields, encode, merge
from .transport import SETTLE_BYTES, SETTLE_SECONDS, Limits, Phase, Request, Sink, Timings, hold, reason, too_late

_KEEP_ALIVE_SECONDS = 300.0
_MOST_HEADS = 256
_NO_LIMITS = Limits()
_now = time.perf_counter


class _TimedRequest(aiohttp.ClientRequest):
    """A request that tells when it is about to be written, and when it has been."""

    owner: "AiohttpTransport"

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Write the headers, or leave them and the body to a task."""
        if self.body:
            return await super().send(conn)
        self.owner.note_sending()
        reply = await super().send(conn)
        self.owner.note_sent()
        return reply

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        """Write the body, and the headers before it: they wait for it."""
        await self.owner.hold_back()
        self.owner.note_sending()
        await super().write_bytes(writer, conn, content_length)
        self.owner.note_sent()


class _Wire(ResponseHandler):
    """The protocol of a connection, which knows when how much of a reply came; aiohttp's work follows."""

    first_at = last_at = 0.0
    size = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes in; none are aiohttp's own way to go on with those it has."""
        if data:
            self.last_at = _now()
            self.first_at = self.first_at or self.last_at
            self.size += len(data)
        super().data_received(data)

    def eof_received(self) -> None:
        """There is nothing more to come; that is the end of a reply without a length."""
        self.last_at = _now()
        super().eof_received()


def _new_wire(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _Wire(loop)


class _Connector(aiohttp.TCPConnector):
    """Tells the phases of an exchange to its transport. A TraceConfig could, at a cost that every call would show."""

    def __init__(self, owner: "AiohttpTransport", tls: ssl.SSLContext | None) -> None:
        super().__init__(limit=1, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=tls or True)
        self._owner = owner
        self._factory = functools.partial(_new_wire, loop=asyncio.get_running_loop())

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        """A connection for `req`: the one there is, or a new one."""
        if isinstance(req, _TimedRequest):
            req.owner = self._owner
        self._owner.note_connecting()
        connection = await super().connect(req, traces, timeout)
        self._owner.note_connected(connection)
        return connection


class AiohttpTransport:
    """A `Transport`: one connection to `url`, opened when it is first needed, without cookies.

    Of `timings`, `blocked` includes what aiohttp does before it writes, `connecting` the TLS handshake, and
    `sent_bytes` are those of the body: aiohttp tells no more. Of an exchange that was redirected, `blocked` has all but
    the last hop.

    Args:
        url: the endpoint.
        headers: sent with every request; they replace the session's of the same name.
        limits: how long the phases of an exchange may take.
        tls: whom to trust, for https; None: the system's authorities.
        proxy: URL of an HTTP proxy to go through.
        redirects: whether redirects are followed; 307 and 308 send the request to another place, which is no repeat.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Fields = (),
        limits: Limits = _NO_LIMITS,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        redirects: bool = False,
    ) -> None:
        self._url = url
        self._extra = headers
        self._limits = limits
        self._limited = limits != _NO_LIMITS
        self._proxy = proxy
        self._redirects = redirects
        self._heads: dict[int, tuple[Mapping[str, str], dict[str, str]]] = {}
        self._phase: Phase = "first_byte"
        self._timer: asyncio.Timeout | None = None
        self._began = self._phase_began = self._total_at = self._not_before = 0.0
        self._wire: _Wire | None = None
        self._reply: aiohttp.ClientResponse | None = None
        self.timings = Timings()
        self._http = aiohttp.ClientSession(
            connector=_Connector(self, tls),
            request_class=_TimedRequest,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # `exchange` has the time limits
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )
        self._http._retry_connection = False  # noqa: SLF001 - aiohttp sends DELETE twice, and has no public switch

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:
        """See `Transport`."""
        fields = self._fields(request)
        self._began = self._phase_began = _now()
        self._not_before = request.not_before
        if self._reply is not None:
            await self.settle()
        if self._wire is None or not self._wire.connected:
            await self.hold_back()
        self.timings = Timings(sent_bytes=len(request.body))
        self._phase = "first_byte"
        self._total_at = asyncio.get_running_loop().time() + within
        try:
            async with asyncio.timeout_at(self._total_at) as self._timer:
                await self._converse(request, fields, sink)
        except (aiohttp.ClientError, ValueError, OSError) as error:
            self._note_failed()
            self._drop()
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                return too_late(self._phase, min(within, self._limit()))
            return _failure(error)
        except BaseException:
            self._drop()
            raise
        return None

    async def settle(self) -> None:
        """See `Transport`."""
        reply, self._reply = self._reply, None
        if reply is None:
            return
        read = 0
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while read <= SETTLE_BYTES and not reply.content.at_eof():
                    read += len(await reply.content.readany())
        except (aiohttp.ClientError, OSError):  # a TimeoutError is an OSError
            pass
        finally:
            if reply.content.at_eof():
                reply.release()
            else:
                reply.close()

    async def close(self) -> None:
        """See `Transport`."""
        self._drop()
        await self._http.close()

    async def _converse(self, request: Request, fields: dict[str, str], sink: Sink) -> None:
        self._reply = reply = await self._http.request(
            request.method,
            self._url,
            data=request.body,
            headers=fields,
            allow_redirects=self._redirects,
            proxy=self._proxy,
        )
        sent_at = self._phase_began
        self._enter("total")
        wire = self._wire
        assert wire is not None  # noqa: S101 - there is no reply without a connection
        self.timings.waiting = max(0.0, wire.first_at - sent_at)
        self.timings.blocked = wire.first_at - self.timings.waiting - self.timings.sending - self._began
        sink.head(reply.status, {name.lower(): value for name, value in reply.raw_headers})
        content = reply.content
        while not content.at_eof():
            chunk = await content.readany()
            if chunk and sink.feed(chunk):
                break
        else:
            self._reply = None
        self._note_received(wire, wire.last_at)

    def _drop(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.close()

    def _fields(self, request: Request) -> dict[str, str]:
        """All header fields of `request`: from memory if they have been seen, and what is its own.

        Raises:
            ValueError: a field that may not be sent.
        """
        headers = request.headers
        known = self._heads.get(id(headers))  # the reference in it keeps the id from being given away
        if known is None:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            known = self._heads[id(headers)] = (headers, self._merge(headers))
        return self._merge({**headers, **dict(request.own)}) if request.own else known[1]

    def _merge(self, headers: Mapping[str, str]) -> dict[str, str]:
        fields = merge(headers, self._extra)
        encode(fields)  # for its ValueError
        return dict(fields)

    def note_connecting(self) -> None:
        """The exchange needs a connection."""
        self._enter("connect")

    def note_connected(self, connection: Connection) -> None:
        """The exchange has one."""
        took, wire = self._enter("first_byte"), connection.protocol
        assert isinstance(wire, _Wire)  # noqa: S101 - the connector makes no other
        if wire is not self._wire:
            self._wire = wire
            self.timings.connecting = took
        wire.first_at, wire.size = 0.0, 0

    async def hold_back(self) -> None:
        """Wait for the moment before which the request is not written; that is no time of the exchange."""
        before = _now()
        if before < self._not_before:
            await hold(self._not_before)
            self._began += _now() - before

    def note_sending(self) -> None:
        """The request is about to be written."""
        if self._phase == "first_byte":
            self._enter("first_byte")

    def note_sent(self) -> None:
        """The request is out."""
        if self._phase == "first_byte":  # else the reply came first
            self.timings.sending += self._enter("first_byte")

    def _note_received(self, wire: _Wire, ended: float) -> None:
        """The reply is over, or what there is of it."""
        self.timings.receiving = ended - wire.first_at
        self.timings.received_bytes = wire.size
        self.timings.ended = ended

    def _note_failed(self) -> None:
        """The exchange is over without a reply, or in the middle of one; nothing is known of one that was not sent."""
        if self._phase == "total" and self._wire is not None:
            self._note_received(self._wire, _now())
        elif self._phase == "first_byte" and self.timings.sending:
            self.timings.ended = now = _now()
            self.timings.waiting = now - self._phase_began

    def _limit(self) -> float:
        limits = {"connect": self._limits.connect, "first_byte": self._limits.first_byte}
        return limits.get(self._phase, math.inf)

    def _enter(self, phase: Phase) -> float:
        """Begin `phase` and its own time limit; how long the one before it took."""
        now = _now()
        took, self._phase, self._phase_began = now - self._phase_began, phase, now
        if self._limited and self._timer is not None and not self._timer.expired():
            self._timer.reschedule(min(self._total_at, asyncio.get_running_loop().time() + self._limit()))
        return took


def _failure(error: Exception) -> Failure:
    """The outcome that an exception of aiohttp means, by its type."""
    match error:
        case aiohttp.ClientSSLError():
            return Tls(f"the TLS handshake failed: {error}")
        case aiohttp.ClientConnectorError():
            return Connect(f"no connection to {error.host}:{error.port}: {reason(error.os_error)}")
        case aiohttp.ClientPayloadError():
            return Reset("the connection was closed in the middle of the reply")
        case aiohttp.ServerConnectionError():
            return Reset("the server closed the connection before it replied")
        case OSError():  # aiohttp.ClientOSError too
            return Reset(f"the connection broke: {reason(error)}")
        case _:
            return Parse(f"the reply is not HTTP: {error}")
