"""JSON Schemas of a contract, compiled: whether a value fits, and what is wrong with one that does not."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from jsonschema_rs import ReferencingError, ValidationError, validator_for

_MOST_PROBLEMS = 5
_LONGEST_PROBLEM = 200


class CannotUse(ValueError):  # noqa: N818 - named after its cause
    """A schema that says nothing: it is no JSON Schema, or refers to what is elsewhere."""


class Check:
    """One schema, of the draft that its `$schema` names.

    Raises:
        CannotUse: it cannot be used; the message says why, in a clause.
    """

    def __init__(self, schema: Any) -> None:
        try:
            self._validator = validator_for(schema, offline=True)  # never fetches another schema
        except ValidationError as error:
            raise CannotUse(_short(error.message)) from error
        except (ReferencingError, ValueError) as error:
            raise CannotUse(_short(str(error))) from error

    def is_met(self, value: Any) -> bool:
        """Whether `value` fits."""
        return self._validator.is_valid(value)

    def problems(self, value: Any, name: str) -> str:
        """What is wrong with `value`, which is called `name`, in clauses; empty when it fits."""
        if self._validator.is_valid(value):
            return ""
        try:
            return "; ".join(_clauses(self._validator.iter_errors(value), name))
        except ValueError as error:  # what it would show is nested too deeply
            return f"{name} cannot be checked: {_short(str(error))}"


def _clauses(errors: Iterable[ValidationError], name: str) -> Iterable[str]:
    for error in islice(errors, _MOST_PROBLEMS):
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        yield f"{steps.removeprefix('.') or name}: {_short(error.message)}"


def _short(message: str) -> str:
    line = " ".join(message.partition("\n\n")[0].split())
    return line if len(line) <= _LONGEST_PROBLEM else line[: _LONGEST_PROBLEM - 1] + "…"
