"""A request that is wrong in one way, and what its answers mean, as a ladder: the first rung that fits decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..client.transport import Request
from .answer import Answer
from .client import Client, no_answer, reserved_codes
from .notes import Notes
from .speech import Speech

Asking = Callable[[Speech], Request]
Fits = Callable[[Answer], bool]
Rung = tuple[Fits, str | None]
"""What an answer may be, and the code of the finding that it is; None: it is as it should be."""

_CLIENT_ERRORS = range(400, 500)
SERVER_ERRORS = range(500, 600)


@dataclass(frozen=True, slots=True)
class Case:
    """One wrong request. `otherwise` is the code of an answer that no rung fits, `expected` what should come."""

    name: str
    request: Asking
    expected: str
    rungs: Sequence[Rung]
    otherwise: str
    responses: int = 1

    def judge(self, answer: Answer) -> str | None:
        """The code of the finding that `answer` is; None when it is as it should be."""
        for fits, code in self.rungs:
            if fits(answer):
                return code
        return "http.server-error" if answer.status in SERVER_ERRORS else self.otherwise


async def run_cases(client: Client, notes: Notes, cases: Sequence[Case]) -> None:
    """Make each request and note what it was answered with, if that is not as it should be."""
    for case in cases:
        where = f"{client.version}: {case.name}"
        answer = await client.probe.send(case.request(client.speech), case.responses)
        notes.did()
        if not isinstance(answer, Answer) or answer.cut is not None:
            cut = answer.cut if isinstance(answer, Answer) else answer
            notes.find("server.no-answer", where, f"{case.expected} expected; {no_answer(cut)}")
            continue
        code = case.judge(answer)
        if code is not None:
            notes.find(code, where, f"{case.expected} expected, got {answer}")
        note_error(client, notes, where, answer)


def note_error(client: Client, notes: Notes, where: str, answer: Answer) -> None:
    """What is amiss with the error of a modern answer, whichever request it is to."""
    if client.speech.era == "modern":
        for code, sentence in reserved_codes(answer):
            notes.find(code, where, sentence)
        response = answer.response or {}
        if "error" in response and response.get("id", 0) is None:
            notes.find("fastmcp.error-id", where, "an error that is about no request has no id, here it is null")


def status(*statuses: int) -> Fits:
    """One of these."""
    return lambda answer: answer.status in statuses


def error(code: int, *statuses: int) -> Fits:
    """This error; with any status unless they are named."""
    return lambda answer: answer.code == code and (not statuses or answer.status in statuses)


def http_error(*codes: int | None) -> Fits:
    """A status of 400 to 499, with one of these error codes; None: without an error."""
    return lambda answer: answer.status in _CLIENT_ERRORS and answer.code in codes


def client_error(answer: Answer) -> bool:
    """A status of 400 to 499."""
    return answer.status in _CLIENT_ERRORS


def refused(answer: Answer) -> bool:
    """A status of 400 to 499, or an error."""
    return answer.status in _CLIENT_ERRORS or (answer.error is not None and answer.status not in SERVER_ERRORS)


def tool_error(answer: Answer) -> bool:
    """A result with `isError: true`."""
    return answer.result is not None and answer.result.get("isError") is True
