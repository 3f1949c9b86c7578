"""Speed that a tool is meant to reach, and what a run says about it. For information: no target sets the exit code."""

import math
from dataclasses import dataclass
from typing import Literal

Status = Literal["met", "missed", "not offered", "no data"]


@dataclass(frozen=True, slots=True)
class Target:
    """Upper limits for one tool's p95 (ms) and error rate (0 to 1), lower limit for its calls per second."""

    tool: str
    p95_ms: float
    per_second: float
    error_rate: float


@dataclass(frozen=True, slots=True)
class TargetVerdict:
    """One criterion of a target. `measured` is None without data; `unit` is ms, /s or % (a rate in per cent)."""

    tool: str
    criterion: Literal["p95", "rate", "errors"]
    limit: float
    measured: float | None
    unit: Literal["ms", "/s", "%"]
    status: Status


def judge_target(target: Target, calls: int, failed: int, p95_ms: float | None, seconds: float) -> list[TargetVerdict]:
    """The three verdicts on `target` for a closed model, where `calls` took `seconds` in all.

    Each virtual user waits for its reply, so the load offered is what the server's own answers leave room for: a rate
    below the target was "not offered", which is not the same as missed. An error rate without a failure is "no data"
    until there are enough calls for a single failure to be within the limit.
    """
    rate = (calls - failed) / seconds if calls and seconds > 0 else None  # a refusal is no throughput
    errors = failed / calls if calls else None
    enough = failed > 0 or calls > math.floor(1 / target.error_rate)
    return [
        TargetVerdict(target.tool, "p95", target.p95_ms, p95_ms, "ms", _below(p95_ms, target.p95_ms)),
        TargetVerdict(
            target.tool,
            "rate",
            target.per_second,
            rate,
            "/s",
            "no data" if rate is None else "met" if rate >= target.per_second else "not offered",
        ),
        TargetVerdict(
            target.tool,
            "errors",
            target.error_rate * 100,
            None if errors is None else errors * 100,
            "%",
            _below(errors, target.error_rate) if enough else "no data",
        ),
    ]


def _below(measured: float | None, limit: float) -> Status:
    if measured is None:
        return "no data"
    return "met" if measured < limit else "missed"
