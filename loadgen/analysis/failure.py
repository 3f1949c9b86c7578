"""How a server failed: it said no and came back, or it went silent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..outcome import Category

_ANSWERED = frozenset({Category.HTTP_STATUS, Category.RPC_ERROR, Category.TOOL_ERROR, Category.SESSION_LOST})
_OURS = frozenset({Category.CANCELLED})
"""Not the server's: we gave these calls up."""


@dataclass(frozen=True, slots=True)
class FailureMode:
    """The verdict on a broken level, and why."""

    kind: Literal["graceful", "catastrophic"]
    sentence: str


def judge_failure(errors: Mapping[Category, int], recovered: bool | None) -> FailureMode:
    """Graceful or catastrophic, from the errors of the broken level and whether the server came back after it.

    Graceful: at least half of the errors were refusals that a client can read (an HTTP status, a JSON-RPC error, a
    tool error, an unknown session), and the server did not fail to recover. No errors at all are a slow server, which
    is graceful too. Catastrophic: most errors were refused or lost connections, time-outs, or replies that are broken
    or wrong; or the load fell and the server stayed broken. `recovered` None: nobody looked, so the errors decide.
    """
    total = sum(count for category, count in errors.items() if category not in _OURS)
    answered = sum(errors.get(category, 0) for category in _ANSWERED)
    what = f"{answered:,} of {total:,} errors were answered" if total else "slower, but without errors"
    then = {
        True: "and it recovered when the load fell",
        False: "and it did not recover when the load fell",
        None: "and nobody watched whether it recovered",
    }[recovered]
    kind: Literal["graceful", "catastrophic"]
    kind = "graceful" if recovered is not False and 2 * answered >= total else "catastrophic"
    return FailureMode(kind, f"{kind}: {what}, {then}")
