"""Criteria on metrics in k6's grammar: read, judged against a run's readings, and told to people."""

import math
import operator as of
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from difflib import get_close_matches
from typing import Literal, Protocol, cast

from .catalogue import (
    CATALOGUE,
    DROPPED_ITERATIONS,
    HTTP_REQ_DURATION,
    HTTP_REQ_FAILED,
    HTTP_REQS,
    ITERATION_DURATION,
    ITERATIONS,
    TOOL_CALL,
    Metric,
    Unit,
    find_metric,
    operation_metric,
)

Tags = tuple[tuple[str, str], ...]
"""Keys with values, in the order of the keys."""
Operator = Literal["<", "<=", ">", ">=", "==", "!=", "===", "!=="]
Status = Literal["pass", "fail", "no data", "generator limited"]

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": of.lt, "<=": of.le, ">": of.gt, ">=": of.ge, "==": of.eq, "===": of.eq, "!=": of.ne, "!==": of.ne
}  # fmt: skip
_IN_WORDS = {"ms": " in milliseconds", "/s": " per second", "B": " in bytes", "B/s": " in bytes per second", "": ""}
_MEANT = {
    "=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "mean": "avg", "average": "avg", "median": "med"
}  # fmt: skip
"""What people write for a word that is spelled otherwise."""
WINDOWED = {
    metric.name
    for metric in (
        DROPPED_ITERATIONS, HTTP_REQS, HTTP_REQ_DURATION, HTTP_REQ_FAILED, ITERATIONS, ITERATION_DURATION, TOOL_CALL
    )
}  # fmt: skip
"""The names of the metrics that are known of the last seconds."""
LONGEST_WINDOW = 60.0
"""Seconds; what came before is not kept in full."""
_HUNDRED = 100
_LONGEST = 60
_EXACT = Context(prec=2000)  # holds every float, the smallest and the largest

# What is read. Spaces may stand between any two words.
#
#   metric     ::= name [ "{" tag { "," tag } "}" ]
#   tag        ::= key ":" value
#   value      ::= any text without , { } that begins with no quote | '"' text '"' | "'" text "'"
#   expression ::= aggregation operator limit
#   aggregation::= "avg" | "min" | "med" | "max" | "p" "(" number ")" | "count" | "rate" | "value"
#   operator   ::= "<" | "<=" | ">" | ">=" | "==" | "!=" | "===" | "!=="
#   limit      ::= number, finite and without a unit
#   number     ::= [ "+" | "-" ] digits [ "." digits ] [ "e" [ "+" | "-" ] digits ]
_NAME = re.compile(r"[^\s{}]+")
_KEY = re.compile(r"[^\s{}:,\"']+")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_PLAIN = re.compile(r"[^,{}\"'\s][^,{}]*")
_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"[<>=!]+")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SPACES = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What values are summed up to; `percent` is the percentile's, None unless `name` is p."""

    name: Literal["avg", "min", "med", "max", "p", "count", "rate", "value"]
    percent: float | None = None

    def __str__(self) -> str:
        return self.name if self.percent is None else f"p({_number(self.percent)})"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One criterion; its `str` is the expression as written, spaces aside. `parse_threshold` makes valid ones.

    With `abort_on_fail` the run ends when it fails, `delay_abort_eval` seconds into the run at the earliest. `window`
    judges the last seconds only. A `stretch` goal is judged and shown, but never fails the gate.
    """

    metric: str
    tags: Tags
    aggregation: Aggregation
    operator: Operator
    limit: float
    abort_on_fail: bool = False
    delay_abort_eval: float = 0.0
    window: float | None = None
    stretch: bool = False

    def __str__(self) -> str:
        return f"{self.aggregation}{self.operator}{_number(self.limit)}"

    @property
    def metric_text(self) -> str:
        """The metric with its tags, as `parse_threshold` reads it."""
        tags = ",".join(f"{key}:{_tag_value(value)}" for key, value in self.tags)
        return f"{self.metric}{{{tags}}}" if tags else self.metric

    @property
    def unit(self) -> Unit:
        """The unit of the limit and of what is measured."""
        return _metric(self.metric).unit(self.aggregation.name)


class Readings(Protocol):
    """What a threshold is judged by: the whole run, or its last seconds for a threshold that has a window."""

    def read(self, metric: str, tags: Tags, aggregation: Aggregation) -> float | None:
        """The value in the metric's unit (rates from 0 to 1); None: no data, or too little for that aggregation."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a threshold; `measured` is None without data."""

    threshold: Threshold
    measured: float | None
    status: Status


