"""JSON pointers (RFC 6901): places in a JSON value, such as `/content/0/text`."""

import re
from typing import Any

POINTER = r"(/([^~/]|~[01])*)*"
"""The whole of one, as a regular expression."""
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def check_pointer(pointer: str) -> str:
    """`pointer`, when it is one.

    Raises:
        ValueError: it is none; the end of a sentence.
    """
    if not re.fullmatch(POINTER, pointer):
        raise ValueError("should be a JSON pointer such as /content/0/text, with ~0 for ~ and ~1 for / in a name")
    return pointer


def find_at(value: Any, pointer: str) -> Any:
    """What is at `pointer` in `value`.

    >>> find_at({"content": [{"text": "3"}]}, "/content/0/text")
    '3'

    Raises:
        LookupError: there is nothing; the message is the first place that is not there.
    """
    way = ""
    for step in check_pointer(pointer).split("/")[1:]:
        way += f"/{step}"
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and _INDEX.fullmatch(name) and int(name) < len(value):
            value = value[int(name)]
        else:
            raise LookupError(way)
    return value
