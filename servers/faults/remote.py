"""A client of the control API, for the command line. The only file of this wing that knows aiohttp.

Whatever answers at the address, in whatever way or not at all: it is one sentence, and soon.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from pydantic import BaseModel, TypeAdapter, ValidationError

from formats.errors import InvalidInput

from ..errors import NoAnswer

PATIENCE = 20.0
"""Seconds in which an answer has to be there, or of a stream its beginning."""

_CONNECT = 5.0
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT)
_LONGEST_LINE = 1_000_000
_LARGEST = 64 * 1024 * 1024
_OK, _UNAUTHORIZED, _MISDIRECTED = 200, 401, 421
_OWN_PATHS = ("/mcp", "/_testbed")
_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)
_STREAM = "application/x-ndjson"


class _Rule(BaseModel):
    name: str
    effects: list[str]
    matched: int
    injected: int


class _State(BaseModel):
    generation: int
    paused: bool
    seed: int
    expires_in_seconds: float | None
    rules: list[_Rule]


class _Page(BaseModel):
    records: list[dict[str, Any]]
    next_after: int
    more: bool
    lost: int


class _Problem(BaseModel):
    reason: str


class _Refusal(_Problem):
    error: str = ""
    problems: list[_Problem] = []


_STATE, _PAGE, _REFUSAL, _RECORD = map(TypeAdapter[Any], (_State, _Page, _Refusal, dict[str, Any]))


class Remote:
    """The faults of a running server.

    Args:
        url: of the server; its path may be that of the MCP endpoint.
        token: what it was given as --admin-token.

    Raises:
        InvalidInput: this is no URL of a server.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.base = base_url(url)
        self._token = token
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def show(self) -> dict[str, Any]:
        """What is in place; as all others, raises `InvalidInput` for a refusal and `NoAnswer` for none."""
        return await self._ask("GET", "faults")

    async def apply(self, text: str, name: str, seed: int | None = None, ttl: str | None = None) -> dict[str, Any]:
        """Put the profile in `text` in place; complaints call it `name`."""
        query = {"seed": seed, "ttl": ttl}
        given = {key: str(value) for key, value in query.items() if value is not None}
        return await self._ask("PUT", "faults", given, text, name)

    async def clear(self) -> dict[str, Any]:
        """No faults any more."""
        return await self._ask("DELETE", "faults")

    async def pause(self) -> dict[str, Any]:
        """No faults for now."""
        return await self._ask("POST", "faults/pause")

    async def resume(self) -> dict[str, Any]:
        """Faults again."""
        return await self._ask("POST", "faults/resume")

    async def reset(self) -> dict[str, Any]:
        """Begin anew: counts, times, queues, journal."""
        return await self._ask("POST", "reset")

    async def journal(
        self, filters: Mapping[str, str], after: int = 0, on_lost: Callable[[int], None] = lambda _: None
    ) -> AsyncIterator[dict[str, Any]]:
        """The records that the server remembers, oldest first; `on_lost` is told how many it does no more."""
        more = True
        while more:
            query = {**filters, "after": str(after), "limit": "1000"}
            page = await self._ask("GET", "journal", query, shape=_PAGE)
            if page["lost"]:
                on_lost(page["lost"])
            for record in page["records"]:
                yield record
            more = page["more"] and page["next_after"] > after
            after = page["next_after"]

    async def follow(
        self,
        filters: Mapping[str, str],
        after: int | None = None,
        on_lost: Callable[[int], None] = lambda _: None,
    ) -> AsyncIterator[dict[str, Any]]:
        """The records that are still to come, until the server stops."""
        query = {**filters, "stream": "jsonl"} | ({} if after is None else {"after": str(after)})
        async with self._answer("GET", "journal", query, endless=True) as response:
            if response.status != _OK:
                raise self._refusal(response, await _read(response), "")
            if response.content_type != _STREAM:
                raise self._no_control_api(response)
            async for line in response.content:
                if not line.strip():
                    continue
                record = _as_shape(line, _RECORD)
                if record is None:
                    raise NoAnswer(f"{self.base} breaks off in the middle of a record")
                if record.keys() == {"lost"}:
                    on_lost(int(record["lost"]))
                else:
                    yield record

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: str | None = None,
        name: str = "",
        shape: TypeAdapter[Any] = _STATE,
    ) -> dict[str, Any]:
        async with self._answer(method, path, query or {}, body) as response:
            answer = await _read(response)
            if response.status != _OK:
                raise self._refusal(response, answer, name)
            document = _as_shape(answer, shape)
            if document is None:
                raise self._no_control_api(response)
            return document

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: str | None = None, *, endless: bool = False
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{self.base}/_testbed/{path}"
        data = None if body is None else body.encode("utf-8", "surrogatepass")
        try:
            async with (
                asyncio.timeout(PATIENCE) as patience,
                aiohttp.ClientSession(timeout=_TIMEOUT, read_bufsize=_LONGEST_LINE, headers=self._headers) as session,
                session.request(method, url, params=query, data=data, allow_redirects=False) as response,
            ):
                if endless and response.status == _OK:
                    patience.reschedule(None)
                yield response
        except InvalidInput:
            raise
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            raise NoAnswer(f"{self.base} does not answer: {_reason(error)}") from error

    def _refusal(self, response: aiohttp.ClientResponse, answer: bytes, name: str) -> InvalidInput:
        refusal = _as_shape(answer, _REFUSAL)
        if refusal is not None and response.status == _UNAUTHORIZED:
            another = "its" if self._token is None else "another"
            return InvalidInput([f"{self.base} wants {another} --admin-token (or MCP_SERVE_ADMIN_TOKEN)"])
        if refusal is not None:
            problems = refusal.get("problems") or [refusal]
            return InvalidInput([_sentence(name, problem["reason"]) for problem in problems])
        if response.status == _MISDIRECTED:
            return InvalidInput([f"{self.base} takes no requests under this name: ask it by its address"])
        return self._no_control_api(response)

    def _no_control_api(self, response: aiohttp.ClientResponse) -> InvalidInput:
        what = response.status if response.status != _OK else "something else"
        return InvalidInput([f"{self.base} has no control API: it answers {what} to {response.url.path}"])


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, but no more than any answer of the control API has."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > _LARGEST:
            break
    return bytes(body)


