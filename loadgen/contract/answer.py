"""What a server sent back to one HTTP request, whatever it is: nothing is refused here, all is told."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..client.sse import SseParser
from ..outcome import Failure, printable

MOST_BYTES = 8 * 1024 * 1024
"""A longer reply is not read to its end."""
_DEEPEST = 200
_LONGEST_BODY = 60
JSON, EVENTS = "application/json", "text/event-stream"


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case), and as much of the body as came; `cut` says why that is not all."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: Failure | None = None

    @property
    def content_type(self) -> str:
        """Without its parameters; empty when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def messages(self) -> tuple[Any, ...]:
        """The JSON values of a JSON body or an event stream, up to the first piece that is none."""
        return tuple(_values(self))

    @cached_property
    def response(self) -> Mapping[str, Any] | None:
        """The first message that is a JSON object and no notification or request of the server's."""
        return next((each for each in self.messages if isinstance(each, dict) and "method" not in each), None)

    @property
    def result(self) -> Mapping[str, Any] | None:
        """The result of the response, when it is one with an object as its result."""
        result = (self.response or {}).get("result")
        return result if isinstance(result, dict) else None

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The error of the response, when it is one."""
        error = (self.response or {}).get("error")
        return error if isinstance(error, dict) else None

    @property
    def code(self) -> int | None:
        """The code of the error."""
        code = (self.error or {}).get("code")
        return code if isinstance(code, int) and not isinstance(code, bool) else None

    def __str__(self) -> str:
        """What came, for a sentence."""
        start = f"HTTP {self.status}"
        if self.error is not None:
            return f"{start} with error {self.code}"
        if self.result is not None:
            return f"{start} with {'a result with isError' if self.result.get('isError') is True else 'a result'}"
        if self.messages:
            return f"{start} with other JSON"
        text = printable(self.body.decode(errors="replace"), _LONGEST_BODY)
        return f"{start}: {text}" if text else f"{start} without a body"


def _values(answer: Answer) -> Iterator[Any]:
    if answer.content_type == EVENTS:
        pieces = [event.data for event in SseParser().feed(answer.body) if event.data]
    else:
        pieces = [answer.body] if answer.content_type == JSON else []
    for piece in pieces:
        try:
            value = json.loads(piece, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return
        if _depth(value) > _DEEPEST:
            return
        yield value


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _depth(value: object) -> int:
    """How many levels of arrays and objects there are."""
    levels, depth = [value], 0
    while levels:
        levels = [
            inner
            for each in levels
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        depth += 1
    return depth


def fault_of_response(answer: Answer, request_id: object) -> str | None:
    """Why the answer to a request is no JSON-RPC response, but for its id; None when it is one.

    `request_id` is the request's; see `fault_of_id` for what comes back of it.
    """
    response = answer.response
    if response is None:
        return f"there is no JSON-RPC response to the request {request_id!r}"
    if response.get("jsonrpc") != "2.0":
        return 'the response has no "jsonrpc": "2.0"'
    if ("result" in response) is ("error" in response):
        return f"the response has {'both' if 'error' in response else 'neither'} result and error"
    if "result" in response:
        return None if answer.result is not None else "the result is no object"
    if answer.code is None or not isinstance((answer.error or {}).get("message"), str):
        return "the error has no integer code or no message"
    return None


def fault_of_id(answer: Answer, request_id: object) -> str | None:
    """Why the id of the response is not that of the request, value and type; None when it is, or there is none."""
    response = answer.response
    if response is None:
        return None
    got = response.get("id")
    if type(got) is type(request_id) and got == request_id:
        return None
    return f"the response to {request_id!r} has the id {printable(repr(got), _LONGEST_BODY)}"
