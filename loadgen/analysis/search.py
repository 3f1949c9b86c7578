"""The breaking point search: up the planned levels until one breaks, then bisection between good and broken.

Nothing is remembered between steps: `next_step` reads everything from the levels measured so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

TOLERANCE = 0.10
_LEAST_SHARE = 0.01
"""Of the lowest planned level: where bisection towards 0 gives up when loads are no whole numbers."""


class Criterion(StrEnum):
    """What breaks a level. When several do at once, the one that stands first here is named."""

    NO_CALLS = "no calls"
    ERRORS = "errors"
    P95 = "p95"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class LoadKind:
    """What a level's `load` counts, and whether only whole numbers of it exist."""

    unit: str
    whole: bool


VIRTUAL_USERS = LoadKind("VUs", whole=True)
ARRIVALS = LoadKind("iterations/s", whole=False)


@dataclass(frozen=True, slots=True)
class Level:
    """One measured hold: `calls` that ended in it, `failed` ones among them, `rate` of them per second.

    In an open model, iterations dropped for want of a free user are calls that failed: the server kept the users busy.
    """

    load: float
    calls: int
    failed: int
    seconds: float
    p95_ms: float | None
    rate: float

    @property
    def error_rate(self) -> float:
        """Failed calls of all calls."""
        return self.failed / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Criteria:
    """When a level counts as broken: beyond any of these."""

    max_error_rate: float = 0.01
    max_p95_factor: float = 5.0
    """Times the p95 of the first level."""
    max_rate_drop: float = 0.2
    """Of the best rate at a lower load."""


DEFAULTS = Criteria()


@dataclass(frozen=True, slots=True)
class Probe:
    """Measure this load next."""

    load: float
    is_bisection: bool


@dataclass(frozen=True, slots=True)
class BreakingPoint:
    """Where the server breaks: good at `last_good` (None: at no load), broken at `first_broken` (None: nowhere)."""

    last_good: float | None
    first_broken: float | None
    criterion: Criterion | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Done:
    """The search is over."""

    point: BreakingPoint


def broken_by(level: Level, earlier_levels: Sequence[Level], criteria: Criteria = DEFAULTS) -> Criterion | None:
    """The criterion that breaks `level`, measured after `earlier_levels`; None: it is good.

    Latency is compared with the first level that was measured, throughput with the best of any lower load. Levels with
    too many errors are compared with nothing: to refuse quickly is neither a short response time nor a high rate.
    """
    if not level.calls:
        return Criterion.NO_CALLS
    if level.error_rate > criteria.max_error_rate:
        return Criterion.ERRORS
    first_p95 = _first_p95_ms(earlier_levels, criteria)
    if first_p95 is not None and level.p95_ms is not None and level.p95_ms > criteria.max_p95_factor * first_p95:
        return Criterion.P95
    if level.rate < (1 - criteria.max_rate_drop) * _best_rate_below(level.load, earlier_levels, criteria):
        return Criterion.RATE
    return None


def next_step(
    levels_plan: Sequence[float],
    history: Sequence[Level],
    criteria: Criteria = DEFAULTS,
    tolerance: float = TOLERANCE,
    kind: LoadKind = VIRTUAL_USERS,
) -> Probe | Done:
    """What to measure next, or what was found.

    The planned levels come first, upwards until one breaks. Then the middle between the lowest broken load and the
    highest good one below it (0 when there is none), until they are less than `tolerance` of the good one apart, or
    nothing lies between them. Each probe ends up as one end of that bracket, so the search ends whatever is measured;
    a good load above a broken one changes nothing but the sentence.

    Raises:
        ValueError: no planned level, or one that is not above 0.
    """
    if not levels_plan or min(levels_plan) <= 0:
        raise ValueError("a breaking point search needs levels, all of them above 0")
    breaks = [broken_by(level, history[:n], criteria) for n, level in enumerate(history)]
    broken = [n for n, criterion in enumerate(breaks) if criterion is not None]
    if not broken:
        return _climb(levels_plan, history, kind)
    first_broken = min(broken, key=lambda n: history[n].load)
    high = history[first_broken].load
    good = [level.load for level, criterion in zip(history, breaks, strict=True) if criterion is None]
    low = max((load for load in good if load < high), default=0.0)
    middle = float((low + high) // 2) if kind.whole else (low + high) / 2
    too_low = not low and not kind.whole and high <= _LEAST_SHARE * min(levels_plan)
    if high - low >= tolerance * low and low < middle < high and not too_low:
        return Probe(middle, is_bisection=True)
    reason = _explain(breaks[first_broken], history[first_broken], history[:first_broken], criteria)
    return Done(
        BreakingPoint(
            last_good=low or None,
            first_broken=high,
            criterion=breaks[first_broken],
            sentence=_sentence(low, history[first_broken], reason, max(good, default=0.0), kind),
        )
    )


def _climb(levels_plan: Sequence[float], history: Sequence[Level], kind: LoadKind) -> Probe | Done:
    highest = max((level.load for level in history), default=0.0)
    higher = [load for load in levels_plan if load > highest]
    if higher:
        return Probe(min(higher), is_bisection=False)
    return Done(BreakingPoint(highest, None, None, f"no breaking point up to {_show(highest, kind)}"))


def _first_p95_ms(levels: Sequence[Level], criteria: Criteria) -> float | None:
    """In the order of measuring; when the first one broke, the search goes down and the next one takes its place."""
    sound = (level.p95_ms for level in levels if level.error_rate <= criteria.max_error_rate)
    return next((p95_ms for p95_ms in sound if p95_ms is not None), None)


def _best_rate_below(load: float, levels: Sequence[Level], criteria: Criteria) -> float:
    sound = (level for level in levels if level.load < load and level.error_rate <= criteria.max_error_rate)
    return max((level.rate for level in sound), default=0.0)


def _sentence(low: float, broken: Level, reason: str, highest_good: float, kind: LoadKind) -> str:
    where = (
        f"the breaking point lies between {_number(low)} and {_show(broken.load, kind)}"
        if low
        else f"broken at {_show(broken.load, kind)} already, the lowest load measured"
    )
    doubt = (
        f"; yet {_show(highest_good, kind)} went well, so this server breaks at no fixed load"
        if highest_good > broken.load
        else ""
    )
    return f"{where}: {reason}{doubt}"


def _explain(criterion: Criterion | None, level: Level, earlier: Sequence[Level], criteria: Criteria) -> str:
    match criterion:
        case Criterion.ERRORS:
            return f"{level.error_rate:.2%} of the calls failed (limit {criteria.max_error_rate:.2%})"
        case Criterion.P95:
            first = _first_p95_ms(earlier, criteria)
            return f"p95 was {level.p95_ms:.1f} ms (limit {criteria.max_p95_factor:g} x the {first:.1f} ms at first)"
        case Criterion.RATE:
            best = _best_rate_below(level.load, earlier, criteria)
            return f"{level.rate:.1f} calls/s (limit {criteria.max_rate_drop:.0%} below the best, {best:.1f})"
        case _:
            return f"no call ended in {round(level.seconds, 2):g} s"


def _show(load: float, kind: LoadKind) -> str:
    unit = kind.unit.removesuffix("s") if load == 1 and kind.whole else kind.unit
    return f"{_number(load)} {unit}"


def _number(load: float) -> str:
    return f"{load:,.0f}" if load == round(load) else f"{load:,.4g}"
