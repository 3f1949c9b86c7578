"""Durations as people write them: `250ms`, `30s`, `1m30s`, `2h10m`, or a bare number of seconds."""

import math
import re
from typing import Annotated

from pydantic import BeforeValidator

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: object) -> float:
    """Seconds meant by `text`: a finite number that is not negative, or parts such as `1m30s`.

    Raises:
        ValueError: with one sentence that says what would be understood.
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        seconds = float(text)
    else:
        written = str(text).strip()
        try:
            seconds = float(written)
        except ValueError:
            parts = _PART.findall(written)
            if not parts or "".join(n + unit for n, unit in parts) != written:
                raise ValueError("should be a duration such as 500ms, 30s or 1m30s") from None
            seconds = sum(float(n) * _SECONDS[unit] for n, unit in parts)
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("should be a duration of zero or more seconds")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest exact spelling down to milliseconds: 0.25 → `250ms`, 90 → `1m30s`, 7800 → `2h10m`."""
    left = round(seconds * 1000)
    spelled = ""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        n, left = divmod(left, size)
        spelled += f"{n}{unit}" if n else ""
    return spelled or "0s"


Duration = Annotated[float, BeforeValidator(parse_duration)]
"""A pydantic field in seconds that takes everything `parse_duration` does."""