def parse_threshold(
    metric_text: str,
    expression: str,
    *,
    abort_on_fail: bool = False,
    delay_abort_eval: float = 0.0,
    window: float | None = None,
    stretch: bool = False,
) -> Threshold:
    """The criterion that `expression`, such as `p(95)<100`, sets for a metric, such as `http_req_duration{tool:add}`.

    Raises:
        ValueError: with one sentence; it names the nearest valid name where there is one.
    """
    metric, tags = _read_metric(_Scanner(metric_text))
    aggregation, sign, limit = _read_expression(_Scanner(expression), metric)
    if not math.isfinite(delay_abort_eval) or delay_abort_eval < 0:
        raise ValueError("delay_abort_eval should be zero or more seconds")
    if window is not None and not 0 < window <= LONGEST_WINDOW:
        raise ValueError(f"window should be more than zero seconds, and {LONGEST_WINDOW:g} at most")
    if window is not None and (metric.name not in WINDOWED or any(key != "scenario" for key, _ in tags)):
        raise ValueError(
            f"a window is for {', '.join(sorted(WINDOWED))}, of the run or of a scenario: the others are not kept by "
            "the second"
        )
    if stretch and abort_on_fail:
        raise ValueError(
            "a stretch goal never fails the run, so it cannot abort it: leave abort_on_fail or stretch out"
        )
    return Threshold(
        metric.name,
        tags,
        aggregation,
        sign,
        limit,
        abort_on_fail=abort_on_fail,
        delay_abort_eval=delay_abort_eval,
        window=window,
        stretch=stretch,
    )


