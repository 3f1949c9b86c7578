"""Replies against the outputSchema of their tool; each schema is compiled once per run."""

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable


class OutputSchemas:
    """The outputSchema of each tool by name; tools without one take any result."""

    def __init__(self, schemas: Iterable[tuple[str, Mapping[str, Any] | None]]) -> None:
        self._validators: dict[str, Draft202012Validator] = {}
        self._broken: dict[str, str] = {}
        for tool, schema in schemas:
            if schema is None:
                continue
            try:
                Draft202012Validator.check_schema(schema)
            except SchemaError as error:
                self._broken[tool] = f"the tool's outputSchema is not valid JSON Schema: {error.message}"
            else:
                # An empty registry: a schema never makes us fetch another one.
                self._validators[tool] = Draft202012Validator(schema, registry=Registry())

    def violation(self, tool: str, result: Mapping[str, Any]) -> str | None:
        """Why `result` (of tools/call) is not what the tool's outputSchema promises, as a sentence; None if it is."""
        if tool in self._broken:
            return self._broken[tool]
        validator = self._validators.get(tool)
        if validator is None:
            return None
        if "structuredContent" not in result:
            return "the tool has an outputSchema, but the result has no structuredContent"
        try:
            error = next(validator.iter_errors(result["structuredContent"]), None)
        except Unresolvable as missing:
            return f"the tool's outputSchema refers to what it does not hold: {missing.ref}"
        return None if error is None else _sentence(error)


def _sentence(error: ValidationError) -> str:
    where = "structuredContent" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.path)
    return f"{where} breaks the outputSchema: {error.message}"
