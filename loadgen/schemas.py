"""Replies against the outputSchema of their tool; each schema is compiled once per run."""

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator, ReferencingError, ValidationError


class OutputSchemas:
    """The outputSchema of each tool by name; tools without one take any result."""

    def __init__(self, schemas: Iterable[tuple[str, Any]]) -> None:
        self._validators: dict[str, Draft202012Validator] = {}
        self._broken: dict[str, str] = {}
        for tool, schema in schemas:
            if schema is None:
                continue
            try:
                self._validators[tool] = Draft202012Validator(schema, offline=True)  # never fetches another schema
            except ValidationError as error:
                self._broken[tool] = f"the tool's outputSchema cannot be used: {error.message}"
            except (ReferencingError, ValueError) as error:
                self._broken[tool] = f"the tool's outputSchema cannot be used: {error}"

    def violation(self, tool: str, result: Mapping[str, Any]) -> str | None:
        """Why `result` (of tools/call) is not what the tool's outputSchema promises, as a sentence; None if it is."""
        validator = self._validators.get(tool)
        if validator is None:
            return self._broken.get(tool)
        if "structuredContent" not in result:
            return "the tool has an outputSchema, but the result has no structuredContent"
        content = result["structuredContent"]
        try:
            if validator.is_valid(content):
                return None
            error = next(validator.iter_errors(content), None)
        except ValueError as refusal:  # nested deeper than the validator follows
            return f"structuredContent cannot be checked against the outputSchema: {refusal}"
        return None if error is None else _sentence(error)


def _sentence(error: ValidationError) -> str:
    steps = error.instance_path
    where = "structuredContent" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return f"{where} breaks the outputSchema: {error.message}"
