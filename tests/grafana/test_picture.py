"""What the picture of a dashboard is made of; drawing it takes npm and Chromium, and is no test."""

import json
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from grafana.generate import FOLDER
from grafana.picture.__main__ import DRAWN, Source, panel_of, stretches, top

DASHBOARD = json.loads((FOLDER / "mcp-load-run.json").read_text())


class Prometheus(BaseHTTPRequestHandler):
    """Answers every query with one series of two moments, one of which has no number."""

    asked: list[str]

    def do_GET(self) -> None:
        (query,) = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["query"]
        self.asked.append(query)
        series = {"metric": {"scenario": "load"}, "values": [[10, "NaN"], [12, "0.5"]]}
        data = json.dumps({"data": {"result": [series]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""


@pytest.fixture
def prometheus() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (Prometheus,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join(60)
    server.server_close()


def test_a_panel_has_its_place_its_field_configuration_and_a_line_for_each_series(
    prometheus: tuple[str, list[str]],
) -> None:
    url, asked = prometheus
    (panel,) = [each for each in DASHBOARD["panels"] if each["title"] == "Arrivals"]
    made = panel_of(panel, Source(url, 0.0, 60.0, "load"))
    assert (made["title"], made["kind"], made["w"]) == ("Arrivals", "timeseries", 12)
    assert made["defaults"]["unit"] == "reqps"
    assert [line["name"] for line in made["series"]] == ["target load", "done load", "dropped load"]
    assert [(line["times"], line["values"]) for line in made["series"]] == [([12_000], [0.5])] * 3
    assert not [query for query in asked if "$" in query]


def test_the_first_rows_are_those_from_the_top() -> None:
    titles = [panel["title"] for panel in top(DASHBOARD["panels"], 2)]
    assert titles[0] == "At a glance"
    assert "Arrivals" in titles
    assert "Latency" not in titles
    assert {panel["type"] for panel in DASHBOARD["panels"]} & DRAWN == DRAWN


@pytest.mark.parametrize(
    ("times", "found"),
    [([], []), ([4.0], [(4.0, 4.0)]), ([2.0, 4.0, 6.0, 20.0, 22.0], [(2.0, 6.0), (20.0, 22.0)])],
)
def test_moments_that_follow_one_another_are_one_stretch(times: list[float], found: list[tuple[float, float]]) -> None:
    assert list(stretches(times)) == found
