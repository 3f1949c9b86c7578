"""A comparison's figures and verdicts in words, for the reports that people read."""

import math
from collections.abc import Iterable, Iterator

from ..catalogue import CHECKS, HTTP_REQ_DURATION, HTTP_REQ_FAILED, HTTP_REQS, SESSION_CREATION, TOOL_CALL
from ..comparison.compare import Comparison
from ..comparison.estimate import Estimate, Interval
from ..comparison.limit import Verdict
from ..comparison.rows import Row

NO_DATA = "no data"
_KEY = {metric.name for metric in (HTTP_REQS, HTTP_REQ_DURATION, HTTP_REQ_FAILED, CHECKS, SESSION_CREATION, TOOL_CALL)}
_LEAST = 1e-3
_PREFIXES = ((1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"), (0.0, 1.0, ""))
"""From which size on, by how much, and how it is called: 1,234 needs no letter."""
_ONE_EACH = "one run each: no interval, the difference itself was judged"
SHARE = "share of all, in %"
UNIT_NAMES = {"ms": "ms", "/s": "per second", "": SHARE}


def key_rows(comparison: Comparison) -> tuple[Row, ...]:
    """What most people look at first: rate, failures, response times, those of each tool, and whatever has a limit."""
    limited = {verdict.limit.metric for verdict in comparison.verdicts}
    return tuple(row for row in comparison.rows if row.metric in _KEY | limited or row.metric.startswith("operation_"))


def with_data(rows: Iterable[Row]) -> Iterator[Row]:
    """Without the rows that neither side knows anything of."""
    return (row for row in rows if row.baseline is not None or row.current is not None)


def scaled(row: Row, value: float) -> float:
    """As people read it: shares in per cent."""
    return value if row.unit else 100 * value


def number(value: float, digits: int = 4, *, sign: bool = False) -> str:
    """At most eight characters; with `sign`, three digits are wide enough."""
    mark = "+" if sign and value else ""
    size = abs(float(f"{value:.{digits - 1}e}"))  # so that what rounds up to 10 is as long as 10
    if not size:
        return "0"
    if size < _LEAST:
        return f"{value:{mark}.1e}"
    by, letter = next((by, letter) for least, by, letter in _PREFIXES if size >= least)
    decimals = min(3, max(0, digits - 1 - math.floor(math.log10(size / by))))
    return f"{value / by:{mark},.{decimals}f}{letter}"


def signed(value: float) -> str:
    """A difference, with its sign."""
    return number(value, 3, sign=True)


def between(interval: Interval) -> str:
    """An interval of differences."""
    return f"[{signed(interval.low)}, {signed(interval.high)}]"


def row_values(row: Row) -> tuple[str, str, str, str, str, str]:
    """Baseline, current, difference, half of its interval, per cent, and the interval of that, as far as known."""
    baseline, current = (NO_DATA if side is None else number(scaled(row, side)) for side in (row.baseline, row.current))
    found = row.estimate
    if found is None:
        return baseline, current, "", "", "", ""
    interval = found.interval
    half = None if interval is None else (interval.high - interval.low) / 2
    return (
        baseline,
        current,
        signed(scaled(row, found.difference)),
        "" if half is None else f"± {number(scaled(row, half), 3)}",
        "n/a" if found.percent is None else f"{signed(found.percent)} %",
        _quotient(found),
    )


def _quotient(found: Estimate) -> str:
    if found.interval is None:
        return ""
    if found.percent is None:
        return "n/a"
    return "unbounded" if found.percent_interval is None else between(found.percent_interval)


def verdict_reason(verdict: Verdict) -> str:
    """What was judged, and how."""
    row = verdict.row
    if row is None or row.estimate is None:
        return _what_is_missing(row)
    found = row.estimate
    if verdict.limit.unit == "%" and found.percent is not None:
        point, unit, interval = found.percent, " %", _quotient(found)
    else:  # of a baseline of 0, which has no per cent, what there is
        point, unit = scaled(row, found.difference), {"ms": " ms", "/s": "/s", "": " pp"}[row.unit]
        of = found.interval
        interval = "" if of is None else between(Interval(scaled(row, of.low), scaled(row, of.high)))
    shown = " ".join(part for part in (f"{_apart(point, verdict.limit.amount)}{unit}", interval) if part)
    return f"{shown}: {_how(verdict)}"


def _how(verdict: Verdict) -> str:
    if verdict.status == "generator limited":
        return "the generator was the limit, so this is not the server's alone"
    if not verdict.by_interval:
        return _ONE_EACH
    if verdict.status == "fail":
        return "the whole interval is beyond the limit"
    if verdict.beyond:
        return "beyond the limit, but the interval is not, so it may be chance: make more runs"
    return "not beyond the limit"


def _what_is_missing(row: Row | None) -> str:
    if row is None or (row.baseline is None and row.current is None):
        return "no data on either side, or not in every run"
    return f"no data on the {'baseline' if row.baseline is None else 'current'} side, or not in every run"


def _apart(point: float, limit: float) -> str:
    """A difference is not shown as its limit unless it is the same."""
    short = signed(point)
    if math.isclose(point, limit, rel_tol=1e-2) and not math.isclose(point, limit, rel_tol=1e-9):
        return f"{point:+.6g}"
    return short


def missing(comparison: Comparison) -> list[str]:
    """The metrics that one side lacks, a sentence for each side."""
    sentences = []
    for side in ("baseline", "current"):
        names: dict[str, list[str]] = {}
        for row in comparison.rows:
            if row.one_sided and getattr(row, side) is None:
                names.setdefault(row.metric, []).append(row.aggregation)
        if names:
            which = ", ".join(f"{metric} ({', '.join(parts)})" for metric, parts in names.items())
            sentences.append(f"No data on the {side} side, or not in every run of it: {which}.")
    return sentences


def conclusion(comparison: Comparison) -> str:
    """The last line."""
    count = len(comparison.verdicts)
    if not count:
        return "No limit was given (--fail-on): nothing was judged"
    broken = sum(verdict.status != "pass" for verdict in comparison.verdicts)
    limits = "limit" if count == 1 else "limits"
    if broken:
        return f"FAIL: {broken} of {count} {limits} not kept"
    return f"PASS: {count} of {count} {limits} kept"
