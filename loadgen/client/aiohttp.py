"""The transport over aiohttp; the only file of this package that knows aiohttp."""

import asyncio
import os
from typing import Literal

import aiohttp

from ..outcome import Connect, Failure, Parse, Reset, Timeout, Tls
from .transport import Request, Sink, Timings

_SETTLE_SECONDS = 0.1
_SETTLE_BYTES = 64 * 1024
_KEEP_ALIVE_SECONDS = 300.0
_WAITED_FOR = {"connect": "connection", "first_byte": "first byte of the reply", "total": "end of the reply"}


class AiohttpTransport:
    """A `Transport`: one connection to `url`, opened when it is first needed, without cookies, proxies or redirects."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._phase: Literal["connect", "first_byte", "total"] = "first_byte"
        self._reply: aiohttp.ClientResponse | None = None
        self.timings = Timings()
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_start.append(self._connecting)
        trace.on_connection_create_end.append(self._connected)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # `exchange` has the one time limit
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            trace_configs=[trace],
        )

    async def exchange(self, request: Request, sink: Sink, within: float) -> Failure | None:
        """See `Transport`."""
        await self.settle()
        self._phase = "first_byte"
        try:
            async with asyncio.timeout(within):
                await self._converse(request, sink)
        except (aiohttp.ClientError, ValueError, OSError) as error:
            self._drop()
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                return Timeout(f"no {_WAITED_FOR[self._phase]} within {within:g} s", self._phase)
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
            async with asyncio.timeout(_SETTLE_SECONDS):
                while read <= _SETTLE_BYTES and not reply.content.at_eof():
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

    async def _converse(self, request: Request, sink: Sink) -> None:
        self._reply = reply = await self._http.request(
            request.method,
            self._url,
            data=request.body,
            headers={**request.headers, **dict(request.own)},
            allow_redirects=False,
        )
        self._phase = "total"
        sink.head(reply.status, {name.lower(): value for name, value in reply.raw_headers})
        async for chunk in reply.content.iter_any():
            if sink.feed(chunk):
                return
        self._reply = None

    def _drop(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.close()

    async def _connecting(self, *_: object) -> None:
        self._phase = "connect"

    async def _connected(self, *_: object) -> None:
        self._phase = "first_byte"


def _failure(error: Exception) -> Failure:
    """The outcome that an exception of aiohttp means, by its type."""
    match error:
        case aiohttp.ClientSSLError():
            return Tls(f"the TLS handshake failed: {error}")
        case aiohttp.ClientConnectorError():
            return Connect(f"no connection to {error.host}:{error.port}: {_reason(error.os_error)}")
        case aiohttp.ClientPayloadError():
            return Reset("the connection was closed in the middle of the reply")
        case aiohttp.ServerConnectionError():
            return Reset("the server closed the connection before it replied")
        case OSError():  # aiohttp.ClientOSError too
            return Reset(f"the connection broke: {_reason(error)}")
        case _:
            return Parse(f"the reply is not HTTP: {error}")


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
