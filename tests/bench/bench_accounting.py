"""`make bench-accounting`: what it costs to account for a call, and how much memory a long run takes.

Samples of four tools, a few of them failures, with log-normal latencies. The cost of `Accounting.add` is the median of
several rounds, with samples made beforehand. Memory is the peak of a process that loaded the load generator and then
accounted for ten million samples; more than the goal gives exit code 1.
"""

import gc
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from array import array

from loadgen.accounting import Accounting, measure
from loadgen.client.transport import Timings
from loadgen.outcome import CheckFailed, HttpStatus, Ok, Outcome, Timeout, ToolError
from loadgen.sample import Sample

ROUNDS = 9
SAMPLES_PER_ROUND = 100_000
SAMPLES = int(os.environ.get("BENCH_SAMPLES", "10_000_000"))
GOAL_MB = 120
_TOOLS = ("add", "subtract", "multiply", "divide")
_OK = Ok({"content": [], "structuredContent": {"result": 1.0}})
_FAILURES = (ToolError("division by zero"), HttpStatus("busy", 503), Timeout("late", "total"), CheckFailed("wrong"))
_SHARE_OF_FAILURES = 0.02
_MEDIAN_SECONDS, _SIGMA = 0.005, 0.8
_RATE = 20_000
_KEPT = 5_000
"""Samples that the long run uses again and again: ten million of them would take the memory that is measured."""


def samples(count: int) -> list[Sample]:
    """The first samples of a run at 20,000 calls per second; the same ones every time."""
    chance = random.Random(1)
    made = []
    for n in range(count):
        due = n / _RATE
        end = due + _MEDIAN_SECONDS * chance.lognormvariate(0, _SIGMA)
        outcome: Outcome = chance.choice(_FAILURES) if chance.random() < _SHARE_OF_FAILURES else _OK
        timings = Timings(sent_bytes=300, received_bytes=250)
        made.append(Sample(_TOOLS[n % len(_TOOLS)], due, due + 0.000_01, end, outcome, timings))
    return made


def microseconds_per_call(made: list[Sample]) -> float:
    """One round: accounting for all of `made`."""
    accounts = Accounting()
    began = time.perf_counter()
    for sample in made:
        accounts.add(sample)
    return (time.perf_counter() - began) / len(made) * 1e6


def long_run() -> None:
    """Account for all samples, with all that a run loads in memory, and print the peaks before and after in MB."""
    import loadgen.cli  # noqa: PLC0415 - its memory counts, but only here

    accounts, made, chance = Accounting(), samples(_KEPT), random.Random(2)
    latencies = array("d", (_MEDIAN_SECONDS * chance.lognormvariate(0, _SIGMA) for _ in range(40 * _KEPT)))
    before = peak_mb()
    for lot in range(SAMPLES // _KEPT):
        first = lot % 40 * _KEPT
        stretch = 1 + lot * 1e-5  # no two lots are alike
        for sample, latency in zip(made, latencies[first : first + _KEPT], strict=True):
            sample.end = sample.due + latency * stretch
            accounts.add(sample)
    measured = measure([accounts], accounts.calls)
    assert measured.calls == SAMPLES // _KEPT * _KEPT, (loadgen.cli.app, measured.calls)
    print(before, peak_mb())


def peak_mb() -> float:
    """The most memory that this process had so far."""
    per_mb = 1024 if sys.platform == "linux" else 1024 * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mb


def main() -> int:
    """Print the table; 1 when memory exceeds the goal."""
    made = samples(SAMPLES_PER_ROUND)
    gc.freeze()  # to walk through the samples is not the accounts' doing
    costs = [microseconds_per_call(made) for _ in range(ROUNDS)]
    command = [sys.executable, __file__, "long-run"]
    before, peak = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    print(f"{'Accounting.add, µs per call':34}{'median':>9}{'best':>9}{'worst':>9}")
    what = f"{ROUNDS} rounds of {SAMPLES_PER_ROUND:,} samples"
    print(f"{what:34}{statistics.median(costs):>9.3f}{min(costs):>9.3f}{max(costs):>9.3f}\n")
    print(f"{'peak memory, MB':34}{'before':>9}{'after':>9}{'goal':>9}")
    print(f"{f'{SAMPLES:,} samples':34}{before:>9.1f}{peak:>9.1f}{f'< {GOAL_MB}':>9}")
    if peak >= GOAL_MB:
        print(f"\nFAIL: {peak:.1f} MB is more than the goal", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["long-run"]:
        long_run()
    else:
        sys.exit(main())