def judge(threshold: Threshold, readings: Readings, *, generator_limited: bool) -> Verdict:
    """The verdict on `threshold`. Where the generator was the limit, latencies and arrival rates are not the server's.

    Such a criterion is then neither met nor missed; all others stand.
    """
    measured = readings.read(threshold.metric, threshold.tags, threshold.aggregation)
    if measured is None or not math.isfinite(measured):
        return Verdict(threshold, None, "no data")
    if generator_limited and _depends_on_the_generator(threshold):
        return Verdict(threshold, measured, "generator limited")
    holds = _HOLDS[threshold.operator](measured, threshold.limit)
    return Verdict(threshold, measured, "pass" if holds else "fail")


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether the gate is passed: every criterion that is no stretch goal was met.

    True without any verdict: a plan that has no criteria must say so in its report, for nothing was proved.
    """
    return all(verdict.status == "pass" or verdict.threshold.stretch for verdict in verdicts)


def should_abort(threshold: Threshold, verdict: Verdict, seconds_into_run: float) -> bool:
    """Whether the run should end now. Only a criterion that was missed ends it, not one that could not be judged."""
    return (
        threshold.abort_on_fail
        and not threshold.stretch
        and verdict.status == "fail"
        and seconds_into_run >= threshold.delay_abort_eval
    )


def is_worse(verdict: Verdict, other: Verdict) -> bool:
    """Whether `verdict` is farther on the wrong side than `other` on the same criterion; both have data."""
    if verdict.status != other.status:
        return verdict.status == "fail"
    return _excess(verdict) > _excess(other)


def _excess(verdict: Verdict) -> float:
    """How far the value is beyond the limit, in the direction in which it should not be."""
    beyond = (verdict.measured or 0.0) - verdict.threshold.limit
    match verdict.threshold.operator:
        case "<" | "<=":
            return beyond
        case ">" | ">=":
            return -beyond
        case _:  # all that are missed by != are at its limit
            return abs(beyond) if verdict.status == "fail" else -abs(beyond)


def describe(verdict: Verdict) -> str:
    """The line for people; it has as many digits as it takes for the value not to contradict the verdict.

    `✗ http_req_duration: p(95)=125ms (limit < 100ms)`; rates of true values are in per cent.
    """
    threshold, metric = verdict.threshold, _metric(verdict.threshold.metric)
    share, unit = metric.kind == "rate", "%" if metric.kind == "rate" else threshold.unit
    limit = _exact(threshold.limit, share)
    mark = "✓" if verdict.status == "pass" else "✗"
    value = " no data"
    if verdict.measured is not None:
        value = f"={_plain(_rounded(_exact(verdict.measured, share), limit, share))}{unit}"
    goal = "stretch goal" if threshold.stretch else "limit"
    window = f", any {_plain(_exact(threshold.window))}s" if threshold.window is not None else ""
    reason = ": the generator was the limit" if verdict.status == "generator limited" else ""
    return (
        f"{mark} {threshold.metric_text}: {threshold.aggregation}{value}"
        f" ({goal} {threshold.operator} {_plain(limit)}{unit}{window}){reason}"
    )


class _Scanner:
    """Takes one word after the other from a text."""

    __slots__ = ("_at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0

    def take(self, word: re.Pattern[str]) -> str:
        """The next word if it looks like that, else nothing."""
        self._skip()
        match = word.match(self.text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def accept(self, sign: str) -> bool:
        """Whether the next character is `sign`, which is taken then."""
        self._skip()
        found = self.text.startswith(sign, self._at)
        self._at += len(sign) if found else 0
        return found

    @property
    def rest(self) -> str:
        """What was not taken."""
        return self.text[self._at :].strip()

    def _skip(self) -> None:
        match = _SPACES.match(self.text, self._at)
        self._at = match.end() if match else self._at


def _read_metric(scanner: _Scanner) -> tuple[Metric, Tags]:
    name = scanner.take(_NAME)
    if not name:
        raise ValueError(f"{_shown(scanner.text)} names no metric, such as {HTTP_REQ_DURATION.name}")
    metric = _metric(name)
    if not scanner.rest:
        return metric, ()
    tags: dict[str, str] = {}
    if not scanner.accept("{"):
        raise ValueError(
            f"{_shown(scanner.text)} should be a metric, or a metric with tags as in {metric.name}{{tag:value}}"
        )
    while True:
        key, value = _read_tag(scanner, metric)
        if key in tags:
            raise ValueError(f"{_shown(scanner.text)} has the tag {key} twice")
        tags[key] = value
        if scanner.accept("}") and not scanner.rest:
            return metric, tuple(sorted(tags.items()))
        if not scanner.accept(","):
            raise ValueError(
                f"{_shown(scanner.text)} should end with its tags in braces, as in {metric.name}{{tag:value}}"
            )


def _read_tag(scanner: _Scanner, metric: Metric) -> tuple[str, str]:
    key = scanner.take(_KEY)
    if key not in metric.tags:
        near = _nearest(key, metric.tags)
        what = f"{_shown(key)} is" if key else f"{_shown(scanner.text)} names"
        raise ValueError(f"{what} no tag of {metric.name}{near}; its tags are {', '.join(metric.tags)}")
    colon = scanner.accept(":")
    quoted = scanner.take(_QUOTED)
    value = quoted[1:-1] if quoted else scanner.take(_PLAIN).strip()
    if not colon or not value or not value.isprintable():
        raise ValueError(f"the tag {key} in {_shown(scanner.text)} should have a value, as in {key}:value")
    if key == "expected_response" and value not in ("true", "false"):
        near = _nearest(value, ("true", "false"))
        raise ValueError(f"the tag expected_response is true or false, not {_shown(value)}{near}")
    return key, value


def _read_expression(scanner: _Scanner, metric: Metric) -> tuple[Aggregation, Operator, float]:
    aggregation = _read_aggregation(scanner, metric)
    sign = scanner.take(_SIGNS)
    if sign not in _HOLDS:
        what = f"{sign} is no operator{_nearest(sign, tuple(_HOLDS))}" if sign else "the operator is missing"
        raise ValueError(f"in {_shown(scanner.text)} {what}; the operators are {' '.join(_HOLDS)}")
    number = scanner.take(_NUMBER)
    limit = float(number) if number else math.nan
    if not math.isfinite(limit):
        raise ValueError(f"in {_shown(scanner.text)} the limit after {sign} should be a finite number")
    if scanner.rest:
        raise ValueError(_about_the_rest(scanner, metric, f"{aggregation}{sign}", limit))
    if metric.kind == "rate" and not 0 <= limit <= 1:
        raise ValueError(f"{metric.name} goes from 0 to 1 (95 % is 0.95), so it has no limit of {_number(limit)}")
    return aggregation, cast("Operator", sign), limit


def _read_aggregation(scanner: _Scanner, metric: Metric) -> Aggregation:
    word = scanner.take(_WORD)
    if word == "p" and metric.kind == "trend":
        percent = scanner.take(_NUMBER) if scanner.accept("(") else ""
        if not percent or not scanner.accept(")"):
            raise ValueError(f"in {_shown(scanner.text)} the percentile should stand in parentheses, as in p(95)")
        if not 0 <= float(percent) <= _HUNDRED:
            raise ValueError(f"a percentile goes from 0 to 100, which p({_number(float(percent))}) does not")
        return Aggregation("p", float(percent))
    if word not in metric.aggregations:
        digits = word[1:]
        percentile = word.startswith("p") and digits.isascii() and digits.isdigit() and metric.kind == "trend"
        near = f" (did you mean p({digits})?)" if percentile else _nearest(word, metric.aggregations)
        what = f"{_shown(word)} is no aggregation of" if word else f"{_shown(scanner.text)} names no aggregation of"
        raise ValueError(f"{what} {metric.name}{near}; a {metric.kind} has {', '.join(metric.aggregations)}")
    return Aggregation(cast('Literal["avg", "min", "med", "max", "count", "rate", "value"]', word))


def _about_the_rest(scanner: _Scanner, metric: Metric, start: str, limit: float) -> str:
    """Why nothing may follow the limit, most often a unit."""
    unit: str = metric.unit(start.rstrip("<>=!"))
    in_words = " from 0 to 1" if metric.kind == "rate" else _IN_WORDS[unit]
    factors = {unit: Decimal(1), **({"s": Decimal(1000)} if unit == "ms" else {})}
    if metric.kind == "rate":
        factors["%"] = Decimal("0.01")
    factor = factors.get(scanner.rest)
    near = f" (did you mean {start}{_plain(_EXACT.multiply(_exact(limit), factor))}?)" if factor else ""
    return f"{_shown(scanner.rest)} should not follow the limit of {metric.name}, a plain number{in_words}{near}"


def _metric(name: str) -> Metric:
    metric = find_metric(name)
    if metric is not None and name.isprintable():
        return metric
    clean = "".join(c for c in name if c.isprintable())[:_LONGEST]
    if clean.startswith("operation"):
        near = operation_metric(clean.removeprefix("operation").removesuffix("_ms").strip("_") or "<tool>").name
    else:
        near = get_close_matches(clean, [known.name for known in CATALOGUE], 1, 0.0)[0]
    raise ValueError(f"{_shown(name)} is not a metric (did you mean {near}?)")


def _depends_on_the_generator(threshold: Threshold) -> bool:
    if _metric(threshold.metric).kind == "trend":
        return threshold.aggregation.name != "count"
    arrivals = threshold.metric in (HTTP_REQS.name, ITERATIONS.name) and threshold.aggregation.name == "rate"
    return arrivals or threshold.metric == DROPPED_ITERATIONS.name


def _nearest(word: str, known: Sequence[str]) -> str:
    meant = _MEANT.get(word)
    near = [meant] if meant in known else get_close_matches(word[:_LONGEST], known, 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _shown(text: str) -> str:
    """What a person wrote, in quotes, short and on one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * _LONGEST]).split())
    return f'"{line}"' if len(line) <= _LONGEST else f'"{line[: _LONGEST - 1]}…"'


