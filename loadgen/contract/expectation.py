"""Is an answer what an example of the contract expects? Pure: answers in, sentences out."""

from collections.abc import Mapping
from typing import Any

from jsonschema_rs import ValidationError, validator_for

from formats.contract import Expectation, error_text, essence
from formats.json_pointer import find_at

from ..outcome import printable
from ..schemas import OutputSchemas
from .answer import Answer
from .difference import first_difference
from .values import shown

_LONGEST = 300


def find_fault(expected: Expectation, answer: Answer, output_schema: Mapping[str, Any] | None = None) -> str | None:
    """What was expected and what came, as one bounded sentence; None when the answer is as expected.

    `output_schema` is that of the tool which was called.
    """
    if expected.error is not None:
        fault = _fault_of_error(expected, answer)
    elif answer.result is None:
        fault = f"a result expected, got {_told(answer)}"
    elif expected.tool_error is not None:
        fault = _fault_of_tool_error(expected.tool_error, answer.result)
    elif expected.result is not None:
        found = first_difference(essence(expected.result), essence(answer.result))
        fault = None if found is None else f"the result differs at {found}"
    elif answer.result.get("isError") is True:
        fault = f"a result without isError expected, got the tool's error {shown(error_text(answer.result))}"
    elif expected.match is not None:
        fault = next((fault for fault in _faults_of_places(expected.match, answer.result) if fault), None)
    elif isinstance(expected.fits, Mapping):
        fault = _fault_of_value(expected.fits, answer.result, "the result")
    else:
        fault = fault_of_schema(output_schema, answer.result)
    return None if fault is None else printable(fault, _LONGEST)


def fault_of_schema(output_schema: Mapping[str, Any] | None, result: Mapping[str, Any]) -> str | None:
    """Why a result does not fit the tool's outputSchema; None when it does, or there is none."""
    return OutputSchemas([("", output_schema)]).violation("", result)


def _fault_of_error(expected: Expectation, answer: Answer) -> str | None:
    error = expected.error
    if error is None or (answer.code == error.code and error.message in (None, (answer.error or {}).get("message"))):
        return None
    words = f"error {error.code}" + ("" if error.message is None else f" {shown(error.message)}")
    return f"{words} expected, got {_told(answer)}"


def _fault_of_tool_error(expected: object, result: Mapping[str, Any]) -> str | None:
    if result.get("isError") is not True:
        got = result.get("structuredContent", error_text(result))
        return f"a result with isError expected, got one without: {shown(got)}"
    text = error_text(result)
    if isinstance(expected, Mapping):
        return _fault_of_value(expected, text, "the tool's error")
    if expected is True or expected == text:
        return None
    return f"the tool's error {shown(expected)} expected, got {shown(text)}"


def _faults_of_places(places: Mapping[str, Any], result: Mapping[str, Any]) -> list[str | None]:
    faults: list[str | None] = []
    for pointer, schema in places.items():
        try:
            value = find_at(result, pointer)
        except LookupError:
            faults.append(f"{pointer}: something expected, got nothing")
            continue
        faults.append(None if schema is True else _fault_of_value(schema, value, pointer))
    return faults


def _fault_of_value(schema: Mapping[str, Any], value: Any, what: str) -> str | None:
    try:
        error: ValidationError | None = next(validator_for(dict(schema), offline=True).iter_errors(value), None)
    except ValueError as refusal:
        return f"{what} cannot be checked: {str(refusal).splitlines()[0]}"
    if error is None:
        return None
    at = "".join(f"/{step}" for step in error.instance_path)
    return f"{what}{at} is not as expected: {error.message}"


def _told(answer: Answer) -> str:
    """What came, with the words of an error."""
    message = (answer.error or {}).get("message")
    return f"{answer}" + (f" {shown(message)}" if message is not None else "")
