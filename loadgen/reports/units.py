"""Numbers as reports for people show them: with their unit, and never rounded across a limit."""

import re
from collections.abc import Mapping
from typing import Any

_PREFIXES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_MOST_DECIMALS = 9
_WIDE = 1000


def decimal(value: float | None, decimals: int = 2) -> str:
    """A number for a column of numbers."""
    return "n/a" if value is None else f"{value:,.{decimals}f}"


def milliseconds(value: float | None) -> str:
    """A duration of a column: two decimals below a second, none above."""
    return decimal(value, 2 if value is None or value < _WIDE else 0)


def exact(value: float) -> str:
    """As somebody would write it: no zeros at the end."""
    text = f"{value:,.{_MOST_DECIMALS}f}"
    return text.rstrip("0").rstrip(".")


def percent(part: int, whole: int, decimals: int = 2) -> str:
    """Never rounded up: 99.999 % is not 100 %."""
    if not whole:
        return "n/a"
    ones = 10**decimals
    return f"{100 * ones * part // whole / ones:.{decimals}f} %"


def size(count: float) -> str:
    """Bytes in decimal units."""
    for one, name in _PREFIXES:
        if abs(count) >= one:
            return f"{count / one:,.1f} {name}"
    return f"{exact(count)} B"


def threshold_name(threshold: Mapping[str, Any]) -> str:
    """The metric with its tags, and the expression as it was written."""
    tags = ",".join(f"{name}:{value}" for name, value in threshold["tags"].items())
    window = threshold.get("window_seconds")
    last = f" (last {exact(window)} s)" if window else ""
    return f"{threshold['metric']}{'{' + tags + '}' if tags else ''}: {threshold['expression']}{last}"


def threshold_limit(threshold: Mapping[str, Any]) -> str:
    """The limit with its sign, as `< 100 ms` or `< 0.1 %`."""
    scaled, unit = _scaled(threshold["limit"], threshold)
    return f"{threshold['operator']} {exact(scaled)}{unit}"


def threshold_measured(threshold: Mapping[str, Any]) -> str:
    """The measured value, with as many decimals as it takes to tell it from the limit."""
    if threshold["measured"] is None:
        return "no data"
    value, unit = _scaled(threshold["measured"], threshold)
    limit, _ = _scaled(threshold["limit"], threshold)
    decimals = 0 if value == round(value) and unit.strip() not in {"ms", "%"} else 2 if value < _WIDE else 1
    if unit == " %":
        decimals = 3
    while value != limit and float(f"{value:.{decimals}f}") == float(f"{limit:.{decimals}f}"):
        decimals += 1
    return f"{value:,.{decimals}f}{unit}"


def _scaled(value: float, threshold: Mapping[str, Any]) -> tuple[float, str]:
    """Shares are shown in per cent, everything else as it is."""
    unit = threshold["unit"]
    if not unit and threshold["aggregation"] == "rate":
        return value * 100, " %"
    return value, f" {unit}" if unit else ""


def target(finding: Mapping[str, Any]) -> str:
    """The target of a finding that has one, as `< 10 s`."""
    return re.sub(r"^([<>]=?)\s*", r"\1 ", f"{finding['target']} {finding['unit']}").strip()


def clock(seconds: float) -> str:
    """A moment of a run, as 1:05 or 1:00:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
