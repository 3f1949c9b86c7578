"""Numbers of bytes in the settings of effects."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_MOST_WRITTEN = 1024 * 1024 * 1024
"""Bytes of the hugest body."""
_SIZE = re.compile(r"(\d+)\s*(B|kB|KiB|MB|MiB|GB|GiB)?")
_UNITS = {"B": 1, "kB": 1000, "KiB": 1024, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}


def _size(value: object) -> object:
    """Bytes, from `20MB`, `16KiB` or a number."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        if isinstance(value, str):
            raise ValueError("should be a number of bytes such as 500, 16kB or 20MiB")
        return value
    return int(found[1]) * _UNITS[found[2] or "B"]


Bytes = Annotated[int, Field(strict=True, ge=1, le=_MOST_WRITTEN), BeforeValidator(_size)]
"""Some bytes: `500`, `16kB`, `20MiB`."""
