"""`make observe`: both servers, one of them with faults, loads against both, and Prometheus; until Ctrl-C or time-out.

python -m grafana.observe --minutes 10 --faults deploy-rollover --port 9090
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from formats.stdio import say

ROOT = Path(__file__).resolve().parents[1]
PLAN = Path(__file__).with_name("observe.yaml")
PLAN_SECONDS = 600
"""What the plan lasts at scale 1."""
SECONDS_TO_START = 30
SECONDS_TO_STOP = 20
SECONDS_BETWEEN_LOOKS = 0.2


def main(argv: list[str] | None = None) -> int:
    """Run it; 0 when it was stopped or its time is over, 1 when a part of it ended by itself."""
    parser = argparse.ArgumentParser(prog="observe", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; 10 when absent, and at most")
    parser.add_argument("--faults", default="deploy-rollover", help="profile of the payments server")
    parser.add_argument("--port", type=int, default=9090, help="of Prometheus; a free one when it is taken")
    options = parser.parse_args(argv)
    if not 0 < options.minutes * 60 <= PLAN_SECONDS:
        parser.error("--minutes should be above 0, and 10 at most")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            return observe(stack, options.minutes * 60, options.faults, options.port)
    except KeyboardInterrupt:
        return 0


def observe(stack: ExitStack, seconds: float, faults: str, port: int) -> int:
    """Start everything, tell where it is, and wait."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="observe-")))
    started = {
        "payments": stack.enter_context(serving("payments", "--faults", faults)),
        "calculator": stack.enter_context(serving("calculator")),
    }
    parts: dict[str, subprocess.Popen[Any]] = {f"the {name} server": part for name, (part, _) in started.items()}
    servers = {name: url for name, (_, url) in started.items()}
    loads = {name: free_port() for name in servers}
    prometheus = free_port(port)
    configure(folder, {name: url.split("/")[2] for name, url in servers.items()}, loads)
    parts["Prometheus"] = stack.enter_context(running_prometheus(folder, prometheus))
    for name, url in servers.items():
        stack.enter_context(loading(name, url, loads[name], seconds, folder))
    say(told(servers, loads, prometheus, faults, seconds), sys.stdout)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended = [name for name, part in parts.items() if part.poll() is not None]
        if ended:
            say(f"observe: {' and '.join(ended)} ended\n", sys.stderr)
            return 1
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return 0


def told(servers: dict[str, str], loads: dict[str, int], prometheus: int, faults: str, seconds: float) -> str:
    """Where everything is."""
    lines = [
        f"Prometheus      http://127.0.0.1:{prometheus}",
        f"its alerts      http://127.0.0.1:{prometheus}/alerts",
        *(f"{name:<15} {url}" + (f"  with faults: {faults}" * (name == "payments")) for name, url in servers.items()),
        *(f"{'load':<15} http://127.0.0.1:{port}/metrics  of {name}" for name, port in loads.items()),
        "",
        f"In any Grafana: a Prometheus data source with URL http://127.0.0.1:{prometheus}",
        "and scrape interval 2s; then Dashboards > New > Import: each file of",
        "grafana/dashboards. More: docs/observability.md",
        f"It goes on for {seconds / 60:g} min; Ctrl-C stops it.",
        "",
    ]
    return "\n".join(lines)


def configure(folder: Path, servers: dict[str, str], loads: dict[str, int]) -> None:
    """The configuration of the repository in `folder`, with these targets."""
    shutil.copytree(ROOT / "grafana" / "prometheus", folder, dirs_exist_ok=True)
    targets = {
        "servers": servers,
        "loadgen": {f"load-{name}": f"127.0.0.1:{port}" for name, port in loads.items()},
    }
    for file, addresses in targets.items():
        entries = [{"targets": [address], "labels": {"instance": name}} for name, address in addresses.items()]
        (folder / "targets" / f"{file}.yml").write_text(yaml.safe_dump(entries))


@contextmanager
def serving(name: str, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A `mcp-serve` that runs until the end of the `with` block, and its URL."""
    command = [sys.executable, "-m", "servers", name, "--port", "0", *flags]
    with (
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        ) as process,
        stopped(process),
    ):
        found = re.search(r"http://\S+", process.stdout.readline() if process.stdout else "")
        if found is None:
            sys.exit(f"observe: the {name} server did not start; `mcp-serve {name} {' '.join(flags)}` says why")
        yield process, found.group()


@contextmanager
def running_prometheus(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Prometheus with the configuration in `folder`, ready, until the end of the `with` block."""
    command = [
        os.environ.get("PROMETHEUS", str(ROOT / ".cache" / "prometheus" / "usr" / "bin" / "prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (
        (folder / "prometheus.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=log, stderr=log, start_new_session=True
        ) as process,
        stopped(process),
    ):
        deadline = time.monotonic() + SECONDS_TO_START
        while not answers(f"http://127.0.0.1:{port}/-/ready"):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"observe: Prometheus did not start:\n{(folder / 'prometheus.log').read_text()[-2000:]}")
            time.sleep(SECONDS_BETWEEN_LOOKS)
        yield process


@contextmanager
def loading(name: str, url: str, port: int, seconds: float, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A load run until the end of the `with` block; its report is not shown, with faults it is no good one."""
    command = [
        *(sys.executable, "-m", "loadgen", "run", str(PLAN), "--workload", name, "--url", url),
        *("--scale", f"{seconds / PLAN_SECONDS:g}", "--metrics-port", str(port)),
    ]
    with (
        (folder / f"load-{name}.log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        ) as process,
        stopped(process, signal.SIGINT),
    ):
        yield process


@contextmanager
def stopped(process: subprocess.Popen[bytes] | subprocess.Popen[str], how: int = signal.SIGTERM) -> Iterator[None]:
    """At the end of the `with` block the process is over, at the latest after a while."""
    try:
        yield
    finally:
        process.send_signal(how)
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_STOP)
        finally:
            process.kill()


def answers(url: str) -> bool:
    """Whether it does, with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - a URL of ours
            return bool(reply.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def free_port(wished: int = 0) -> int:
    """The port that is wished for, or another one when it is taken."""
    for port in (wished, 0):
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            got: int = found.getsockname()[1]
            return got
    raise OSError("this machine has no free port")


if __name__ == "__main__":
    sys.exit(main())
