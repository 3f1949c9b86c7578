"""Settings of executors that cannot be used: all of them at once, as sentences."""

import math
from collections.abc import Sequence

from formats.errors import InvalidInput

from ..pacing import Stage


def refuse(*problems: str | None) -> None:
    """Complain about every problem there is; None is none.

    Raises:
        InvalidInput: there is one.
    """
    found = [problem for problem in problems if problem is not None]
    if found:
        raise InvalidInput(found)


def at_least(name: str, value: float, least: float) -> str | None:
    """The problem with a number that is too small, or none."""
    return None if value >= least else f"{name} should be {least:g} or more, got {value:g}"


def above(name: str, value: float, limit: float) -> str | None:
    """The problem with a number that should be finite and greater than `limit`, or none."""
    return None if limit < value < math.inf else f"{name} should be more than {limit:g}, got {value:g}"


def seconds(name: str, value: float) -> str | None:
    """The problem with a time span, or none."""
    return None if 0 <= value < math.inf else f"{name} should be a duration of zero or more seconds, got {value:g}"


def stages(values: Sequence[Stage], start: float, of: str) -> list[str | None]:
    """The problems with stages of `of`, which begin at `start`."""
    if not values:
        return ["stages should have at least one stage"]
    problems: list[str | None] = []
    for number, stage in enumerate(values, start=1):
        problems.append(seconds(f"duration of stage {number}", stage.duration))
        finite = 0 <= stage.target < math.inf
        problems.append(None if finite else f"target of stage {number} should be 0 or more, got {stage.target:g}")
    lasts = sum(stage.duration for stage in values) > 0
    problems.append(None if lasts else "stages should last longer than 0 seconds together")
    some = start > 0 or any(stage.target > 0 for stage in values)
    problems.append(None if some else f"stages should reach more than 0 {of}")
    return problems
