"""A client of the control API, for the command line. The only file of this wing that knows aiohttp."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from formats.errors import InvalidInput

from ..errors import NoAnswer

_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5)
_FOREVER = aiohttp.ClientTimeout(total=None, sock_connect=5)
_LONGEST_LINE = 1_000_000
_OK = 200
_OWN_PATHS = ("/mcp", "/_testbed")
_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)


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
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def show(self) -> dict[str, Any]:
        """What is in place; as all others, raises `InvalidInput` for a refusal and `NoAnswer` for none."""
        return await self._ask("GET", "faults")

    async def apply(self, text: str, name: str, seed: int | None = None, ttl: str | None = None) -> dict[str, Any]:
        """Put the profile in `text` in place; complaints call it `name`."""
        query = {"seed": seed, "ttl": ttl}
        return await self._ask("PUT", "faults", {k: str(v) for k, v in query.items() if v is not None}, text, name)

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

    async def journal(self, filters: Mapping[str, str], after: int = 0) -> AsyncIterator[dict[str, Any]]:
        """The records that the server remembers, oldest first."""
        while True:
            page = await self._ask("GET", "journal", {**filters, "after": str(after), "limit": "1000"})
            for record in page["records"]:
                yield record
            after = page["next_after"]
            if not page["more"]:
                return

    async def follow(self, filters: Mapping[str, str], after: int | None = None) -> AsyncIterator[dict[str, Any]]:
        """The records that are still to come, until the server stops."""
        query = {**filters, "stream": "jsonl"} | ({} if after is None else {"after": str(after)})
        async with self._answer("GET", "journal", query, timeout=_FOREVER) as response:
            if response.status != _OK:
                await _document(response, self.base, "")
            async for line in response.content:
                if line.strip():
                    yield json.loads(line)

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: str | None = None, name: str = ""
    ) -> dict[str, Any]:
        async with self._answer(method, path, query or {}, body) as response:
            return await _document(response, self.base, name)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: str | None = None,
        timeout: aiohttp.ClientTimeout = _TIMEOUT,  # noqa: ASYNC109 - aiohttp's own kind
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{self.base}/_testbed/{path}"
        data = None if body is None else body.encode("utf-8", "surrogatepass")
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, read_bufsize=_LONGEST_LINE, headers=self._headers) as session,
                session.request(method, url, params=query, data=data, allow_redirects=False) as response,
            ):
                yield response
        except InvalidInput:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer(f"{self.base} does not answer: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "there is no such host"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return re.sub(r"^\[?Connect call failed.*|^.*errno=111.*", "connection refused", reason).lower()


async def _document(response: aiohttp.ClientResponse, base: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(await response.read())
    except ValueError:
        document = None
    if not isinstance(document, dict) or (response.status != _OK and "reason" not in document):
        raise InvalidInput([f"{base} has no control API: it answers {response.status} to {response.url.path}"])
    if response.status == _OK:
        return document
    problems = document.get("problems") or [document]
    raise InvalidInput([_sentence(name, str(problem["reason"])) for problem in problems])


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
