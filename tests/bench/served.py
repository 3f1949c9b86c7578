"""A server process of a benchmark: started on the server's core, watched from outside through /proc, stopped."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.dialogue import HANDSHAKE_JSON, initialize

ROOT = Path(__file__).resolve().parents[2]
SERVER_CORE, LOAD_CORE = 0, 1
_LONGEST_START = 30.0
_LONGEST_DRAIN = 15.0
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Served:
    """A server that answers."""

    port: int
    pid: int
    start_seconds: float
    """From exec to the first 200."""

    def cpu_seconds(self) -> float:
        """What the process has used so far, in user and kernel mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def rss_mb(self) -> float:
        """The memory that the process holds now."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    def drain(self) -> None:
        """Wait until the server has done what a load tool left behind when its time was over."""
        began, before = time.monotonic(), self.cpu_seconds()
        while time.monotonic() - began < _LONGEST_DRAIN:
            time.sleep(0.2)
            now = self.cpu_seconds()
            if now - before <= 1 / _TICKS_PER_SECOND:
                return
            before = now


@contextmanager
def serving(command: Sequence[str]) -> Iterator[Served]:
    """`command` after `python`, where {port} is a free one, on the server's core until the end."""
    port = free_port()
    with tempfile.TemporaryFile("w+") as log:
        filled = [sys.executable, *(part.replace("{port}", str(port)) for part in command)]
        began = time.perf_counter()
        pinned = ["taskset", "-c", str(SERVER_CORE), *filled]
        with subprocess.Popen(pinned, cwd=ROOT, stdout=log, stderr=log) as process:
            try:
                while not initialize(port, HANDSHAKE_JSON):
                    if process.poll() is not None or time.perf_counter() - began > _LONGEST_START:
                        log.seek(0)
                        sys.exit(f"{' '.join(command)} does not answer.\n{log.read()[-2000:]}")
                    time.sleep(0.005)
                yield Served(port, process.pid, time.perf_counter() - began)
            finally:
                process.terminate()
                try:
                    process.wait(_LONGEST_DRAIN)
                except subprocess.TimeoutExpired:
                    process.kill()


def busy_seconds() -> float:
    """How long the two cores have worked so far, for whomever, also for other guests of the machine (steal)."""
    wanted = {f"cpu{SERVER_CORE}", f"cpu{LOAD_CORE}"}
    rows = (line.split() for line in Path("/proc/stat").read_text().splitlines())
    # user nice system idle iowait irq softirq steal, and guest times, which are part of user
    return sum(sum(map(int, row[1:4] + row[6:9])) for row in rows if row[0] in wanted) / _TICKS_PER_SECOND


def free_port() -> int:
    """One that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
