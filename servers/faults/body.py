"""What stands in the body of a request to the control API: YAML or JSON, read as strictly as files are."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

import yaml

from formats.document import as_shape
from formats.errors import Finding, InvalidDocument
from formats.json_file import no_number, once
from formats.strict_yaml import parse_yaml
from formats.yaml_text import read_yaml

from ..errors import ControlRefused
from .profile import refuse_tricks

T = TypeVar("T")

BODY = "body"
"""What complaints call it."""


def read_body(text: str, shape: type[T]) -> T:
    """The body as what `shape` makes of it.

    Raises:
        ControlRefused: it cannot be used.
    """
    found, document = _from_json(text)
    try:
        if found:
            return as_shape(document, BODY, shape)
        refuse_tricks(text, BODY)
        return parse_yaml(text, BODY, shape)
    except InvalidDocument as error:
        raise refusal(error.findings) from error


def profile_of(text: str) -> Any:
    """The body, which is a profile or a part of one, as plain values.

    Raises:
        ControlRefused: it is neither JSON nor YAML, or has what files may not have.
    """
    found, document = _from_json(text)
    if found:
        return document
    try:
        refuse_tricks(text, BODY)
        root, document = read_yaml(text, BODY)
    except InvalidDocument as error:
        raise refusal(error.findings, "invalid_profile") from error
    if root is None:
        raise ControlRefused(400, "invalid_profile", "", "the document is empty")
    return document


def as_yaml(text: str) -> str:
    """What YAML reads as the same: some JSON (tabs, 1e-7, escaped halves of characters) is none.

    Raises:
        ControlRefused: it cannot be written as YAML.
    """
    found, document = _from_json(text)
    return dumped(document) if found else text


def dumped(document: Any) -> str:
    """Plain values as YAML.

    Raises:
        ControlRefused: they cannot be written.
    """
    try:
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ControlRefused(400, "invalid", "", "is nested too deeply, or holds what cannot be written") from error


def refusal(findings: Sequence[Finding], error: str = "invalid", *, lines: bool = True) -> ControlRefused:
    """A refusal that says everything that was found; `lines` are those of the body as it was sent."""
    problems = [
        (found.way, f"line {found.line}: {found.sentence}" if lines and found.line is not None else found.sentence)
        for found in findings
    ]
    field, reason = problems[0]
    return ControlRefused(400, error, field, reason, problems)


def _from_json(text: str) -> tuple[bool, Any]:
    try:
        return True, json.loads(text, object_pairs_hook=once, parse_constant=no_number)
    except (ValueError, RecursionError):
        return False, None  # YAML's reader says what is wrong, and where
