"""Durations as people write them: `250ms`, `30s`, `1m30s`, `2h10m`, or a bare number of seconds."""

import math
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator

DAY = 86_400.0
YEAR = 366 * DAY
CENTURY = 100 * YEAR

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NO_DURATION = "should be a duration such as 500ms, 30s or 1m30s"
_LIMITS = {DAY: "a day", YEAR: "a year", CENTURY: "a century"}


def parse_duration(text: object, longest: float = CENTURY) -> float:
    """Seconds meant by `text`: a number that is not negative, or parts such as `1m30s`.

    Args:
        text: what was written, or a number of seconds.
        longest: more than that is refused; `DAY`, `YEAR` or `CENTURY`.

    Raises:
        ValueError: with one sentence that says what would be understood.
    """
    seconds = _number(text) if isinstance(text, (int, float)) and not isinstance(text, bool) else _parts(str(text))
    if seconds < 0:
        raise ValueError("should not be negative")
    if seconds > longest:
        raise ValueError(f"should be a duration of {_LIMITS[longest]} or less")
    return abs(seconds)  # a zero may have a sign


def _number(value: float) -> float:
    try:
        seconds = float(value)
    except OverflowError:  # an integer that is no float
        seconds = math.inf if value > 0 else -math.inf
    if math.isnan(seconds):
        raise ValueError(_NO_DURATION)
    return seconds


def _parts(text: str) -> float:
    written = text.strip()
    sign, written = (-1, written[1:]) if written.startswith("-") else (1, written)
    if _NUMBER.fullmatch(written):
        return sign * float(written)
    parts = _PART.findall(written)
    if not parts or "".join(n + unit for n, unit in parts) != written:
        raise ValueError(_NO_DURATION)
    return sign * sum(float(n) * _SECONDS[unit] for n, unit in parts)


def up_to(longest: float) -> Callable[[object], float]:
    """`parse_duration` with a limit, for a field."""
    return lambda text: parse_duration(text, longest)


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
