"""The errors of this package, and how pydantic's become sentences.

InvalidInput            something a person wrote cannot be used
└── InvalidDocument     the same of a document, with where in it
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import ErrorDetails, PydanticCustomError

_LONGEST_VALUE = 60
_IN_WORDS = {
    "missing": "is required",
    "missing_argument": "is required",
    "missing_keyword_only_argument": "is required",
    "extra_forbidden": "is not known",
    "unexpected_keyword_argument": "is not known",
    "dict_type": "should be a mapping",
    "mapping_type": "should be a mapping",
    "model_attributes_type": "should be a mapping",
    "model_type": "should be a mapping",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "invalid_key": "should be text, as all keys",
}
"""Instead of pydantic's sentences, which are about Python: types here are those of YAML and JSON."""
REPEATED = "repeated"
"""Type of a `PydanticCustomError` whose message already names the value."""
_WITHOUT_VALUE = {
    "missing", "missing_argument", "missing_keyword_only_argument", "extra_forbidden", "unexpected_keyword_argument",
    "too_short", "too_long", REPEATED,
}  # fmt: skip


class InvalidInput(ValueError):  # noqa: N818 - it names the cause, as the other exceptions of the project do
    """Something a person wrote cannot be used. `problems` are full sentences, at least one."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def repeated(why: str) -> PydanticCustomError:
    """What a validator raises whose sentence `why` (without its subject) needs no ", got …" behind it."""
    return PydanticCustomError(REPEATED, "{why}", {"why": why})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a document."""

    way: str
    """To the value, as a person writes it: `rules[0].do[0].latency.p50`; empty: it is about the whole."""
    what: str
    """A sentence without its subject, which is `way`; a full one without a way."""
    line: int | None = None

    @property
    def sentence(self) -> str:
        """Without file and line."""
        return f"{self.way} {self.what}" if self.way else self.what


class InvalidDocument(InvalidInput):
    """A document cannot be used.

    Args:
        name: what the sentences call it.
        findings: at least one.
    """

    def __init__(self, name: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        lines = ("" if found.line is None else f"{found.line}:" for found in findings)
        super().__init__([f"{name}:{line} {found.sentence}" for line, found in zip(lines, findings, strict=True)])


def complaint(error: ErrorDetails) -> str:
    """What is wrong with one value, as the end of a sentence whose subject is the value's name.

    >>> complaint({"type": "less_than_equal", "loc": ("port",), "msg": "Input should be less than or equal to 65535",
    ...            "input": "70000"})
    'should be less than or equal to 65535, got "70000"'
    """
    return reason(error) + got(error)


def reason(error: ErrorDetails) -> str:
    """`complaint` without the value."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _IN_WORDS:
        return _IN_WORDS[kind]
    if kind == "too_short":
        least = context.get("min_length")
        return "should not be empty" if least == 1 else f"should have {least} or more of them"
    if kind == "too_long":
        return f"should have at most {context.get('max_length')} of them"
    if kind == "literal_error":
        return f"should be {context.get('expected', '').replace('True', 'true').replace('False', 'false')}"
    if kind == REPEATED:
        return error["msg"]
    message = error["msg"].removeprefix("Input ").removeprefix("String ").removeprefix("Value error, ").rstrip(".")
    return f"{message[:1].lower()}{message[1:]}"


def got(error: ErrorDetails) -> str:
    """The end of a complaint that shows the value, unless the rest of it does."""
    return "" if error["type"] in _WITHOUT_VALUE else f", got {shown(error['input'])}"


def shown(value: object) -> str:
    """A value as JSON where it is JSON, short and on one line."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):  # a key that is no text, a value that contains itself
        text = repr(value)
    except RecursionError:
        text = "something very deep"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
