"""`make dashboards-png`: a picture of a dashboard, drawn with Grafana's own UI components, and not by a Grafana server.

python -m grafana.picture mcp-load-run docs/dashboard.png --url http://127.0.0.1:9090 --seconds 300

Asks a Prometheus, such as that of `make observe` while it runs, for what panels show, puts the components and the data
on one page, and has Chromium take a picture of it. Graphs and single values only: other kinds of panels are not there
to be had as components, and are left out.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / ".cache" / "picture" / "node_modules"
DASHBOARDS = HERE.parent / "dashboards"
DRAWN = {"timeseries", "stat", "row"}
WIDTH, ROW_HEIGHT = 1600, 38
STEP = 2
FAULTS = "max(mcp_fault_active) > 0"
SHADE = "rgba(242, 73, 92, 0.12)"


def main() -> int:
    """Draw it."""
    parser = argparse.ArgumentParser(prog="picture", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dashboard", help="its uid, such as mcp-load-run")
    parser.add_argument("file", type=Path, help="a PNG")
    parser.add_argument("--url", default="http://127.0.0.1:9090", help="of Prometheus")
    parser.add_argument("--seconds", type=int, default=300, help="how much is shown, up to now")
    parser.add_argument("--rows", type=int, default=3, help="rows of the dashboard, from the top")
    parser.add_argument("--scenario", default=".+", help="what is chosen for the variable scenario")
    options = parser.parse_args()
    dashboard = json.loads((DASHBOARDS / f"{options.dashboard}.json").read_text("utf-8"))
    end = time.time() // STEP * STEP
    source = Source(options.url, end - options.seconds, end, options.scenario)
    panels = [panel_of(panel, source) for panel in top(dashboard["panels"], options.rows) if panel["type"] in DRAWN]
    rows = max(panel["y"] + panel["h"] for panel in panels)
    page = {"width": WIDTH, "rows": rows, "from": source.start * 1000, "to": end * 1000, "panels": panels}
    page["regions"] = [
        {"from": first * 1000, "to": last * 1000, "colour": SHADE}
        for _, _, points in source.series({"expr": FAULTS, "legendFormat": "", "refId": "A"})
        for first, last in stretches([at for at, _ in points])
    ]
    draw(page, options.file, rows * ROW_HEIGHT + 24)
    return 0


_TOKEN = re.compile(r"\{\{(\w+)\}\}")


def _filled(labels: Mapping[str, str], token: re.Match[str]) -> str:
    return labels.get(token[1], "")


class Source:
    """A Prometheus, and the time that is shown."""

    def __init__(self, url: str, start: float, end: float, scenario: str) -> None:
        self.start, self.end = start, end
        self._url = url
        every = {"job": "mcp-server", "instance": ".+", "tool": ".+", "scenario": scenario}
        self._values = {**every, "__rate_interval": f"{4 * STEP}s", "__range": f"{end - start:g}s"}

    def series(self, target: Mapping[str, Any]) -> Iterator[tuple[str, str, list[tuple[float, float]]]]:
        """Of one query: the query's letter, the name of a line, and its points; NaN is left out."""
        query = re.sub(r"\$\{?(\w+)\}?", lambda found: self._values[found[1]], target["expr"])
        asked = urllib.parse.urlencode({"query": query, "start": self.start, "end": self.end, "step": STEP})
        with urllib.request.urlopen(f"{self._url}/api/v1/query_range?{asked}", timeout=30) as reply:  # noqa: S310 - as given
            found = json.load(reply)["data"]["result"]
        for each in found:
            name = _TOKEN.sub(partial(_filled, each["metric"]), target["legendFormat"])
            points = [(float(at), float(value)) for at, value in each["values"] if value not in {"NaN", "+Inf", "-Inf"}]
            if points:
                yield target["refId"], name, points


def top(panels: list[dict[str, Any]], rows: int) -> Iterator[dict[str, Any]]:
    """The panels of the first rows, with their headings."""
    for panel in panels:
        rows -= panel["type"] == "row"
        if rows < 0:
            return
        yield panel


def panel_of(panel: dict[str, Any], source: Source) -> dict[str, Any]:
    """What the page wants to know of a panel."""
    config = panel.get("fieldConfig", {"defaults": {}, "overrides": []})
    lines = [line for target in panel.get("targets", []) for line in source.series(target)]
    return {
        **panel["gridPos"],
        "title": panel["title"],
        "kind": panel["type"],
        "colorMode": panel.get("options", {}).get("colorMode"),
        "defaults": config["defaults"],
        "overrides": config["overrides"],
        "series": [
            {
                "refId": letter,
                "name": name,
                "times": [at * 1000 for at, _ in points],
                "values": [value for _, value in points],
            }
            for letter, name, points in lines
        ],
    }


def stretches(times: list[float]) -> Iterator[tuple[float, float]]:
    """First and last of each run of moments that follow one another."""
    begin = 0
    for index in range(1, len(times) + 1):
        if index == len(times) or times[index] - times[index - 1] > STEP:
            yield times[begin], times[index - 1]
            begin = index


def draw(page: dict[str, Any], file: Path, height: int) -> None:
    """Bundle the page and take its picture."""
    with tempfile.TemporaryDirectory() as folder:
        script, html = Path(folder) / "page.js", Path(folder) / "page.html"
        bundle = [str(MODULES / "@esbuild" / "linux-x64" / "bin" / "esbuild"), str(HERE / "page.jsx"), "--bundle"]
        bundle += [
            "--jsx=automatic",
            "--minify",
            "--loader:.svg=dataurl",
            "--loader:.ttf=empty",
            "--log-level=error",
            f"--outfile={script}",
        ]
        bundle += ['--define:process.env.NODE_ENV="production"', "--define:global=window"]
        subprocess.run(bundle, check=True, env={"NODE_PATH": str(MODULES)})  # noqa: S603 - our own command
        data = json.dumps(page).replace("<", "\\u003c")
        html.write_text(
            "<!doctype html><meta charset=utf-8><link rel=stylesheet href=page.css><div id=page></div>"
            f"<script>window.PAGE={data}</script><script src=page.js></script>"
        )
        shot = ["chromium", "--headless", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=10000"]
        shot += [f"--window-size={WIDTH + 24},{height}", f"--screenshot={file.resolve()}", html.as_uri()]
        subprocess.run(shot, check=True, capture_output=True)  # noqa: S603 - our own command


if __name__ == "__main__":
    sys.exit(main())
