"""Calls whose answers are known: canaries, and examples that change nothing; sung again while other things happen."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from formats.contract import essence

from ..outcome import Failure, Timeout
from .answer import Answer, fault_of_id, fault_of_response
from .canary import Canary, find_canaries
from .client import Client, no_answer
from .difference import first_difference
from .expectation import fault_of_schema, find_fault
from .finding import Finding
from .listing import reads_only
from .notes import Notes
from .speech import Id, Speech, era_of
from .target import Opened, Target

Kind = Literal["failed", "malformed", "wrong"]
"""No result came; something that is no answer to the call came; or a good answer to another question did."""

_TAKEN = range(200, 300)
_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class Song:
    """A call and its own answer; `fault` says why a result is not that, `output_schema` what results have to fit."""

    name: str
    subject: str
    method: str
    params: Mapping[str, Any]
    fault: Callable[[Answer], str | None]
    output_schema: Mapping[str, Any] | None = None

    @property
    def key_name(self) -> str:
        """Its part of a call's key: the tool, if it can stand in a header."""
        return self.subject if self.method == "tools/call" and _SAFE.fullmatch(self.subject) else "_"


@dataclass(frozen=True, slots=True)
class Miss:
    """One call that was not answered as it should be. `key` is its name in the server's journal."""

    kind: Kind
    key: str
    where: str
    sentence: str
    timed_out: bool = False

    def as_finding(self, code: str) -> Finding:
        """As what it is."""
        return Finding(code, self.where, self.sentence)


async def find_songs(target: Target, opened: Opened, client: Client, notes: Notes) -> list[Song]:
    """What can be sung in the era of `client`: all of it is answered as it should be when nothing else happens."""
    canaries = await find_canaries(target, opened, client, notes)
    songs = [_of_canary(canary, opened) for canary in canaries]
    for example in target.contract.examples:
        if example.tool is not None and not reads_only(opened.tools.get(example.tool, {})):
            continue
        schema = opened.tools.get(example.tool or "", {}).get("outputSchema")

        def fault(answer: Answer, example: Any = example, schema: Any = schema) -> str | None:
            return find_fault(example.expect, answer, schema)

        answer = await client.ask(notes, example.method, example.params)
        if answer is not None and answer.result is not None and fault(answer) is None:
            subject = str(example.tool or example.prompt or example.resource)
            songs.append(Song(f"example {example.name}", subject, example.method, example.params, fault, schema))
    return songs


def _of_canary(canary: Canary, opened: Opened) -> Song:
    def fault(answer: Answer) -> str | None:
        found = first_difference(canary.answer, essence(answer.result or {}))
        return None if found is None else f"another answer than alone, at {found}"

    schema = None if canary.answer.get("isError") is True else opened.tools[canary.call.tool].get("outputSchema")
    return Song(str(canary.call), canary.call.tool, "tools/call", canary.call.params, fault, schema)


async def sing(target: Target, version: str, song: Song, key: str, headers: Mapping[str, str]) -> Miss | None:
    """Make the call in a session of its own, each request with `headers`; None when it is answered as it should be."""
    where = f"{version}: {song.subject}"
    async with target.probing() as probe:
        speech, began = await target.greet(probe, version, headers)
        if not isinstance(speech, Speech):
            return _failed(speech, key, where, f"{song.name}, initialize")
        if began is not None and (not isinstance(began, Answer) or began.cut or began.status not in _TAKEN):
            return _failed(began, key, where, f"{song.name}, notifications/initialized")
        request_id = next(speech.ids)
        answer = await probe.send(speech.request(song.method, song.params, request_id, headers=dict(headers)))
        miss = _judge(song, answer, request_id, key, where, modern=era_of(version) == "modern")
        if speech.session_id is not None:
            await probe.send(speech.bare("DELETE"))
    return miss


def _judge(song: Song, answer: Answer | Failure, request_id: Id, key: str, where: str, *, modern: bool) -> Miss | None:
    if not isinstance(answer, Answer) or answer.cut is not None:
        return _failed(answer, key, where, song.name)
    kind: Kind = "failed"
    fault = song.fault(answer)
    if answer.status == 200:  # noqa: PLR2004 - an HTTP status
        malformed = fault_of_response(answer, request_id) or fault_of_id(answer, request_id)
        if malformed is None and answer.result is not None:
            malformed = _fault_of_form(song, answer.result, modern=modern)
            kind = "failed" if answer.result.get("isError") is True else "wrong"
        if malformed is not None:
            kind, fault = "malformed", malformed
    if fault is None:
        return None
    return Miss(kind, key, where, f"{song.name}: {fault}{'' if answer.result is not None else f', got {answer}'}")


def _failed(got: Answer | Failure, key: str, where: str, what: str) -> Miss:
    cut = got.cut if isinstance(got, Answer) else got
    told = f"got {got}" if isinstance(got, Answer) and cut is None else no_answer(cut)
    return Miss("failed", key, where, f"{what}: {told}", isinstance(cut, Timeout))


def _fault_of_form(song: Song, result: Mapping[str, Any], *, modern: bool) -> str | None:
    kind = result.get("resultType", "complete")
    if modern and kind != "complete":
        return f"a result of the type {str(kind)[:40]!r}"
    return None if result.get("isError") is True else fault_of_schema(song.output_schema, result)
