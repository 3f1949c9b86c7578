"""The one error of this package, and how pydantic's findings become sentences."""

import json
from collections.abc import Sequence

from pydantic_core import ErrorDetails, PydanticCustomError

_LONGEST_VALUE = 60
_SHAPES = {
    "dict_type": "a mapping",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
}
"""Types of YAML and JSON by pydantic's errors, which name those of Python."""
REPEATED = "repeated"
"""Type of a `PydanticCustomError` whose message already names the value."""


class InvalidInput(ValueError):  # noqa: N818 - it names the cause, as the other exceptions of the project do
    """Something a person wrote cannot be used. `problems` are full sentences, at least one."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def repeated(why: str) -> PydanticCustomError:
    """What a validator raises whose sentence `why` (without its subject) needs no ", got …" behind it."""
    return PydanticCustomError(REPEATED, "{why}", {"why": why})


def complaint(error: ErrorDetails) -> str:
    """What is wrong with one value, as the end of a sentence whose subject is the value's name.

    >>> complaint({"type": "less_than_equal", "loc": ("port",), "msg": "Input should be less than or equal to 65535",
    ...            "input": "70000"})
    'should be less than or equal to 65535, got "70000"'
    """
    if error["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return "is required"
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return "is not known"
    if error["type"] in ("too_short", "too_long"):  # pydantic's own sentence is about Python
        least, most = (error.get("ctx", {}).get(key) for key in ("min_length", "max_length"))
        return f"should have {least} or more of them" if most is None else f"should have at most {most} of them"
    if error["type"] in _SHAPES:
        return f"should be {_SHAPES[error['type']]}, got {_shown(error['input'])}"
    if error["type"] == REPEATED:
        return error["msg"]
    message = error["msg"].removeprefix("Input ").removeprefix("Value error, ").rstrip(".")
    return f"{message[:1].lower()}{message[1:]}, got {_shown(error['input'])}"


def _shown(value: object) -> str:
    """A value as JSON where it is JSON, short and on one line."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):  # a key that is no text, a value that contains itself
        text = repr(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
