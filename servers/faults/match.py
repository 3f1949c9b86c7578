"""Which calls a rule is for: `match` of a profile.

What method, tool and protocol say can be looked up once for all calls that are alike (`fits`); the rest is asked of
every call (`tests`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase, translate
from typing import Annotated, Any, Literal, Protocol

from mcp_types.methods import CLIENT_NOTIFICATIONS, CLIENT_REQUESTS
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from formats.nearest import did_you_mean

from ..wire.call import Call, Era

TOOLS_CALL = "tools/call"
DELETE = "DELETE"
IDEMPOTENCY_KEY = "idempotency_key"
"""The argument that says which calls are attempts at the same thing."""


def _methods(versions: Sequence[str]) -> tuple[str, ...]:
    every = (*CLIENT_REQUESTS, *CLIENT_NOTIFICATIONS)
    return tuple(sorted({method for method, version in every if version in versions}))


METHODS_OF: Mapping[Era, tuple[str, ...]] = {
    "handshake": (*_methods(HANDSHAKE_PROTOCOL_VERSIONS), DELETE),
    "modern": _methods(MODERN_PROTOCOL_VERSIONS),
}
"""What a client can ask for or notify of, by era; `DELETE` is that of a session, which is no JSON-RPC message."""
METHODS = tuple(sorted({*METHODS_OF["handshake"], *METHODS_OF["modern"]}))

_MOST = 10**12
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_MISSING = object()


class View(Protocol):
    """What a match can ask about the server besides the call itself."""

    @property
    def in_flight(self) -> int:
        """Requests that are being answered, this one included."""
        ...

    def attempt(self, call: Call) -> int:
        """Which attempt this is with the call's idempotency key, from 1; 0 when it has none."""
        ...

    def client(self, call: Call) -> str | None:
        """The name that the client gave itself."""
        ...


Test = Callable[[Call, View], bool]


def _as_written(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value  # YAML reads 2025-11-25 as a date


_Glob = Annotated[str, Field(min_length=1, max_length=200)]
_Protocol = Annotated[
    Literal["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"], BeforeValidator(_as_written)
]
_PATH = re.compile(r"[^.\[\]]+(\[[0-9]{1,9}\])*(\.[^.\[\]]+(\[[0-9]{1,9}\])*)*")


def _way(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError("should be the way to an argument, such as items[0].price")
    return path


_Path = Annotated[str, Field(max_length=200), AfterValidator(_way)]
_Count = Annotated[int, Field(strict=True, ge=1, le=_MOST)]
Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "like", "exists", "missing"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def pattern(text: str) -> Callable[[str], bool]:
    """Whether a word is what `text` means, as a function; a pattern without `*`, `?` and `[` means itself."""
    if not any(c in text for c in "*?["):
        return lambda word: word == text
    match = re.compile(translate(text)).match
    return lambda word: match(word) is not None


class Argument(_Strict):
    """One condition on the arguments of a tool call. A path that leads nowhere fulfils `missing` and nothing else."""

    path: _Path
    operator: Operator = "=="
    value: Annotated[Any, BeforeValidator(_as_written)] = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """What does not go together, by key."""
        given = "value" in self.model_fields_set
        if self.operator in ("exists", "missing"):
            if given:
                yield "value", f"has no meaning with operator {self.operator}"
        elif not given:
            yield "value", "is required"
        elif self.operator == "in" and not isinstance(self.value, list):
            yield "value", "should be a list for operator in"
        elif self.operator == "like" and not isinstance(self.value, str):
            yield "value", "should be a text with * and ? for operator like"
        elif self.operator in _ORDERS and not _is_number(self.value) and not isinstance(self.value, str):
            yield "value", f"should be a number or a text for operator {self.operator}"

    def test(self) -> Callable[[Mapping[str, Any]], bool]:
        """Whether arguments fulfil it, as a function."""
        way: tuple[str | int, ...] = tuple(name or int(index) for name, index in _STEP.findall(self.path))
        holds, value, missing = _HOLDS[self.operator], self.value, self.operator == "missing"

        def test(arguments: Mapping[str, Any]) -> bool:
            found: Any = arguments
            for step in way:
                if isinstance(step, str):
                    found = found.get(step, _MISSING) if isinstance(found, dict) else _MISSING
                else:
                    found = found[step] if isinstance(found, list) and step < len(found) else _MISSING
            return missing if found is _MISSING else holds(found, value)

        return test


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(found: Any, value: Any) -> bool:
    return isinstance(found, bool) == isinstance(value, bool) and bool(found == value)  # JSON's true is no 1


def _contains(found: Any, value: Any) -> bool:
    if isinstance(found, str):
        return isinstance(value, str) and value in found
    return isinstance(found, (list, dict)) and any(_same(item, value) for item in found)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(found: Any, value: Any) -> bool:
        if (_is_number(found) and _is_number(value)) or (isinstance(found, str) and isinstance(value, str)):
            return compare(found, value)
        return False

    return holds


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": _ordered(lambda found, value: found < value),
    "<=": _ordered(lambda found, value: found <= value),
    ">": _ordered(lambda found, value: found > value),
    ">=": _ordered(lambda found, value: found >= value),
}
_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    **_ORDERS,
    "==": _same,
    "!=": lambda found, value: not _same(found, value),
    "in": lambda found, value: any(_same(found, item) for item in value),
    "contains": _contains,
    "like": lambda found, value: isinstance(found, str) and pattern(value)(found),
    "exists": lambda _found, _value: True,
    "missing": lambda _found, _value: False,
}


