"""Text that any format can carry: a server's words may hold characters that XML and HTML forbid."""

import math
import re
from collections.abc import Mapping
from typing import Any

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no character of XML 1.0, lone surrogates among it, and the control characters that it only discourages."""


def clean(value: Any) -> Any:
    """A copy of plain data without forbidden characters, and with null for numbers that JSON does not have."""
    if isinstance(value, str):
        return _FORBIDDEN.sub("", value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
