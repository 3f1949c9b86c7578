"""A client that asks what a well-behaved one would, and notes whatever is not right about the form of an answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..client.modern import PREFIX
from ..client.rpc_errors import (
    HEADER_MISMATCH,
    MISSING_CAPABILITY,
    RESOURCE_NOT_FOUND,
    UNSUPPORTED_VERSION,
    URL_ELICITATION_REQUIRED,
)
from ..outcome import Failure, Timeout
from .answer import EVENTS, JSON, Answer, fault_of_id, fault_of_response
from .notes import Notes
from .probe import Probe
from .speech import Id, Speech

_CACHEABLE = frozenset(
    {"server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read"}
)
_OK = 200
_RESERVED = range(-32099, -32019)
_DEFINED = (HEADER_MISMATCH, MISSING_CAPABILITY, UNSUPPORTED_VERSION)
_RETIRED = (RESOURCE_NOT_FOUND, URL_ELICITATION_REQUIRED)


@dataclass(slots=True)
class Client:
    """One connection in one session, or in the modern era without one.

    `silent` are tools, of all clients of one check, that gave no answer in time: no more calls of them are made.
    """

    speech: Speech
    probe: Probe
    silent: set[str] = field(default_factory=set)

    @property
    def version(self) -> str:
        """The protocol version that it speaks."""
        return self.speech.version

    async def ask(
        self, notes: Notes, method: str, params: Mapping[str, Any] | None = None, request_id: Id = None
    ) -> Answer | None:
        """The answer to a request, under an id of its own unless one is given; None when no whole one came.

        What is wrong with its form is noted, and so is that none came.
        """
        answer = await self._exchange(notes, method, params, request_id)
        if not isinstance(answer, Answer):
            notes.find("server.no-answer", f"{self.version}: {method}", no_answer(answer))
            return None
        return answer

    async def call(
        self, notes: Notes, tool: str, arguments: Mapping[str, Any], *, is_good: bool = True
    ) -> Answer | None:
        """As `ask`, of a tool with drawn arguments; those that fit (`is_good`) may take it longer than we wait."""
        if tool in self.silent:
            return None
        answer = await self._exchange(notes, "tools/call", {"name": tool, "arguments": arguments}, None)
        if isinstance(answer, Answer):
            return answer
        if isinstance(answer, Timeout):
            self.silent.add(tool)
            notes.skip(f"{tool} gave no answer in time, so no more calls of it are made")
        slow = is_good and isinstance(answer, Timeout)
        where = f"{self.version}: tools/call {tool}"
        notes.find("tools.slow" if slow else "server.no-answer", where, no_answer(answer))
        return None

    async def _exchange(
        self, notes: Notes, method: str, params: Mapping[str, Any] | None, request_id: Id
    ) -> Answer | Failure:
        """A whole answer, what is wrong with its form noted; or why there is none."""
        request_id = next(self.speech.ids) if request_id is None else request_id
        notes.did()
        answer = await self.probe.send(self.speech.request(method, params, request_id))
        if not isinstance(answer, Answer):
            return answer
        if answer.cut is not None:
            return answer.cut
        for code, sentence in faults_of_form(answer, request_id, self.speech, method):
            notes.find(code, f"{self.version}: {method}", sentence)
        return answer

    async def close(self) -> None:
        """Drop the connection."""
        await self.probe.close()


def no_answer(failure: Failure | None) -> str:
    """The sentence for an exchange that failed."""
    return f"no whole reply came: {failure.detail if failure is not None else 'it was cut off'}"


def faults_of_form(answer: Answer, request_id: Id, speech: Speech, method: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the form of the answer to a good request: codes and sentences."""
    if answer.status == _OK and answer.content_type not in (JSON, EVENTS):
        yield (
            "http.content-type",
            f"application/json or text/event-stream expected, got {answer.content_type or 'none'}",
        )
        return
    fault = fault_of_response(answer, request_id)
    if fault is not None:
        if answer.status == _OK:
            yield "rpc.response", fault
        return
    fault = fault_of_id(answer, request_id)
    if fault is not None and not (
        answer.error is not None and answer.response is not None and answer.response.get("id") is None
    ):
        yield "rpc.id", fault
    if speech.era == "modern":
        yield from _modern_faults(answer, method)


def _modern_faults(answer: Answer, method: str) -> Iterator[tuple[str, str]]:
    yield from reserved_codes(answer)
    result = answer.result
    if result is None:
        return
    if not isinstance(result.get("resultType"), str):
        yield "modern.result-type", f"the result of {method} has no resultType"
    meta = result.get("_meta")
    info = meta.get(f"{PREFIX}serverInfo") if isinstance(meta, dict) else None
    if not isinstance(info, dict) or not isinstance(info.get("name"), str):
        yield "modern.server-info", f"the result of {method} has no {PREFIX}serverInfo with a name in _meta"
    if method in _CACHEABLE and result.get("resultType", "complete") == "complete":
        time, scope = result.get("ttlMs"), result.get("cacheScope")
        if not isinstance(time, int) or isinstance(time, bool) or time < 0:
            yield "modern.caching", f"ttlMs of {method} should be a whole number of 0 or more, got {time!r}"
        elif scope not in ("public", "private"):
            yield "modern.caching", f"cacheScope of {method} should be public or private, got {scope!r}"


def reserved_codes(answer: Answer) -> Iterator[tuple[str, str]]:
    """Whether a modern error has a code that it may not have."""
    code = answer.code
    if code is not None and (code in _RETIRED or (code in _RESERVED and code not in _DEFINED)):
        yield "rpc.reserved-code", f"the error code {code} is not for servers to use"
