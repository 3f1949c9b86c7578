"""The two load tools of the benchmark of servers: wrk, which only sends and counts, and this project's own mcp-load.

Both run on the load's core; CPU time is read before and after.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.bench.dialogue import ARGUMENTS, FIRST_ID, PATH, Mode, call_body, one_reply, session
from tests.bench.served import LOAD_CORE, ROOT, Served, busy_seconds

_OTHER_SIZE = 0.10
"""Replies whose size is further off than this from the one that was looked at are not answers to the calls."""

_SCRIPT = """
local request_line = "POST %(path)s HTTP/1.1\\r\\n"
local headers = %(headers)s
local head = request_line .. headers .. "Content-Length: %(length)d\\r\\n\\r\\n"
local form = head:gsub("%%%%", "%%%%%%%%") .. %(body)s
local id = %(first)d
request = function()
  id = id + 1
  return string.format(form, id)
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"calls": %%d, "microseconds": %%d, "bytes": %%d, "errors": %%d, "p99": %%f}\\n',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True)
class Measured:
    """What one run of a load tool saw."""

    calls_per_second: float
    p99_ms: float
    errors: int
    cpu_us_per_call: float
    """The server's, not the load tool's."""
    others: float
    """The share of the two cores that went to neither of them."""


class Meter:
    """The CPU time of a server, of the load tools that ran, and of all else on their two cores, since it began."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self._began = time.perf_counter()
        self._before = self._read()

    def measured(self, calls_per_second: float, p99_ms: float, errors: int, calls: int) -> Measured:
        """Up to now."""
        served, others = self.shares()
        return Measured(calls_per_second, p99_ms, errors, served / max(calls, 1) * 1e6, others)

    def shares(self) -> tuple[float, float]:
        """The server's CPU seconds, and the share of the two cores that went to others."""
        elapsed = time.perf_counter() - self._began
        served, loaded, both = (now - before for now, before in zip(self._read(), self._before, strict=True))
        return served, max(both - served - loaded, 0.0) / (2 * elapsed)

    def _read(self) -> tuple[float, float, float]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)  # those that ended; servers have not
        return self._server.cpu_seconds(), children.ru_utime + children.ru_stime, busy_seconds()


def run_wrk(server: Served, mode: Mode, connections: int, seconds: int) -> Measured:
    """All connections share one session, every call has an id of its own."""
    expected = one_reply(server.port, mode).wire_bytes
    with session(server.port, mode) as headers, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(server.port, mode, headers))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", script.name]
        meter = Meter(server)
        output = _run([*command, f"http://127.0.0.1:{server.port}{PATH}"], seconds)
        seen = json.loads(output.splitlines()[-1])
        calls = seen["calls"]
        measured = meter.measured(calls / seen["microseconds"] * 1e6, seen["p99"], seen["errors"], calls)
    server.drain()
    least = calls * expected * (1 - _OTHER_SIZE)
    most = (calls + connections) * expected * (1 + _OTHER_SIZE)  # at the end, each connection may have part of a reply
    if not least <= seen["bytes"] <= most:
        print(
            f"{mode.name}, {connections} connections: {calls:,} replies of {expected} bytes are not {seen['bytes']:,}"
        )
        return replace(measured, errors=max(measured.errors, calls))
    return measured


def _script(port: int, mode: Mode, headers: dict[str, str]) -> str:
    fields = {"Host": f"127.0.0.1:{port}", "Accept-Encoding": "identity", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return _SCRIPT % {
        "path": PATH,
        "headers": _lua(lines),
        "length": len(call_body(mode, FIRST_ID)),
        "body": _lua(call_body(mode, "%d")),
        "first": FIRST_ID,
    }


def _lua(text: str) -> str:
    return json.dumps(text)  # for ASCII without control characters but \r and \n, the two languages agree


def run_engine(server: Served, mode: Mode, connections: int, seconds: int) -> Measured:
    """Each virtual user has a session of its own, and every reply is checked."""
    flags = ["tool", "add", "--args", json.dumps(ARGUMENTS), "--vus", str(connections), "--duration", f"{seconds}s"]
    meter = Meter(server)
    result = _mcp_load([*flags, "--protocol", mode.version], server, seconds)
    requests, times = result["requests"], result["response_time"]
    errors, slow = requests["failed"] + requests["unfinished"], times["p99"] or times["maximum"] or 0.0
    measured = meter.measured(requests["per_second"], slow, errors, requests["total"])
    server.drain()
    return measured


@dataclass(frozen=True)
class Arrivals:
    """What one scenario of the payments targets saw: calls that were due at a constant rate."""

    calls_per_second: float
    p95_ms: float
    errors: int
    """Calls that failed, were dropped, or were not answered before the end."""
    others: float
    """The share of the two cores that went to others."""


def run_target(server: Served, name: str, seconds: int) -> Arrivals:
    """One scenario of the bundled plan `targets` for `seconds`, after the payments that are made before the first."""
    plan = yaml.safe_load((ROOT / "fixtures" / "scenarios" / "targets.yaml").read_text())
    (setup,) = (each["setup"] for each in plan["scenarios"].values() if "setup" in each)
    scenario = {**plan["scenarios"][name], "setup": setup, "duration": f"{seconds}s"}
    scenario.pop("after", None)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        del plan["thresholds"]  # judged here
        yaml.safe_dump({**plan, "scenarios": {name: scenario}}, file)
        file.flush()
        meter = Meter(server)
        result = _mcp_load(["run", file.name], server, seconds)
        _, others = meter.shares()
    server.drain()
    (seen,) = result["scenarios"]
    requests, p95 = seen["requests"], seen["metrics"]["mcp_tool_call_duration_ms"]["p(95)"]
    errors = requests["failed"] + requests["unfinished"] + requests["dropped"]
    return Arrivals(requests["per_second"], float("inf") if p95 is None else p95, errors, others)


def _mcp_load(flags: list[str], server: Served, seconds: int) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        target = ["--url", f"http://127.0.0.1:{server.port}{PATH}", "--json", str(out), "--metrics-linger", "0"]
        text = _run([sys.executable, "-m", "loadgen", *flags, *target], seconds)
        if not out.exists():
            sys.exit(f"mcp-load {' '.join(flags)} measured nothing.\n{text[-2000:]}")
        return json.loads(out.read_text())


def _run(command: list[str], seconds: int) -> str:
    pinned = ["taskset", "-c", str(LOAD_CORE), *command]
    done = subprocess.run(pinned, cwd=ROOT, capture_output=True, text=True, timeout=seconds + 120, check=False)
    if done.returncode not in {0, 99}:  # 99: a criterion was missed, which is judged here
        sys.exit(f"{' '.join(command)} failed with {done.returncode}.\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout
