"""What may stand in a plan file: its keys with the types of their values, and the executors that they describe."""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from formats.durations import YEAR, up_to

from .executors.breaking_point import BreakingPointSearch
from .executors.closed import ConstantVus, PerVuIterations, SharedIterations
from .executors.open import ConstantArrivalRate, RampingArrivalRate
from .executors.ramping import RampingVus
from .pacing import Stage
from .plan import Executor
from .workloads.calculator import Numbers

MOST_USERS = 100_000
HIGHEST_RATE = 100_000
_MOST_CALLS = 10**12
_HEAVIEST = 1_000
_MOST_SETUP = 100_000
_SHORTEST = 0.001
"""Seconds below which nothing is scaled down: what lasted some time still lasts."""

WorkloadName = Literal["calculator", "payments", "generic"]
WORKLOADS: tuple[WorkloadName, ...] = get_args(WorkloadName)
Analysis = Literal["breaking-point", "recovery", "memory-growth", "drift", "sessions", "uptime", "overhead"]
Protocol = Literal["auto", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


def _as_written(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value  # YAML reads 2025-11-25 as a date


def _rising(levels: tuple[float, ...]) -> tuple[float, ...]:
    if any(low >= high for low, high in pairwise(levels)):
        raise ValueError("should rise from each level to the next")
    return levels


Span = Annotated[float, BeforeValidator(up_to(YEAR))]
Users = Annotated[int, Field(strict=True, ge=0, le=MOST_USERS)]
Count = Annotated[int, Field(strict=True, ge=1, le=_MOST_CALLS)]
Rate = Annotated[float, Field(strict=True, ge=0, le=HIGHEST_RATE, allow_inf_nan=False)]
Levels = Annotated[
    tuple[Annotated[float, Field(strict=True, gt=0, le=HIGHEST_RATE, allow_inf_nan=False)], ...],
    Field(min_length=1, max_length=100),
    AfterValidator(_rising),
]
Weight = Annotated[int, Field(strict=True, ge=1, le=_HEAVIEST)]


class Keys(BaseModel):
    """A mapping of a plan file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StageKeys(Keys):
    """A straight line to `target`."""

    duration: Span
    target: Rate
    name: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class SetupKeys(Keys):
    """What is made before the run."""

    payments: Annotated[int, Field(strict=True, ge=1, le=_MOST_SETUP)]


ExecutorName = Literal[
    "shared-iterations",
    "per-vu-iterations",
    "constant-vus",
    "ramping-vus",
    "constant-arrival-rate",
    "ramping-arrival-rate",
    "breaking-point",
]


def _by_executor(schema: dict[str, Any]) -> None:
    """Say in the JSON Schema of `ScenarioKeys` which keys each executor has."""
    properties = schema.pop("properties")
    common = [key for key in properties if key not in SETTINGS]
    schema["oneOf"] = [
        {
            "type": "object",
            "properties": {key: properties[key] for key in (*kind.keys, *common) if key in properties}
            | {"executor": {"const": kind.name}},
            "required": ["executor"],
        }
        for kind in EXECUTORS.values()
    ]


class ScenarioKeys(Keys):
    """One scenario. Which keys of the first block there can be, and must be, depends on the executor."""

    model_config = ConfigDict(json_schema_extra=_by_executor)

    executor: ExecutorName
    vus: Users | None = None
    iterations: Count | None = None
    duration: Span | None = None
    max_duration: Span | None = None
    rate: Rate | None = None
    max_vus: Users | None = None
    start_vus: Users | None = None
    start_rate: Rate | None = None
    stages: Annotated[tuple[StageKeys, ...], Field(max_length=1_000)] | None = None
    graceful_stop: Span | None = None
    graceful_ramp_down: Span | None = None
    think_time: Span | None = None
    levels: Levels | None = None
    rate_levels: Levels | None = None
    of: Literal["vus", "rate"] | None = None
    ramp: Span | None = None
    hold: Span | None = None
    probe: Span | None = None
    recovery: Span | None = None

    mix: Annotated[dict[str, Weight], Field(min_length=1)] | None = None
    numbers: Numbers | None = None
    arguments: dict[str, Any] | None = None
    session: Literal["vu", "iteration"] = "vu"
    setup: SetupKeys | None = None
    after: str | None = None
    delay: Span = 0.0
    tags: dict[str, str] = Field(default_factory=dict)
    each: Literal["tool", "tool-and-numbers"] | None = None

    @property
    def counts_users_that_break(self) -> bool:
        """Whether it searches for a breaking point in virtual users."""
        return self.executor == "breaking-point" and self.of != "rate"

    def build(
        self,
        *,
        scale: float = 1.0,
        duration: float | None = None,
        vus: int | None = None,
        arrival_rates: bool = False,
    ) -> Executor:
        """The executor; `duration` and `vus` replace those of the file, `scale` shrinks what is to last some time.

        With `arrival_rates` a search for the breaking point counts arrivals instead of virtual users.

        Raises:
            InvalidInput: it cannot be like that; the sentences begin with the name of a key.
        """
        kind = EXECUTORS[self.executor]
        given = {key: value for key in kind.keys if (value := getattr(self, key)) is not None}
        given |= {key: value for key, value in (("duration", duration), ("vus", vus)) if value is not None}
        rate_levels = given.pop("rate_levels", self.levels)
        if arrival_rates and self.executor == "breaking-point":
            given |= {"of": "rate", "levels": rate_levels}
        settings = {**kind.defaults, **given}
        given |= {key: scaled(settings[key], scale) for key in _SCALED & settings.keys()}
        if self.stages is not None:
            given["stages"] = tuple(
                Stage(scaled(stage.duration, scale), stage.target, stage.name or "") for stage in self.stages
            )
        return kind.make(**given)


_SCALED = {"duration", "ramp", "hold", "probe", "recovery"}


def scaled(seconds: float, scale: float) -> float:
    """So much time at `scale`, to the microsecond; never nothing when it was something."""
    return max(_SHORTEST, round(seconds * scale, 6)) if seconds else 0.0


class CriterionKeys(Keys):
    """One criterion on a metric."""

    threshold: str
    abort_on_fail: bool = False
    delay_abort_eval: Span = 0.0
    window: Annotated[Span, Field(gt=0)] | None = None
    stretch: bool = False


def as_criterion(value: object) -> object:
    """An expression alone is short for a criterion with nothing else to it."""
    return {"threshold": value} if isinstance(value, str) else value


class GoalKeys(Keys):
    """What an analysis is measured against."""

    target: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
    stretch: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None


class GoalsKeys(Keys):
    """All of them: virtual users or more, MB per hour or less, per cent or more."""

    breaking_point: Annotated[GoalKeys | None, Field(alias="breaking-point")] = None
    memory_growth: Annotated[GoalKeys | None, Field(alias="memory-growth")] = None
    uptime: GoalKeys | None = None


_Path = Annotated[str, Field(min_length=1)]


class OutputKeys(Keys):
    """Files that a run writes."""

    json_file: Annotated[_Path | None, Field(alias="json")] = None
    html: _Path | None = None
    junit: _Path | None = None
    ndjson: _Path | None = None
    openmetrics: _Path | None = None


class PlanKeys(Keys):
    """A whole plan file."""

    version: Annotated[Literal[1], BeforeValidator(lambda value: "true" if value is True else value)]
    description: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\n]*$")]
    workload: WorkloadName
    protocol: Annotated[Protocol, BeforeValidator(_as_written)] = "2025-11-25"
    timeout: Annotated[Span, Field(gt=0)] = 30.0
    warm_up: Span = 0.0
    scenarios: Annotated[dict[str, ScenarioKeys], Field(min_length=1, max_length=200)]
    thresholds: dict[
        str, Annotated[tuple[Annotated[CriterionKeys, BeforeValidator(as_criterion)], ...], Field(min_length=1)]
    ] = Field(default_factory=dict)
    find: tuple[Analysis, ...] = ()
    targets: GoalsKeys = GoalsKeys()
    outputs: OutputKeys = OutputKeys()


@dataclass(frozen=True)
class ExecutorKind:
    """One kind of executor, and the keys that it has."""

    name: str
    make: Callable[..., Executor]
    needed: tuple[str, ...]
    defaults: Mapping[str, Any]
    more: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.needed, *self.defaults, *self.more)


def _kind(name: str, made: Any, *more: str) -> ExecutorKind:
    """The settings of the class `made` are its keys; `more` are keys that the file has besides."""
    defaults = {field.name: field.default for field in fields(made) if field.default is not MISSING}
    needed = tuple(field.name for field in fields(made) if field.name not in defaults)
    return ExecutorKind(name, made, needed, defaults, more)


EXECUTORS: Mapping[str, ExecutorKind] = {
    kind.name: kind
    for kind in (
        _kind("shared-iterations", SharedIterations),
        _kind("per-vu-iterations", PerVuIterations),
        _kind("constant-vus", ConstantVus),
        _kind("ramping-vus", RampingVus),
        _kind("constant-arrival-rate", ConstantArrivalRate),
        _kind("ramping-arrival-rate", RampingArrivalRate),
        _kind("breaking-point", BreakingPointSearch, "rate_levels"),
    )
}
SETTINGS = frozenset(key for kind in EXECUTORS.values() for key in kind.keys)
"""The keys that depend on the executor."""


def lasts(executor: Executor) -> float:
    """Seconds in which calls are begun; infinite when that depends on the server."""
    duration: float = getattr(executor, "duration", math.inf)
    return duration
