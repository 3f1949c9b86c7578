"""`make profile-server`: where the time of a server goes under wrk, as a flame graph in .cache/bench/.

Native code counts as time of the Python line that called it. py-spy must be allowed to look at another process of the
same user: where /proc/sys/kernel/yama/ptrace_scope is not 0, run it as root.
"""

import argparse
import os
import subprocess
import sys

from tests.bench.contenders import LANE, VARIANTS, fleet
from tests.bench.dialogue import HANDSHAKE_JSON, MODES
from tests.bench.load_tools import Measured, run_wrk
from tests.bench.served import LOAD_CORE, ROOT, Served

CACHE = ROOT / ".cache" / "bench"
_SAMPLES_PER_SECOND = 200
_MARGIN_SECONDS = 2
"""The load goes on for so much longer than the recording."""


def main() -> int:
    """Record while wrk runs; print the path of the picture."""
    options = _options()
    variant = next(each for each in VARIANTS if each.name == options.server)
    mode = next(each for each in MODES if each.name == options.mode)
    picture = CACHE / f"flame-{variant.name}-{mode.name}-{options.connections}.svg"
    os.sched_setaffinity(0, {LOAD_CORE})
    with fleet() as running:
        server = running.server(variant, mode)
        run_wrk(server, mode, options.connections, 1)  # what is done once is no part of the picture
        with _recorder(server, options.seconds, str(picture)) as recorder:
            seen = run_wrk(server, mode, options.connections, options.seconds + _MARGIN_SECONDS)
            output, _ = recorder.communicate(timeout=60)
    if recorder.returncode:
        sys.exit(f"py-spy failed: {output[-1000:]}")
    print(_about(seen, variant.label, mode.name, options.connections))
    print(picture)
    return 0


def _recorder(server: Served, seconds: int, picture: str) -> subprocess.Popen[str]:
    command = [str(CACHE / "py-spy" / "bin" / "py-spy"), "record", "--pid", str(server.pid), "--output", picture]
    command += ["--duration", str(seconds), "--rate", str(_SAMPLES_PER_SECOND), "--format", "flamegraph"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _about(seen: Measured, label: str, mode: str, connections: int) -> str:
    cost = f"{seen.calls_per_second:,.0f} calls/s, {seen.cpu_us_per_call:.0f} µs of CPU each, {seen.errors} errors"
    return f"{label}, {mode}, {connections} connections: {cost} (while py-spy looked on)"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="profile_server", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--server", choices=[each.name for each in VARIANTS], default=LANE, help="(lane)")
    parser.add_argument("--mode", choices=[each.name for each in MODES], default=HANDSHAKE_JSON.name)
    parser.add_argument("--connections", type=int, default=50, help="(50)")
    parser.add_argument("--seconds", type=int, default=8, help="of the recording (8)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
