"""Results made up for an expectation: they keep what the subject promises, and meet what the example asks beyond it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from formats.contract import Expectation, essence
from formats.json_pointer import find_at

from .outcome import Failure, Outcome, refused
from .places import moved, put_at, schema_at, steps_of
from .schemas import Check
from .values import DRAWS, Key

_MADE, _WANTED = "#/$defs/made", "#/$defs/wanted"


def _as_it_is(result: dict[str, Any]) -> dict[str, Any]:
    return result


@dataclass(frozen=True)
class Subject:
    """What an example asks: a tool, a resource or a prompt."""

    make: Callable[[int], dict[str, Any] | None]
    """A result that nothing is asked of, by the number of the attempt; None when there is none."""
    schema: Mapping[str, Any]
    """JSON Schema of its results."""
    keeps: Callable[[Mapping[str, Any]], bool] = lambda _: True
    """Whether a result keeps what is promised."""
    finish: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is
    """The result with what follows from the rest of it."""


def outcome_for(expect: Expectation, subject: Subject, key: Key) -> Outcome | None:
    """An outcome that meets `expect`, a function of `key`; None when none was found."""
    if expect.kind == "result":
        return essence(expect.result or {})
    if expect.error is not None:
        return Failure(expect.error.code, expect.error.message or f"Error {expect.error.code}")
    if expect.tool_error is not None:
        return _refusal(expect.tool_error, key)
    wanted = _Wanted(expect)
    for attempt in range(DRAWS):
        for result in _candidates(subject, wanted, key, attempt):
            if subject.keeps(result) and wanted.is_met_by(result):
                return result
    return None


def _candidates(subject: Subject, wanted: "_Wanted", key: Key, attempt: int) -> Iterator[dict[str, Any]]:
    """Results from the most natural one on."""
    plain = subject.make(attempt)
    if plain is not None:
        yield plain
    shaped = wanted.shape(subject, key, attempt)
    if isinstance(shaped, dict):
        yield subject.finish(shaped)
        yield shaped


def _refusal(wanted: Any, key: Key) -> Outcome | None:
    if isinstance(wanted, dict):
        texts = key.fitting({"type": "string", **wanted}, Check(wanted), "error")
        return refused(texts[0]) if texts and isinstance(texts[0], str) else None
    return refused(wanted if isinstance(wanted, str) else f"Error: {key.word('error')}")


class _Wanted:
    """What `fits` and `match` ask of a result."""

    def __init__(self, expect: Expectation) -> None:
        self._fits = expect.fits if isinstance(expect.fits, dict) else None
        self._fits_check = None if self._fits is None else Check(self._fits)
        self._match = {
            pointer: ({} if schema is True else schema, Check({} if schema is True else schema))
            for pointer, schema in (expect.match or {}).items()
        }

    def is_met_by(self, result: Mapping[str, Any]) -> bool:
        """Whether `result` has it all."""
        return (self._fits_check is None or self._fits_check.is_met(result)) and all(
            _has(result, pointer, check) for pointer, (_, check) in self._match.items()
        )

    def shape(self, subject: Subject, key: Key, attempt: int) -> Any:
        """A result drawn from what the subject promises and what is wanted together; that it fits is to be proven."""
        if self._fits is None:
            result: Any = subject.make(attempt)
        else:
            result = key.draw(_both(subject.schema, (), self._fits), "fits", attempt)
        for pointer, (schema, check) in self._match.items():
            if not _has(result, pointer, check):
                steps = steps_of(pointer)
                value = key.draw(_both(subject.schema, steps, schema), "match", pointer, attempt)
                result = put_at(result, steps, value)
        return result


def _has(result: Any, pointer: str, check: Check) -> bool:
    try:
        return check.is_met(find_at(result, pointer))
    except LookupError:
        return False


def _both(made: Mapping[str, Any], steps: tuple[str, ...], wanted: Any) -> dict[str, Any]:
    """A schema for what is at `steps` in a value that fits `made`, and fits `wanted` itself."""
    root = {"$defs": {"made": moved(made, _MADE), "wanted": moved(wanted, _WANTED)}}
    return {**root, "allOf": [schema_at(root, root["$defs"]["made"], steps), {"$ref": _WANTED}]}
