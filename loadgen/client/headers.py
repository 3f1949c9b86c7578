"""Header fields of requests: what may stand in one, who wins when two have one name, and how they look on the wire."""

import re
from collections.abc import Iterable, Mapping

Fields = tuple[tuple[str, str], ...]
"""Header fields in the order in which they are sent."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NOT_IN_A_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def find_fault(name: str, value: str) -> str | None:
    """What is wrong with one field, as a sentence; None when nothing is (RFC 9110, section 5)."""
    if not _TOKEN.fullmatch(name):
        return f"the header name {name!r} is not a token: letters, digits and -"
    if _NOT_IN_A_VALUE.search(value):
        return f"the value of the header {name} holds a line break or another control character"
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return f"the value of the header {name} holds characters beyond Latin-1"
    return None


def merge(fields: Mapping[str, str], extra: Fields) -> Fields:
    """`fields` and `extra`, where `extra` replaces what has the same name in any case."""
    replaced = {name.lower() for name, _ in extra}
    return (*((name, value) for name, value in fields.items() if name.lower() not in replaced), *extra)


def encode(fields: Iterable[tuple[str, str]]) -> bytes:
    """The lines of `fields`, each with its CRLF.

    Raises:
        ValueError: a field that may not be sent.
    """
    for name, value in fields:
        fault = find_fault(name, value)
        if fault is not None:
            raise ValueError(fault)
    return "".join([f"{name}: {value}\r\n" for name, value in fields]).encode("latin-1")
