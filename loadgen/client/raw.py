"""The fast transport: one kept-alive HTTP/1.1 connection on asyncio's protocol interface and httptools' parser.

What it does not do (proxies, redirects) `aiohttp.py` does.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from ..outcome import Connect, Failure, Tls
from .connection import Connection
from .headers import Fields, encode, merge
from .transport import SETTLE_SECONDS, Limits, Request, Sink, Timings, hold, reason, too_late

_PORTS = {"http": 80, "https": 443}
_MOST_HEADS = 256
_NO_SUCH_NAME = "Name or service not known"
_NO_LIMITS = Limits()
_now = time.perf_counter


class RawTransport:
    """A `Transport` to one http or https URL; connects when it has to and keeps the connection while the server does.

    Args:
        url: the endpoint.
        headers: sent with every request; they replace the session's of the same name.
        limits: how long the phases of an exchange may take.
        tls: whom to trust, for https; None: the system's authorities.
    """

    def __init__(
        self, url: str, *, headers: Fields = (), limits: Limits = _NO_LIMITS, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._limits = limits
        self._first_byte = limits.first_byte
        self._extra = headers
        self._host_field = parts.netloc.rpartition("@")[2]
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._heads: dict[int, tuple[Mapping[str, str], str, bytes]] = {}
        self._connection: Connection | None = None
        self.timings = Timings()

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:
        """See `Transport`."""
        data = self._encode(request)
        if request.not_before:
            await hold(request.not_before)
        began = _now()
        connection = self._connection
        blocked = connecting = handshaking = 0.0
        if connection is None or not connection.clean:
            opened = await self._open(began, within)
            if not isinstance(opened, Connection):
                return opened
            connection = opened
            connecting, handshaking = self.timings.connecting, self.timings.tls_handshaking
            blocked = _now() - began
        begun = began + blocked
        try:
            failure = await connection.begin(data, sink, began, within, self._first_byte)
        except BaseException:
            self._drop()
            raise
        written = connection.written_at
        first = connection.first_at or connection.ended_at
        self.timings = Timings(
            blocked,
            connecting,
            handshaking,
            written - begun,
            first - written,
            connection.ended_at - first,
            len(data),
            connection.size,
            connection.ended_at,
        )
        return failure

    async def settle(self) -> None:
        """See `Transport`."""
        if self._connection is not None and not self._connection.clean:
            await self._connection.settle(SETTLE_SECONDS)

    async def close(self) -> None:
        """See `Transport`."""
        self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    async def _open(self, began: float, within: float) -> Connection | Failure:
        """A clean connection: the one there is, once its reply has ended, or a new one."""
        self.timings = Timings()
        await self.settle()
        if self._connection is not None and self._connection.clean:
            return self._connection
        self._drop()
        seconds = min(within - (_now() - began), self._limits.connect)
        try:
            async with asyncio.timeout(seconds):
                opened = await self._connect()
        except TimeoutError:
            opened = too_late("connect", min(within, self._limits.connect))
        self.timings.blocked = _now() - began
        if isinstance(opened, Connection):
            self._connection = opened
        return opened

    async def _connect(self) -> Connection | Failure:
        loop = asyncio.get_running_loop()
        began = _now()
        try:
            transport, connection = await loop.create_connection(lambda: Connection(loop), self._host, self._port)
        except TimeoutError:
            raise
        except OSError as error:
            return Connect(f"no connection to {self._host}:{self._port}: {reason(error)}")
        except UnicodeError:  # a part of the name is empty or longer than 63 letters, so that nobody is asked for it
            return Connect(f"no connection to {self._host}:{self._port}: {_NO_SUCH_NAME}")
        self.timings.connecting = _now() - began
        if self._tls is None:
            connection.open_with(transport)
            return connection
        began = _now()
        try:
            secured = await loop.start_tls(transport, connection, self._tls, server_hostname=self._host)
        except TimeoutError:
            transport.abort()
            raise
        except (OSError, ssl.SSLError) as error:
            transport.abort()
            return Tls(f"the TLS handshake failed: {str(error) or 'the connection was closed'}")
        except BaseException:
            transport.abort()
            raise
        self.timings.tls_handshaking = _now() - began
        if secured is None:
            return Tls("the TLS handshake failed: the connection was closed")
        connection.open_with(secured)
        return connection

    def _encode(self, request: Request) -> bytes:
        """The bytes of `request`: its head from memory if it has been seen, what is its own, and its body."""
        headers = request.headers
        known = self._heads.get(id(headers))  # the reference in it keeps the id from being given away
        if known is None or known[1] != request.method:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            known = self._heads[id(headers)] = (headers, request.method, self._encode_head(request))
        own = encode(request.own) if request.own else b""
        return b"%b%d\r\n%b\r\n%b" % (known[2], len(request.body), own, request.body)

    def _encode_head(self, request: Request) -> bytes:
        basic = {"Host": self._host_field, "Accept-Encoding": "identity", **request.headers}
        fields = encode(merge(basic, self._extra))
        return f"{request.method} {self._target} HTTP/1.1\r\n".encode("ascii") + fields + b"Content-Length: "
