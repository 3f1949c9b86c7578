"""`make verify-grafana` without an engine: what it asks something that answers as Grafana's API is documented to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from grafana import verify
from tests.deployment.tool import ROOT


class Grafana(BaseHTTPRequestHandler):
    """Has all dashboards but those in `missing`; queries that name one of `empty` have no data."""

    missing: frozenset[str] = frozenset()
    empty = ""
    asked: list[dict[str, Any]]

    def do_GET(self) -> None:
        if self.path == "/api/health":
            self.reply(200, {"database": "ok"})
            return
        uid = self.path.rsplit("/", 1)[-1]
        if uid in self.missing:
            self.reply(404, {"message": "Dashboard not found"})
        else:
            self.reply(200, {"dashboard": json.loads((verify.DASHBOARDS / f"{uid}.json").read_text()), "meta": {}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (query,) = body["queries"]
        self.asked.append(query)
        if "nonsense(" in query["expr"]:
            self.reply(400, {"results": {"A": {"error": "bad_data: parse error", "status": 400}}})
            return
        values = [[], []] if self.empty and self.empty in query["expr"] else [[1, 2], [None, 0.5]]
        self.reply(200, {"results": {"A": {"status": 200, "frames": [{"schema": {}, "data": {"values": values}}]}}})

    def reply(self, status: int, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""


@pytest.fixture
def grafana() -> Iterator[tuple[str, type[Grafana]]]:
    handler = type("Handler", (Grafana,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_every_query_of_every_dashboard_is_asked_with_all_variables_filled_in(
    grafana: tuple[str, type[Grafana]],
) -> None:
    url, handler = grafana
    assert list(verify.look(url, verify.dashboards(), "now-1m")) == []
    written = sum(len(list(verify.targets(each["panels"]))) for each in verify.dashboards())
    assert len(handler.asked) == written > 40
    left = {word for each in handler.asked for word in each["expr"].split('"') if "$" in word and "$__" not in word}
    assert left == set()


def test_what_is_missing_empty_or_wrong_is_told(grafana: tuple[str, type[Grafana]]) -> None:
    url, handler = grafana
    handler.missing, handler.empty = frozenset({"mcp-chaos"}), "mcp_load_vus_max"
    wrong = {"uid": "mcp-server", "panels": []}
    problems = list(verify.look(url, [*verify.dashboards(), wrong], "now-1m"))
    assert [problem for problem in problems if problem.startswith("mcp-chaos: HTTP 404")]
    empty = [problem for problem in problems if "has no data" in problem]
    assert empty
    assert all("mcp_load_vus_max" in problem for problem in empty)
    assert (
        verify.run(url, {"expr": "nonsense("}, {}, "now-1m")
        == 'HTTP 400: {"results": {"A": {"error": "bad_data: parse error", "status": 400}}}'
    )


def test_without_an_engine_it_says_so(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho no engine >&2\nexit 1\n")
    docker.chmod(0o755)
    command, env = [sys.executable, "-m", "grafana.verify"], os.environ | {"PATH": f"{tmp_path}{os.pathsep}/bin"}
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True, timeout=80)
    assert done.returncode == 1
    assert "verify-grafana: the stack does not come up" in done.stderr