def _tag_value(value: str) -> str:
    if _PLAIN.fullmatch(value) and value == value.strip():
        return value
    return f"'{value}'" if '"' in value else f'"{value}"'


def _number(value: float) -> str:
    """The shortest spelling that is read as the same number."""
    return repr(float(value)).removesuffix(".0")


def _exact(value: float, share: bool = False) -> Decimal:
    """The decimal that people would write for it; of a share, in per cent."""
    return Decimal(repr(float(value))).scaleb(2 if share else 0)


def _rounded(measured: Decimal, limit: Decimal, share: bool) -> Decimal:
    """`measured` in few digits, yet on the same side of the limit, and 0 or 100 % only if it is just that."""
    landmarks = [limit, Decimal(0), *([Decimal(_HUNDRED)] if share else [])]
    sides = [measured.compare(landmark) for landmark in landmarks]
    places = max(2 if share else 1, 2 - measured.adjusted())  # three digits or more
    while True:  # ends when all digits of `measured` are there
        shown = measured.quantize(Decimal(1).scaleb(-places), context=_EXACT)
        if [shown.compare(landmark) for landmark in landmarks] == sides:
            return shown
        places += 1


def _plain(value: Decimal) -> str:
    """Without an exponent and without zeros at the end."""
    return format(value.normalize(_EXACT), "f") if value else "0"
