"""Prometheus' text formats, several times faster than the client library writes them: a loop waits while that is done.

Of what the library knows it has as much as this project exports: counters, gauges, histograms and info, without
time stamps and exemplars, with names that both formats take as they are. A test holds it against the library.
"""

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

END = "# EOF\n"
"""The last line of a page of OpenMetrics."""

_TO_ESCAPE = re.compile(r'[\\\n"]')
_ESCAPES = {"\\": r"\\", "\n": r"\n", '"': r"\""}
_OF_TEXT = {"counter": ("_total", "counter"), "info": ("_info", "gauge")}
"""What the older format adds to the names of families, and calls them; OpenMetrics adds it to their samples alone."""
_PAGES_REMEMBERED = 4
_LINES = 1_500

Labels = tuple[tuple[str, str], ...]


class Sample(Protocol):
    """One line."""

    @property
    def name(self) -> str:
        """With the suffix of its kind."""
        ...

    @property
    def labels(self) -> dict[str, str]:
        """By name."""
        ...

    @property
    def value(self) -> float:
        """Any number."""
        ...


class Family(Protocol):
    """A metric of the client library."""

    name: str
    """Without a suffix."""
    type: str
    """Its kind, as OpenMetrics calls it."""
    documentation: str

    @property
    def samples(self) -> Sequence[Sample]:
        """Its lines."""
        ...


def is_openmetrics(content_type: str) -> bool:
    """Whether a page of that type is OpenMetrics, rather than the older text format."""
    return content_type.startswith("application/openmetrics-text")


def page_of(families: Iterable[Family], *, openmetrics: bool) -> str:
    """A whole page."""
    parts = [part for family in families for part in (head_of(family, openmetrics=openmetrics), lines_of(family))]
    return "".join([*parts, END] if openmetrics else parts)


def head_of(family: Family, *, openmetrics: bool) -> str:
    """The comments before the lines of a family."""
    suffix, kind = ("", family.type) if openmetrics else _OF_TEXT.get(family.type, ("", family.type))
    name, told = family.name + suffix, family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {told}\n# TYPE {name} {kind}\n"


def lines_of(family: Family) -> str:
    """The lines of a family, which are the same in both formats."""
    return "".join(
        [f"{each.name}{_braced(tuple(each.labels.items()))} {_number(each.value)}\n" for each in family.samples]
    )


@lru_cache(_PAGES_REMEMBERED * _LINES)
def _braced(labels: Labels) -> str:
    """The labels of a line, of which the next page has the same again."""
    written = ",".join([f'{key}="{_TO_ESCAPE.sub(_escape, value)}"' for key, value in sorted(labels)])
    return f"{{{written}}}" if written else ""


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES[found[0]]


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