def _as_shape(text: bytes, shape: TypeAdapter[Any]) -> dict[str, Any] | None:
    """A JSON object that is at least what `shape` says, as it is; None: it is none."""
    try:
        document: dict[str, Any] = json.loads(text)
        shape.validate_python(document)
    except (ValueError, RecursionError, ValidationError):
        return None
    return document


def _reason(error: Exception) -> str:
    """Why there was no answer, as the end of a sentence."""
    for kind, words in _CAUSES:
        if isinstance(error, kind):
            return words
    if isinstance(error, TimeoutError):
        return f"it takes longer than {PATIENCE:.0f} s"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(re.sub(r"^\[?Connect call failed.*|^.*errno=111.*", "connection refused", reason).lower().split())


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ConnectionTimeoutError, f"no connection within {_CONNECT:.0f} s"),
    (aiohttp.ClientConnectorDNSError, "there is no such host"),
    (aiohttp.ClientConnectorCertificateError, "its certificate cannot be verified"),
    (aiohttp.ClientConnectorSSLError, "it does not speak TLS; is it http://?"),
    (aiohttp.ServerDisconnectedError, "it closes the connection"),
    (aiohttp.ClientPayloadError, "its answer breaks off"),
    (LineTooLong, "a line of its answer is too long"),
    (HttpProcessingError, "it does not speak HTTP"),
    (aiohttp.ClientResponseError, "it does not speak HTTP"),
)


def _sentence(name: str, reason: str) -> str:
    found = _LINE.fullmatch(reason)
    if not name:
        return reason
    return f"{name}:{found[1]}: {found[2]}" if found else f"{name}: {reason}"


def base_url(url: str) -> str:
    """Where /_testbed is, for the URL of a server or of its MCP endpoint.

    Raises:
        InvalidInput: it is no URL of http or https.

    >>> base_url("http://127.0.0.1:8000/mcp")
    'http://127.0.0.1:8000'
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise InvalidInput([f"--url should be one such as http://127.0.0.1:8000, got {url}"])
    path = parts.path.rstrip("/")
    for own in _OWN_PATHS:
        path = path.removesuffix(own)
    return f"{parts.scheme}://{parts.netloc}{path}"
