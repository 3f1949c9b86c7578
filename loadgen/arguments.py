"""Arguments for tools that nobody told us about: drawn from their inputSchema, and proven to fit it, or not to."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema_rs import Validator, validator_for

from formats.schema_values import draw_arguments

_MOST_TRIES = 500
_WRONG: tuple[Any, ...] = (["wrong"], {"wrong": True}, "wrong", True, None)
"""Values of every type, the rarest as an argument first."""
_UNEXPECTED = "unexpected_argument"


class UnusableSchemaError(ValueError):
    """An inputSchema is no JSON Schema; the message says why."""


class Arguments:
    """What the tool `name` may be called with, drawn from `seed`; with `formats` a text has to be of the one named.

    Raises:
        UnusableSchemaError: nobody can tell.
    """

    def __init__(self, name: str, schema: Mapping[str, Any], seed: int, *, formats: bool = True) -> None:
        self._key = (seed, name)
        self._schema = schema
        try:
            self._validator: Validator = validator_for(dict(schema), validate_formats=formats, offline=True)
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise UnusableSchemaError(f"the inputSchema of {name} is not valid JSON Schema: {reason}") from error

    def fits(self, arguments: Mapping[str, Any]) -> bool:
        """Whether `arguments` fit the schema."""
        return self._validator.is_valid(arguments)

    def fault(self, arguments: Mapping[str, Any]) -> str | None:
        """Why `arguments` do not fit the schema; None when they do."""
        error = next(iter(self._validator.iter_errors(arguments)), None)
        return None if error is None else error.message

    def fitting(self) -> Iterator[dict[str, Any]]:
        """Sets of arguments that fit; it ends after many tries, maybe without any."""
        for n in range(_MOST_TRIES):
            arguments = draw_arguments(self._schema, *self._key, n)
            if self.fits(arguments):
                yield arguments

    def misfit(self) -> dict[str, Any] | None:
        """Arguments that do not fit, nearly those that do; None where anything fits."""
        good = next(self.fitting(), {})
        return next((bad for bad in self._misfits(good) if not self.fits(bad)), None)

    def _misfits(self, good: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        required = self._schema.get("required")
        properties = self._schema.get("properties")
        for name in required if isinstance(required, list) else ():
            yield {key: value for key, value in good.items() if key != name}
        for name in properties if isinstance(properties, dict) else ():
            for wrong in _WRONG:
                yield {**good, name: wrong}
        yield {**good, _UNEXPECTED: True}
