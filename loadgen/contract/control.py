"""A testbed server's own interface for faults (docs/faults.md), as far as a check needs it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from formats.errors import InvalidInput

from ..client.transport import Request, Transport
from .answer import Answer
from .probe import Probe, Pulse

_PAGE = 1000
_OK = 200


class _Page(NamedTuple):
    """Some records; what `after` has to be for the next ones, and how many older ones there are no more."""

    records: Sequence[Mapping[str, Any]]
    next_after: int
    lost: int
    more: bool


class Control:
    """The control API of the server; `connect` makes a transport to a path with its query.

    Args:
        connect: to a path of the server, such as `/_testbed/faults`.
        within: seconds for each request.
        token: the server's --admin-token, if it has one.
    """

    def __init__(self, connect: Callable[[str], Transport], within: float, token: str | None = None) -> None:
        self._connect = connect
        self._within = within
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def state(self) -> Mapping[str, Any]:
        """What is in place; as all others, raises `InvalidInput` when it is refused or not answered."""
        return await self._ask("GET", "faults")

    async def put(self, profile: str, ttl: float) -> Mapping[str, Any]:
        """Put the profile in that text in place, for `ttl` seconds at most."""
        return await self._ask("PUT", "faults", {"ttl": f"{ttl:.3f}s"}, profile.encode("utf-8", "surrogatepass"))

    async def clear(self) -> None:
        """No faults any more."""
        await self._ask("DELETE", "faults")

    async def last_record(self) -> int:
        """The number of the newest record in the journal, 0 when there is none."""
        after = 0
        async for page in self._pages(0):
            after = page.next_after
        return after

    async def records(self, after: int) -> tuple[list[Mapping[str, Any]], int]:
        """The records of the journal beyond that number, and how many of them it does not have any more."""
        found: list[Mapping[str, Any]] = []
        lost = 0
        async for page in self._pages(after):
            found += page.records
            lost += page.lost
        return found, lost

    async def _pages(self, after: int) -> AsyncIterator[_Page]:
        more = True
        while more:
            page = _read_page(await self._ask("GET", "journal", {"after": str(after), "limit": str(_PAGE)}))
            yield page
            more = page.more and page.next_after > after
            after = page.next_after

    async def _ask(
        self, method: Any, path: str, query: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Mapping[str, Any]:
        target = f"/_testbed/{path}" + (f"?{urlencode(query)}" if query else "")
        probe = Probe(self._connect(target), self._within, Pulse())
        try:
            answer = await probe.send(Request(method, self._headers, body))
        finally:
            await probe.close()
        if not isinstance(answer, Answer):
            raise InvalidInput([f"the control API does not answer: {answer.detail}"])
        document = answer.messages[0] if answer.messages else None
        if not isinstance(document, dict) or answer.status != _OK:
            raise InvalidInput(_problems(answer, document))
        return document


def _read_page(document: Mapping[str, Any]) -> _Page:
    try:
        records = [record for record in document["records"] if isinstance(record, dict)]
        return _Page(records, int(document["next_after"]), int(document.get("lost", 0)), more=document["more"] is True)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(["the control API answers something else than a journal"]) from error


def _problems(answer: Answer, document: object) -> list[str]:
    if not isinstance(document, dict) or "reason" not in document:
        return [f"the control API answers {answer}"]
    problems = document.get("problems")
    found = [each for each in problems if isinstance(each, dict)] if isinstance(problems, list) else []
    return [str(problem.get("reason", json.dumps(problem))) for problem in found or [document]]
