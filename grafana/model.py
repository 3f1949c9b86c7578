"""A dashboard as a table of panels, and the JSON that Grafana reads: classic, schema version 42."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SCRAPE_INTERVAL = "2s"
"""What the data source is told; annotations look as often, else a short window would be missed."""
WIDTH = 24
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_COLOURS = {"ok": "green", "warn": "orange", "bad": "red"}


@dataclass(frozen=True)
class Target:
    """One query; `legend` names its lines, `form` is that of Grafana (`time_series`, `heatmap`).

    Lines are drawn in colours of the palette; `limit` and `bad` ones are red, `limit` and `other` ones are dashed.
    """

    expr: str
    legend: str
    form: str = "time_series"
    look: Literal["", "limit", "bad", "other"] = ""


@dataclass(frozen=True)
class Line:
    """A limit that a panel draws: what is above it is `level` (`warn` or `bad`); `below` turns it round."""

    at: float
    level: str = "bad"
    below: bool = False


@dataclass(frozen=True)
class Panel:
    """One panel; its lines are `targets`."""

    title: str
    description: str
    unit: str
    targets: tuple[Target, ...]
    kind: str = "timeseries"
    lines: tuple[Line, ...] = ()
    width: int = 12
    height: int = 8
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Values that are shown as a word and in a colour."""
    least: float | None = 0.0
    """Where the axis begins at the latest."""
    empty: str = ""
    """What no data means; without it Grafana says just that."""


@dataclass(frozen=True)
class Row:
    """Panels under a heading, from left to right."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """What a user chooses among the values that `query` gives.

    All of them are `everything`; None: exactly those that there are.
    """

    name: str
    label: str
    query: str
    everything: str | None = ".+"


@dataclass(frozen=True)
class Annotation:
    """Stretches of time in which `expr` is above 0."""

    name: str
    expr: str
    title: str
    colour: str


@dataclass(frozen=True)
class Dashboard:
    """One file."""

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...]
    rows: tuple[Row, ...]
    since: str = "now-15m"
    """How much it shows at first."""
    refresh: str = "5s"

    def as_json(self) -> dict[str, Any]:
        """What Grafana reads."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["mcp"],
            "schemaVersion": 42,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": self.refresh,
            "time": {"from": self.since, "to": "now"},
            "timezone": "browser",
            "timepicker": {"refresh_intervals": ["1s", "5s", "10s", "30s", "1m", "5m"]},
            "fiscalYearStartMonth": 0,
            "links": [
                {
                    "title": "MCP dashboards",
                    "type": "dashboards",
                    "tags": ["mcp"],
                    "asDropdown": True,
                    "includeVars": True,
                    "keepTime": True,
                    "targetBlank": False,
                    "icon": "external link",
                    "tooltip": "",
                    "url": "",
                }
            ],
            "annotations": {"list": [_built_in(), *map(_annotation, self.annotations)]},
            "templating": {"list": [_datasource(), *map(_variable, self.variables)]},
            "panels": list(_panels(self.rows)),
        }


def _built_in() -> dict[str, Any]:
    return {
        "builtIn": 1,
        "name": "Annotations & Alerts",
        "type": "dashboard",
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
    }


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return {
        "name": annotation.name,
        "datasource": dict(_DATASOURCE),
        "enable": True,
        "hide": False,
        "iconColor": annotation.colour,
        "expr": annotation.expr,
        "step": SCRAPE_INTERVAL,
        "target": {"expr": annotation.expr, "refId": "Anno", "interval": SCRAPE_INTERVAL},
        "titleFormat": annotation.title,
    }


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {"text": "Prometheus", "value": "prometheus"},
        "hide": 0,
        "refresh": 1,
        "regex": "",
        "includeAll": False,
        "multi": False,
        "options": [],
    }


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": dict(_DATASOURCE),
        "definition": variable.query,
        "query": {"query": variable.query, "refId": f"Variable-{variable.name}"},
        "current": {"text": ["All"], "value": ["$__all"]},
        "allValue": variable.everything,
        "includeAll": True,
        "multi": True,
        "hide": 0,
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "options": [],
    }


