"""Asks a real Prometheus everything that a dashboard asks, as Grafana does, and says what is wrong with the answers."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.prometheus import Prometheus

MOST_SERIES = 30
"""Of one query; more lines nobody can read."""
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_LABEL_VALUES = re.compile(r"label_values\((.*), (\w+)\)")
_SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|]")
_TOKEN = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class Window:
    """The time that a dashboard shows, in seconds."""

    start: float
    end: float
    scrape_interval: float = 1.0

    @property
    def builtins(self) -> dict[str, str]:
        """What Grafana puts in by itself."""
        return {
            "__rate_interval": f"{4 * self.scrape_interval:g}s",
            "__interval": f"{self.scrape_interval:g}s",
            "__range": f"{math.ceil(self.end - self.start)}s",
        }


def panels_of(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All panels but the rows."""
    yield from (panel for panel in dashboard["panels"] if panel["type"] != "row")


def problems(dashboard: Mapping[str, Any], prometheus: Prometheus, window: Window) -> list[str]:
    """What a user would miss on the dashboard, in sentences."""
    found: list[str] = []
    values = dict(window.builtins)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            chosen = _choices(variable["query"]["query"], values, prometheus, window)
            if not chosen:
                found.append(f"variable {variable['name']} has no values")
            every = variable["allValue"]
            values[variable["name"]] = (
                every or "(" + "|".join(_SPECIAL.sub(r"\\\\\g<0>", each) for each in chosen) + ")"
            )
    queries = [
        (f"annotation {each['name']}", each["target"]["expr"], each["titleFormat"])
        for each in dashboard["annotations"]["list"]
        if "builtIn" not in each
    ]
    queries += [
        (f"panel {panel['title']}, {target['refId']}", target["expr"], target["legendFormat"])
        for panel in panels_of(dashboard)
        for target in panel["targets"]
    ]
    for place, expr, legend in queries:
        found += [f"{place}: {problem}" for problem in _of_query(expr, legend, values, prometheus, window)]
    return found


def fill(expr: str, values: Mapping[str, str]) -> str:
    """The query as Grafana sends it.

    Raises:
        KeyError: it has a variable that there is not.
    """
    return _VARIABLE.sub(lambda found: values[found[1]], expr)


def _choices(query: str, values: Mapping[str, str], prometheus: Prometheus, window: Window) -> list[str]:
    found = _LABEL_VALUES.fullmatch(query)
    assert found is not None, query
    matching = {"match[]": fill(found[1], values), "start": window.start, "end": window.end}
    choices: list[str] = prometheus.get(f"label/{found[2]}/values", **matching)
    return choices


def _of_query(
    expr: str, legend: str, values: Mapping[str, str], prometheus: Prometheus, window: Window
) -> Iterator[str]:
    try:
        series = prometheus.matrix(fill(expr, values), window.start, window.end)
    except KeyError as unknown:
        yield f"unknown variable {unknown}"
        return
    except AssertionError as error:
        yield str(error)
        return
    numbers = [float(value) for each in series for _, value in each["values"]]
    if not series:
        yield "no data"
    elif all(map(math.isnan, numbers)):
        yield "nothing but NaN"
    if len(series) > MOST_SERIES:
        yield f"{len(series)} series"
    known = {label for each in series for label in each["metric"]}
    if series:
        yield from (f"no series has the label {{{{{label}}}}}" for label in set(_TOKEN.findall(legend)) - known)
