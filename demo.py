"""`make demo`: both servers on free ports, a load run and a contract check of each, and everything stopped again."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

SECONDS_TO_RUN = 120
SECONDS_TO_STOP = 20
LOADS = {
    "payments": ["payments", "--quick", "--mixed"],
    "calculator": ["run", "quick", "--duration", "5s"],
}
NEXT = """
Where to look next
  make install                             # then, in one terminal:
  .venv/bin/mcp-serve payments             # http://127.0.0.1:8000/mcp, /health and /metrics
  .venv/bin/mcp-load payments --mixed      # in another: 1,000 calls by 100 clients
  .venv/bin/mcp-load scenarios             # performance tests: load, stress, endurance, spike, ...
  .venv/bin/mcp-load contract codes        # what a check of a contract can find
  README.md                                # develop a client against it, load your own server
"""


@contextmanager
def serving(name: str) -> Iterator[str]:
    """The URL of a `mcp-serve` that runs until the end of the `with` block."""
    command = [sys.executable, "-m", "servers", name, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            first_line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+", first_line)
            if found is None:
                sys.exit(f"demo: the {name} server did not start")
            yield found.group()
        finally:
            process.terminate()
            try:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(SECONDS_TO_STOP)
            finally:
                process.kill()
        if process.returncode != 0:
            sys.exit(f"demo: the {name} server ended with exit code {process.returncode}")


def main() -> int:
    """Run the demo; the exit code is the worst of all runs'."""
    worst = 0
    with ExitStack() as servers:
        urls = {name: servers.enter_context(serving(name)) for name in LOADS}
        checks = {name: ["contract", "check", "--contract", name] for name in LOADS}
        for name, flags in (*LOADS.items(), *checks.items()):
            command = [sys.executable, "-m", "loadgen", *flags, "--url", urls[name]]
            print(f"\n$ mcp-load {' '.join(command[3:])}\n", flush=True)
            try:
                done = subprocess.run(command, check=False, timeout=SECONDS_TO_RUN)  # noqa: S603 - our own command
            except subprocess.TimeoutExpired:
                sys.exit(f"demo: mcp-load {command[3]} did not end within {SECONDS_TO_RUN:g} s")
            worst = max(worst, abs(done.returncode))  # one that a signal ended has a negative code
    print(NEXT if worst == 0 else f"\ndemo: a run failed (exit code {worst})")
    return worst


if __name__ == "__main__":
    sys.exit(main())
