"""How long something takes: distributions as pure functions of a draw, and how they are written in a profile.

`seconds(draw, elapsed)` is the inverse of the distribution function, so one draw always means one time; `share` is the
distribution function itself. Only `ramp` looks at `elapsed`, the time since the profile was put in place.
"""

import math
import stat
from bisect import bisect_right
from collections.abc import Mapping, Sized
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from formats.durations import DAY, up_to

AnySized = TypeVar("AnySized", bound=Sized)

LONGEST = DAY
"""Seconds; whatever is drawn, nothing takes longer."""

_NORMAL = NormalDist()
_Z99 = _NORMAL.inv_cdf(0.99)
_BELOW_ONE = 1 - 2.0**-53
_ABOVE_ZERO = 2.0**-60
_HALVINGS = 60
_LARGEST_CSV = 4_000_000


def _two_or_more(items: AnySized) -> AnySized:
    if len(items) < 2:  # noqa: PLR2004 - as the name says
        raise ValueError("should have two or more of them")
    return items


_span = up_to(LONGEST)
Span = Annotated[float, BeforeValidator(_span)]
"""Seconds, written as a duration; a day at most."""
SomeSpan = Annotated[Span, Field(gt=0)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _Distribution(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def seconds(self, draw: float, elapsed: float = 0.0) -> float:
        """The time that belongs to `draw` from [0, 1)."""
        return min(self._quantile(draw, elapsed), LONGEST)

    def share(self, seconds: float, elapsed: float = 0.0) -> float:
        """Which share of all times is `seconds` or less."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.seconds(min(middle, _BELOW_ONE), elapsed) <= seconds else (low, middle)
        return round(high, 15)

    def _quantile(self, draw: float, elapsed: float) -> float:
        raise NotImplementedError


class Fixed(_Distribution):
    """Always the same."""

    distribution: Literal["fixed"] = "fixed"
    delay: Span

    def _quantile(self, _draw: float, _elapsed: float) -> float:
        return self.delay


class Uniform(_Distribution):
    """Anything between two times."""

    distribution: Literal["uniform"] = "uniform"
    low: Annotated[Span, Field(alias="from")]
    high: Annotated[Span, Field(alias="to")]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.low >= self.high:
            raise ValueError("should have from below to")
        return self

    def _quantile(self, draw: float, _elapsed: float) -> float:
        return self.low + (self.high - self.low) * draw


class Normal(_Distribution):
    """The bell curve, without the part below 0."""

    distribution: Literal["normal"] = "normal"
    mean: Span
    sd: SomeSpan

    @cached_property
    def _below_zero(self) -> float:
        return _NORMAL.cdf(-self.mean / self.sd)

    def _quantile(self, draw: float, _elapsed: float) -> float:
        p = self._below_zero + (1 - self._below_zero) * draw
        return max(0.0, self.mean + self.sd * _NORMAL.inv_cdf(min(max(p, _ABOVE_ZERO), _BELOW_ONE)))


class Lognormal(_Distribution):
    """Most of it short, with a long tail: by its median and 99th percentile, or by mu and sigma of ln(seconds)."""

    distribution: Literal["lognormal"] = "lognormal"
    p50: SomeSpan | None = None
    p99: SomeSpan | None = None
    mu: Annotated[_Number, Field(ge=-30, le=12)] | None = None
    sigma: Annotated[_Number, Field(gt=0, le=10)] | None = None

    @model_validator(mode="after")
    def _one_pair(self) -> Self:
        pairs = ((self.p50, self.p99), (self.mu, self.sigma))
        if sorted(sum(value is not None for value in pair) for pair in pairs) != [0, 2]:
            raise ValueError("should have p50 and p99, or mu and sigma, and nothing of the other pair")
        if self.p50 is not None and self.p99 is not None and self.p50 >= self.p99:
            raise ValueError("should have p50 below p99")
        return self

    @cached_property
    def _of_the_logarithm(self) -> NormalDist:
        if self.p50 is not None and self.p99 is not None:
            return NormalDist(math.log(self.p50), math.log(self.p99 / self.p50) / _Z99)
        return NormalDist(self.mu or 0.0, self.sigma or 1.0)

    def _quantile(self, draw: float, _elapsed: float) -> float:
        return math.exp(self._of_the_logarithm.inv_cdf(max(draw, _ABOVE_ZERO)))


class Exponential(_Distribution):
    """Times between events that know nothing of one another."""

    distribution: Literal["exponential"] = "exponential"
    mean: SomeSpan

    def _quantile(self, draw: float, _elapsed: float) -> float:
        return -self.mean * math.log1p(-draw)


class Pareto(_Distribution):
    """A tail heavier than any other, from `min` up to `cap`; the smaller alpha, the heavier."""

    distribution: Literal["pareto"] = "pareto"
    least: Annotated[SomeSpan, Field(alias="min")]
    alpha: Annotated[_Number, Field(gt=0, le=100)]
    cap: SomeSpan

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.least >= self.cap:
            raise ValueError("should have min below cap")
        return self

    @cached_property
    def _below_cap(self) -> float:
        return -math.expm1(self.alpha * math.log(self.least / self.cap))

    def _quantile(self, draw: float, _elapsed: float) -> float:
        return min(self.cap, self.least * math.exp(-math.log1p(-draw * self._below_cap) / self.alpha))


class Empirical(_Distribution):
    """As it was measured: percentiles, straight lines between them; or a CSV file with one time a line.

    A CSV file is looked for beside the profile. Its lines are durations, or a percentile and a duration; a first line
    that holds no number is a heading.
    """

    distribution: Literal["empirical"] = "empirical"
    percentiles: (
        Annotated[
            dict[Annotated[float, Field(ge=0, le=100)], Span], Field(max_length=1_000), AfterValidator(_two_or_more)
        ]
        | None
    ) = None
    csv: tuple[tuple[float, float], ...] | None = None

    @field_validator("csv", mode="before")
    @classmethod
    def _read(cls, value: object, info: ValidationInfo) -> tuple[tuple[float, float], ...]:
        folder = (info.context or {}).get("folder", Path())
        if not isinstance(value, str) or not value:
            raise ValueError("should be the path of a file")
        if folder is None:
            raise ValueError("can only be read by a profile in a file; send percentiles")
        return _read_csv(Path(folder) / value)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.percentiles is None) == (self.csv is None):
            raise ValueError("should have either percentiles or csv")
        times = [time for _, time in self._points]
        if any(low > high for low, high in pairwise(times)):
            raise ValueError("should have percentiles whose times do not fall")
        return self

    @cached_property
    def _points(self) -> tuple[tuple[float, float], ...]:
        if self.csv is not None:
            return self.csv
        return tuple(sorted((percentile / 100, time) for percentile, time in (self.percentiles or {}).items()))

    def _quantile(self, draw: float, _elapsed: float) -> float:
        points = self._points
        after = bisect_right(points, draw, key=lambda point: point[0])
        if after in (0, len(points)):
            return points[max(0, after - 1)][1]
        (low, from_time), (high, to_time) = points[after - 1], points[after]
        return from_time + (to_time - from_time) * (draw - low) / (high - low)


def _read_csv(path: Path) -> tuple[tuple[float, float], ...]:
    """Points (share, seconds) in rising order; nothing of what the file holds is repeated in a complaint."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST_CSV:
            raise ValueError(f"should be a file of at most {_LARGEST_CSV:,} bytes")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"cannot be read: {reason}") from error
    rows = [
        (number, [cell.strip() for cell in line.split(",")]) for number, line in enumerate(lines, 1) if line.strip()
    ]
    if rows and not any(c.isdigit() for cell in rows[0][1] for c in cell):
        rows = rows[1:]
    columns = {len(cells) for _, cells in rows}
    if columns not in ({1}, {2}) or len(rows) < 2:  # noqa: PLR2004 - a line needs two points
        raise ValueError("should have two lines or more, each with a duration or each with a percentile and a duration")
    points = []
    for index, (number, cells) in enumerate(rows):
        try:
            share = float(cells[0]) / 100 if len(cells) > 1 else index / (len(rows) - 1)
            time = _span(cells[-1])
        except ValueError:
            share = time = math.nan
        if not 0 <= share <= 1 or math.isnan(time):
            raise ValueError(f"cannot be used: line {number} should be a duration, or a percentile and a duration")
        points.append((share, time))
    if columns == {1}:
        times = sorted(time for _, time in points)
        return tuple((index / (len(times) - 1), time) for index, time in enumerate(times))
    if len({share for share, _ in points}) < len(points):
        raise ValueError("should have each percentile once")
    return tuple(sorted(points))


class Ramp(_Distribution):
    """A straight line over time, and its end from then on."""

    distribution: Literal["ramp"] = "ramp"
    start: Annotated[Span, Field(alias="from")]
    end: Annotated[Span, Field(alias="to")]
    over: SomeSpan

    def _quantile(self, _draw: float, elapsed: float) -> float:
        return self.start + (self.end - self.start) * min(max(elapsed / self.over, 0.0), 1.0)


class Part(BaseModel):
    """One of a mixture's distributions, with how often it is the one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: Annotated[_Number, Field(gt=0, le=1_000_000)]
    of: "Distribution"


class Mixture(_Distribution):
    """Now this, now that."""

    distribution: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[Part, ...], Field(max_length=100), AfterValidator(_two_or_more)]

    @cached_property
    def _ends(self) -> tuple[float, ...]:
        total = sum(part.weight for part in self.parts)
        return tuple(end / total for end in accumulate(part.weight for part in self.parts))

    def share(self, seconds: float, elapsed: float = 0.0) -> float:
        """Which share of all times is `seconds` or less."""
        total = sum(part.weight for part in self.parts)
        return sum(part.weight / total * part.of.share(seconds, elapsed) for part in self.parts)

    def _quantile(self, draw: float, elapsed: float) -> float:
        index = min(bisect_right(self._ends, draw), len(self.parts) - 1)
        start = self._ends[index - 1] if index else 0.0
        within = (draw - start) / (self._ends[index] - start)  # what is left of the draw decides inside the part
        return self.parts[index].of.seconds(min(max(within, 0.0), _BELOW_ONE), elapsed)


_KINDS: Mapping[str, type[_Distribution]] = {
    "fixed": Fixed,
    "uniform": Uniform,
    "normal": Normal,
    "lognormal": Lognormal,
    "exponential": Exponential,
    "pareto": Pareto,
    "mixture": Mixture,
    "empirical": Empirical,
    "ramp": Ramp,
}
DISTRIBUTIONS = tuple(_KINDS)
"""Every name of a distribution."""


def _named(value: Any) -> Any:
    """A duration alone is short for always that; a name that is none is refused in one sentence."""
    if isinstance(value, _Distribution):
        return value
    if not isinstance(value, Mapping):
        return {"distribution": "fixed", "delay": value}
    if "distribution" not in value:
        raise ValueError(f"should have a distribution, one of {', '.join(_KINDS)}")
    name = value["distribution"]
    if not isinstance(name, str) or name not in _KINDS:
        *others, last = map(repr, _KINDS)
        expected = {"expected": f"{', '.join(others)} or {last}"}
        unknown = InitErrorDetails(type="literal_error", loc=("distribution",), input=name, ctx=expected)
        raise ValidationError.from_exception_data("Distribution", [unknown])
    return value


Distribution = Annotated[
    Annotated[
        Fixed | Uniform | Normal | Lognormal | Exponential | Pareto | Mixture | Empirical | Ramp,
        Field(discriminator="distribution"),
    ],
    BeforeValidator(_named),
]
"""A field that takes any distribution: a mapping with its name under `distribution`, or a duration alone."""

Part.model_rebuild()
Mixture.model_rebuild()


def depends_on_time(distribution: Distribution) -> bool:
    """Whether the same draw can mean different times at different moments."""
    if isinstance(distribution, Mixture):
        return any(depends_on_time(part.of) for part in distribution.parts)
    return isinstance(distribution, Ramp)