class Attempts(_Strict):
    """From which attempt to which, both included."""

    first: Annotated[_Count, Field(alias="from")] = 1
    last: Annotated[_Count | None, Field(alias="to")] = None


def _attempts(value: object) -> object:
    return {"from": value, "to": value} if isinstance(value, int) else value


class Match(_Strict):
    """All that is given must hold; what is not given holds. Patterns have `*`, `?` and `[…]`, and mind the case."""

    method: _Glob | None = None
    tool: _Glob | None = None
    """A rule with it is for `tools/call` alone."""
    era: Era | None = None
    protocol: _Protocol | None = None
    session: _Glob | None = None
    client: _Glob | None = None
    header: Annotated[dict[_Glob, _Glob | None], Field(max_length=20)] = {}
    """By name, in any case; null: the request must not have it."""
    arguments: Annotated[tuple[Argument, ...], Field(max_length=20)] = ()
    attempt: Annotated[Attempts, BeforeValidator(_attempts)] | None = None
    """With the same idempotency key, from 1."""
    in_flight_above: Annotated[int, Field(strict=True, ge=0, le=_MOST)] | None = None
    """Requests that are being answered, this one included."""

    @property
    def eras(self) -> frozenset[Era]:
        """The eras whose requests it can match."""
        both: frozenset[Era] = frozenset({"handshake", "modern"})
        of_protocol = both if self.protocol is None else frozenset({era_of(self.protocol)})
        return of_protocol if self.era is None else of_protocol & {self.era}

    @property
    def order_or_time(self) -> tuple[str, ...]:
        """The conditions that depend on what else goes on, so that the same call may be hit or not."""
        return ("in_flight_above",) if self.in_flight_above is not None else ()

    @property
    def content(self) -> tuple[str, ...]:
        """The conditions that depend on what stands in the call."""
        keys = ("era", "protocol", "session", "client", "header", "arguments", "attempt")
        return tuple(key for key in keys if getattr(self, key) not in (None, (), {}))

    def can_be(self, method: str) -> bool:
        """Whether calls of `method` can match."""
        if self.tool is not None and method != TOOLS_CALL:
            return False
        return self.method is None or fnmatchcase(method, self.method)

    def fits(self, call: Call) -> bool:
        """Whether method, tool, era and protocol are right."""
        return (
            (self.method is None or (call.method is not None and fnmatchcase(call.method, self.method)))
            and (self.tool is None or (call.tool is not None and fnmatchcase(call.tool, self.tool)))
            and (self.era is None or call.era == self.era)
            and (self.protocol is None or call.protocol_version == self.protocol)
        )

    def tests(self) -> tuple[Test, ...]:
        """The conditions that `fits` leaves out, the cheap ones first."""
        return tuple(self._tests())

    def covers(self, call: Call, view: View) -> bool:
        """Whether the rule is for `call`."""
        return self.fits(call) and all(test(call, view) for test in self.tests())

    def _tests(self) -> Iterator[Test]:
        if (above := self.in_flight_above) is not None:
            yield lambda _, view: view.in_flight > above
        if (session := self.session) is not None:
            is_session = pattern(session)
            yield lambda call, _: call.session_id is not None and is_session(call.session_id)
        for name, value in self.header.items():
            yield _header_test(name.lower().encode(), value)
        for argument in self.arguments:
            yield _argument_test(argument)
        if (client := self.client) is not None:
            is_client = pattern(client)
            yield lambda call, view: (name := view.client(call)) is not None and is_client(name)
        if (attempt := self.attempt) is not None:
            last = _MOST if attempt.last is None else attempt.last
            yield lambda call, view: attempt.first <= view.attempt(call) <= last

    def problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What does not go together, by where it stands."""
        if not self.eras:
            yield ("protocol",), f"is no version of the {self.era} era"
        if self.session is not None and "handshake" not in self.eras:
            yield ("session",), "cannot be matched in the modern era, which has no sessions"
        yield from self._method_problems()
        if not self.can_be(TOOLS_CALL):
            for key in {"arguments", "attempt"} & {*self.content}:
                yield (key,), f"can only be matched with {TOOLS_CALL}"
        if self.attempt is not None and self.attempt.last is not None and self.attempt.last < self.attempt.first:
            yield ("attempt",), "should not end before it begins"
        for index, argument in enumerate(self.arguments):
            yield from ((("arguments", index, key), problem) for key, problem in argument.problems())

    def _method_problems(self) -> Iterator[tuple[tuple[str], str]]:
        if self.method is None:
            return
        possible = [method for method in METHODS if fnmatchcase(method, self.method)]
        if not possible:
            yield ("method",), f"is no method of MCP{did_you_mean(self.method, METHODS)}"
        elif self.tool is not None and TOOLS_CALL not in possible:
            yield ("method",), f"cannot go together with tool, which is for {TOOLS_CALL} alone"
        elif self.eras and not any(method in METHODS_OF[era] for era in self.eras for method in possible):
            yield ("method",), f"is no method of the {next(iter(self.eras))} era"


def _header_test(name: bytes, value: str | None) -> Test:
    if value is None:
        return lambda call, _: name not in call.headers
    is_value = pattern(value)
    return lambda call, _: (found := call.headers.get(name)) is not None and is_value(found.decode("latin-1"))


def _argument_test(argument: Argument) -> Test:
    test = argument.test()
    return lambda call, _: call.method == TOOLS_CALL and test(call.arguments)


def era_of(version: str) -> Era:
    """The era that a protocol version belongs to."""
    return "modern" if version in MODERN_PROTOCOL_VERSIONS else "handshake"
