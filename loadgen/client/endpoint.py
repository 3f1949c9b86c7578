"""Where a server is and how to talk to it; the only file that knows both transports."""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self, get_args
from urllib.parse import urlsplit

from formats.errors import InvalidInput

from .headers import Fields, find_fault
from .raw import RawTransport
from .reply import PlainReply
from .transport import Limits, Request, Transport

Kind = Literal["raw", "aiohttp"]
_NO_LIMITS = Limits()
_MOST_OF_HEALTH = 1024 * 1024
_OURS = frozenset({"connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An MCP endpoint. Making one checks everything that can be known without a connection.

    Args:
        url: of http or https, such as http://127.0.0.1:8000/mcp.
        kind: raw is fast; aiohttp does proxies and redirects.
        headers: sent with every request; they replace the client's own of the same name.
        cacert: a PEM file with the authorities to trust instead of the system's (https).
        insecure: whether any certificate will do (https).
        proxy: URL of an HTTP proxy (aiohttp).
        redirects: whether redirects are followed (aiohttp).
        limits: how long connecting and the first byte may take.

    Raises:
        InvalidInput: all that is wrong with these, one sentence each.
    """

    url: str
    kind: Kind = "raw"
    headers: Fields = ()
    cacert: Path | None = None
    insecure: bool = False
    proxy: str | None = None
    redirects: bool = False
    limits: Limits = _NO_LIMITS

    def __post_init__(self) -> None:
        """Check the whole, and complain about all of it at once."""
        problems = [*self._faults_of_url(), *self._faults_of_headers(), *self._faults_of_options()]
        if problems:
            raise InvalidInput(problems)

    def connect(self) -> Transport:
        """A new transport, which connects when it is first used: one for each virtual user.

        Raises:
            InvalidInput: the authorities have become unreadable since.
        """
        tls = self._tls()
        if self.kind == "raw":
            return RawTransport(self.url, headers=self.headers, limits=self.limits, tls=tls)
        from .aiohttp import AiohttpTransport  # noqa: PLC0415 - a fifth of the time to start, for few runs

        return AiohttpTransport(
            self.url,
            headers=self.headers,
            limits=self.limits,
            tls=tls,
            proxy=self.proxy,
            redirects=self.redirects,
        )

    async def is_testbed(self, within: float = 5.0) -> bool:
        """Whether /health beside the endpoint says that this is a testbed server; False without an answer."""
        return (await self.health(within)).get("testbed") is True

    def beside(self, path: str) -> Self:
        """Another place on the same server, reached the same way; `path` may have a query."""
        parts = urlsplit(self.url)
        return replace(self, url=f"{parts.scheme}://{parts.netloc}{path}")

    async def health(self, within: float = 5.0) -> Mapping[str, Any]:
        """What /health beside the endpoint says, when it is a JSON object; else nothing."""
        transport, reply = self.beside("/health").connect(), PlainReply(_MOST_OF_HEALTH)
        try:
            failure = await transport.exchange(Request("GET", {"Accept": "application/json"}), reply, within)
        finally:
            await transport.close()
        health = reply.document() if failure is None else None
        return health if isinstance(health, dict) else {}

    @property
    def _secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    def _tls(self) -> ssl.SSLContext | None:
        if not self._secure:
            return None
        try:
            context = _context(self.cacert, self.insecure)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput([_unreadable(self.cacert, error)]) from error
        return context

    def _faults_of_url(self) -> Iterable[str]:
        yield from _faults_of_address("url", self.url, ("http", "https"))
        if self.proxy is not None:
            yield from _faults_of_address("proxy", self.proxy, ("http", "https"))

    def _faults_of_headers(self) -> Iterable[str]:
        for name, value in self.headers:
            fault = find_fault(name, value)
            if fault is not None:
                yield fault
            elif name.lower() in _OURS:
                yield f"the header {name} belongs to the connection and cannot be set"

    def _faults_of_options(self) -> Iterable[str]:
        if self.kind not in get_args(Kind):
            yield f"the transport {self.kind!r} is not one of {', '.join(get_args(Kind))}"
        if self.kind == "raw" and self.proxy is not None:
            yield "the raw transport knows no proxies: choose aiohttp"
        if self.kind == "raw" and self.redirects:
            yield "the raw transport follows no redirects: choose aiohttp"
        if self.cacert is not None and self.insecure:
            yield "cacert and insecure exclude each other: trust these authorities, or anybody"
        if not self._secure and (self.cacert is not None or self.insecure):
            yield f"{'insecure' if self.insecure else 'cacert'} is for https, and the URL is {self.url}"
        elif self.cacert is not None:
            try:
                ssl.create_default_context(cafile=self.cacert)
            except (OSError, ssl.SSLError) as error:
                yield _unreadable(self.cacert, error)


def parse_header(line: str) -> tuple[str, str]:
    """A header as people write it, `name: value`.

    Raises:
        InvalidInput: it is not one.
    """
    name, colon, value = line.partition(":")
    name, value = name.strip(), value.strip()
    fault = find_fault(name, value) if colon else f"the header {line!r} is not of the form 'name: value'"
    if fault is not None:
        raise InvalidInput([fault])
    return name, value


def _faults_of_address(what: str, url: str, schemes: tuple[str, ...]) -> Iterable[str]:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        yield f"{what}: {url!r} is not a URL of {' or '.join(schemes)} with a host"
    elif parts.username is not None and what == "url":
        yield f"{what}: a user name in it would end up in reports; send the header Authorization instead"


def _context(cacert: Path | None, insecure: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=cacert)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _unreadable(cacert: Path | None, error: OSError) -> str:
    why = error.strerror if error.errno and not isinstance(error, ssl.SSLError) else "it holds no PEM certificate"
    return f"cacert: {cacert} cannot be used: {why}"