def _panels(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
            "panels": [],
        }
        y += 1
        x = tallest = 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            number += 1
            yield _panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": dict(_DATASOURCE),
        "gridPos": place,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": list(_overrides(panel))},
        "options": _options(panel),
        "targets": [
            {
                "refId": _letter(index),
                "datasource": dict(_DATASOURCE),
                "editorMode": "code",
                "expr": target.expr,
                "legendFormat": target.legend,
                "format": target.form,
                "range": True,
                "instant": False,
            }
            for index, target in enumerate(panel.targets)
        ],
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "mappings": _mappings(panel), "thresholds": _thresholds(panel)}
    if panel.empty:
        defaults["noValue"] = panel.empty
    if panel.least is not None and panel.kind == "timeseries":
        defaults["min"] = panel.least
    if panel.kind == "timeseries":
        defaults["color"] = {"mode": "palette-classic"}
        defaults["custom"] = {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 10,
            "showPoints": "never",
            "spanNulls": False,
            "axisPlacement": "auto",
            "stacking": {"mode": "none", "group": "A"},
            "thresholdsStyle": {"mode": "dashed" if panel.lines else "off"},
        }
    elif panel.kind == "state-timeline":
        defaults["color"] = {"mode": "thresholds"}
        defaults["custom"] = {"fillOpacity": 80, "lineWidth": 0}
    elif panel.kind == "stat":
        defaults["color"] = {"mode": "thresholds"}
    return defaults


def _overrides(panel: Panel) -> Iterator[dict[str, Any]]:
    """How the lines of single queries are drawn."""
    for index, target in enumerate(panel.targets):
        properties: list[dict[str, Any]] = []
        if target.look in {"limit", "bad"}:
            properties.append({"id": "color", "value": {"mode": "fixed", "fixedColor": _COLOURS["bad"]}})
        if target.look in {"limit", "other"}:
            properties += [
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
                {"id": "custom.fillOpacity", "value": 0},
            ]
        if properties:
            yield {"matcher": {"id": "byFrameRefID", "options": _letter(index)}, "properties": properties}


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _options(panel: Panel) -> dict[str, Any]:
    """A value that nothing is known to be good or bad about has no colour: green would say that it is good."""
    if panel.kind == "stat" and not panel.lines and not panel.words:
        return _OPTIONS["stat"] | {"colorMode": "none"}
    return _OPTIONS[panel.kind]


def _mappings(panel: Panel) -> list[dict[str, Any]]:
    if not panel.words:
        return []
    options = {
        value: {"text": word, "color": _COLOURS[level], "index": index}
        for index, (value, (word, level)) in enumerate(panel.words.items())
    }
    return [{"type": "value", "options": options}]


def _thresholds(panel: Panel) -> dict[str, Any]:
    lines = sorted(panel.lines, key=lambda line: line.at)
    first = lines[0].level if lines and lines[0].below else "ok"
    steps: list[dict[str, Any]] = [{"color": _COLOURS[first], "value": None}]
    for index, line in enumerate(lines):
        above = lines[index + 1].level if index + 1 < len(lines) and lines[index + 1].below else "ok"
        steps.append({"color": _COLOURS[above if line.below else line.level], "value": line.at})
    return {"mode": "absolute", "steps": steps}


_LEGEND = {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]}
_REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Mapping[str, dict[str, Any]] = {
    "timeseries": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {
        "colorMode": "background",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": _REDUCE,
        "textMode": "auto",
        "wideLayout": True,
    },
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "exponent": 0.5, "fill": "dark-orange", "steps": 64},
        "filterValues": {"le": 1e-9},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "unit": "s", "reverse": False},
        "legend": {"show": True},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
    },
    "state-timeline": {
        "alignValue": "left",
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "never",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "single", "sort": "none"},
    },
}
