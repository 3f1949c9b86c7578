"""A real Prometheus on a free port of this machine, from Debian's package, which needs no installing."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_CACHE = Path(__file__).parents[2] / ".cache" / "prometheus" / "usr" / "bin"
_PATIENCE = 60.0
"""Seconds that an answer may take on a busy machine."""


def program(name: str) -> str:
    """`prometheus` or `promtool`, as a variable of that name in capitals says, as .ci/run got it, or as installed.

    Without it a test is skipped, and fails in CI.
    """
    found = os.environ.get(name.upper()) or shutil.which(name, path=_CACHE) or shutil.which(name)
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not there")
    pytest.skip(f"{name} is not there: see .ci/run for how to get it")


@dataclass(frozen=True)
class Prometheus:
    """One that answers."""

    url: str

    def get(self, path: str, **parameters: Any) -> Any:
        """The data of an answer of its API; an error fails the test with what Prometheus says."""
        data = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{data}", timeout=_PATIENCE) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {json.load(error).get('error')}") from error

    def wait_for(self, job: str) -> None:
        """Until it scrapes a job; it looks at its configuration only every five seconds."""
        deadline = time.monotonic() + _PATIENCE
        while not self.vector(f'up{{job="{job}"}} == 1', time.time()):
            assert time.monotonic() < deadline, self.get("targets")
            time.sleep(0.1)

    def vector(self, query: str, at: float) -> dict[frozenset[tuple[str, str]], float]:
        """The values at one moment, by their labels."""
        result = self.get("query", query=query, time=at)["result"]
        return {frozenset(each["metric"].items()): float(each["value"][1]) for each in result}

    def matrix(self, query: str, start: float, end: float, step: float = 1.0) -> list[dict[str, Any]]:
        """The series over a stretch of time, as the API gives them."""
        result: list[dict[str, Any]] = self.get("query_range", query=query, start=start, end=end, step=step)["result"]
        return result


@contextmanager
def running_prometheus(
    folder: Path, targets: Mapping[str, list[str]] | None = None, blocks: Path | None = None
) -> Iterator[Prometheus]:
    """One that scrapes `targets` (addresses by job) each second, or only has the data in `blocks`.

    Args:
        folder: where it may write.
        targets: what to scrape.
        blocks: what promtool made.
    """
    binary = program("prometheus")
    jobs = [{"job_name": job, "static_configs": [{"targets": at}]} for job, at in (targets or {}).items()]
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "prometheus.log").open("wb")
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={blocks or folder / 'data'}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ],
        stdout=log,
        stderr=log,
    )
    try:
        _wait(process, f"http://127.0.0.1:{port}/-/ready", folder)
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_PATIENCE)
        log.close()


def _wait(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"prometheus is not ready: {(folder / 'prometheus.log').read_text()}")
