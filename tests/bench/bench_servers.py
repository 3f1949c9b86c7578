"""`make bench-servers`: mcp-serve with and without its fast lane, plain FastMCP, and a bare ASGI echo, on one core.

All servers have the first core, one load tool at a time has the second. Alternating rounds of wrk and, where they can
be compared, of mcp-load; medians, ratios, and the goals with their verdicts; a goal that is missed, in
doubt, or without data gives exit code 1. Only ratios mean something on a shared machine. Flags make it shorter:
`python -m tests.bench.bench_servers --help`.

wrk sends all calls in one session, each with an id of its own, and looks at no reply: one is checked beforehand, and
the size of the others compared with it. mcp-load has a session per virtual user and checks every reply. The echo
answers with what mcp-serve answered to the same call. Idle servers stay up between their turns. A run during which
anything else had more than 5 % of the two cores counts only where there is no better one, and then the verdict has a
question mark.

In SSE mode a modern call is answered with JSON all the same, so that there is no fourth mode.
"""

import argparse
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from tests.bench.contenders import LANE, PLAIN, VARIANTS, Variant, fleet
from tests.bench.dialogue import HANDSHAKE_JSON, MODES, Mode, open_sessions
from tests.bench.load_tools import run_engine, run_target, run_wrk
from tests.bench.served import LOAD_CORE, SERVER_CORE, Served, serving
from tests.bench.server_goals import (
    CONNECTIONS,
    QUIET,
    TARGETS,
    Read,
    Results,
    compared,
    cpu,
    engine_to_wrk,
    judge,
    p99,
    quotient,
    rate,
)

T = TypeVar("T")
SESSIONS = 1_000
_BETWEEN_SECONDS = 0.9
"""What one measurement takes besides itself: the session, the reply that is checked, what is left to be done."""
_ATTEMPTS = 3
_PAYMENTS = ("-m", "servers", "payments", "--port", "{port}")


def measure_start(results: Results, options: argparse.Namespace) -> None:
    """How soon a server answers, round by round, and what it weighs with many sessions open."""
    contenders = [each for each in options.servers if each.name in {LANE, PLAIN}]
    for turn in range(options.rounds):
        for variant in contenders:
            command = [part.replace("{response}", "json") for part in variant.command]
            with serving(command) as server:
                results.starts.setdefault(variant.name, []).append(server.start_seconds)
                if turn == 0:
                    open_sessions(server.port, SESSIONS)
                    results.memory[variant.name] = server.rss_mb()


def measure_targets(results: Results, seconds: int) -> None:
    """The payments targets, each again when it was disturbed; the quietest attempt counts."""
    with serving(_PAYMENTS) as server:
        for name in TARGETS:
            for _ in range(_ATTEMPTS):
                seen = run_target(server, name, seconds)
                known = results.targets.get(name)
                results.targets[name] = seen if known is None or seen.others < known.others else known
                if seen.others <= QUIET:
                    break


def measure_rounds(results: Results, options: argparse.Namespace, began: float) -> int:
    """All servers in all modes; returns how many rounds there was time for."""
    with fleet() as running:
        for turn in range(options.rounds):
            round_began = time.monotonic()
            for mode in options.modes:
                for connections in options.connections:
                    here = [each for each in options.servers if each.everywhere or _is_compared(mode, connections)]
                    for variant in _rotated(here, turn):  # nobody is always the first
                        _measure(results, running.server(variant, mode), variant, mode, connections, options.seconds)
            took = time.monotonic() - round_began
            print(f"round {turn + 1} of {options.rounds}: {took:.0f} s", file=sys.stderr)
            if time.monotonic() - began + took > options.minutes * 60 and turn + 1 < options.rounds:
                print(f"no time for another round (--minutes {options.minutes:g})", file=sys.stderr)
                return turn + 1
    return int(options.rounds)


def _is_compared(mode: Mode, connections: int) -> bool:
    return mode == HANDSHAKE_JSON and connections == CONNECTIONS


def _rotated(servers: list[Variant], turn: int) -> list[Variant]:
    first = turn % len(servers)
    return servers[first:] + servers[:first]


def _measure(results: Results, server: Served, variant: Variant, mode: Mode, connections: int, seconds: int) -> None:
    cell = (variant.name, mode.name, connections)
    results.wrk.setdefault(cell, []).append(run_wrk(server, mode, connections, seconds))
    if variant.is_mcp and _is_compared(mode, connections):
        results.engine.setdefault(cell, []).append(run_engine(server, mode, connections, seconds))


_ROWS = (("calls/s, by connections", rate, ",.0f"), ("CPU, µs per call", cpu, ",.1f"))
_COMPARED = ((p99, "wrk", 13, ",.1f"), (p99, "engine", 17, ",.1f"), (rate, "engine", 18, ",.0f"))


def _tables(results: Results, options: argparse.Namespace, rounds: int) -> Iterator[str]:
    what = f"medians of {rounds} rounds of {options.seconds} s"
    for mode in options.modes:
        yield f"\n{mode.name} ({mode.version}), {what}"
        for heading, read, form in _ROWS:
            yield f"{heading:26}" + "".join(f"{number:>11,}" for number in options.connections)
            for variant in options.servers:
                yield f"  {variant.label:24}" + _row(results, options, variant.name, mode, read, form)
            yield from _ratios(results, options, mode, read)
    yield f"\n{HANDSHAKE_JSON.name}, {CONNECTIONS} connections"
    yield f"{'':26}{'p99 ms wrk':>13}{'p99 ms mcp-load':>17}{'calls/s mcp-load':>18}{'of wrk':>9}"
    for variant in options.servers:
        cell = compared(variant.name)
        row = "".join(_cell(results.median(cell, read, tool), width, form) for read, tool, width, form in _COMPARED)
        yield f"  {variant.label:24}{row}{_cell(engine_to_wrk(results, variant.name), 9, '.3f')}"


def _ratios(results: Results, options: argparse.Namespace, mode: Mode, read: Read) -> Iterator[str]:
    for variant in options.servers:
        if variant.name == LANE:
            continue
        row = ""
        for number in options.connections:
            lane, other = (results.median((name, mode.name, number), read) for name in (LANE, variant.name))
            row += _cell(quotient(lane, other), 11, ".2f")
        yield f"  {'lane / ' + variant.label.removeprefix('mcp-serve '):24}{row}"


def _row(results: Results, options: argparse.Namespace, name: str, mode: Mode, read: Read, form: str) -> str:
    return "".join(_cell(results.median((name, mode.name, number), read), 11, form) for number in options.connections)


def _cell(value: float | None, width: int, form: str) -> str:
    return f"{'-' if value is None else format(value, form):>{width}}"


def _verdicts(results: Results) -> Iterator[str]:
    starts = ", ".join(f"{name} {sorted(each)[len(each) // 2]:.2f} s" for name, each in results.starts.items())
    memory = ", ".join(f"{name} {each:.1f} MB" for name, each in results.memory.items())
    yield f"\nfirst answer after exec: {starts or '-'}; RSS with {SESSIONS:,} sessions: {memory or '-'}"
    shares = [each.others for each in results.runs()]
    disturbed = sum(share > QUIET for share in shares)
    yield f"others took over {QUIET:.0%} of both cores in {disturbed} of {len(shares)} runs, which count"
    quietest = ", ".join(f"{name} {each.others:.0%}" for name, each in results.targets.items())
    yield f"only where none was quiet (the verdict has a ?); during the payments targets: {quietest or '-'}"
    yield f"\n{'goal':40}{'measured':>26}  limit"
    yield from (f"{goal.name:40}{goal.measured:>26}  {goal.limit:22}{goal.verdict:>8}" for goal in judge(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_servers", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("--connections", type=_numbers, default="1,50,200,1000", help="(1,50,200,1000)")
    modes, servers = {each.name: each for each in MODES}, {each.name: each for each in VARIANTS}
    parser.add_argument("--modes", type=_chosen(modes), default=",".join(modes), help=f"({','.join(modes)})")
    parser.add_argument("--servers", type=_chosen(servers), default=",".join(servers), help=f"({','.join(servers)})")
    parser.add_argument("--target-seconds", type=int, default=8, help="of each payments target; 0 leaves them out (8)")
    parser.add_argument("--minutes", type=float, default=30, help="begin no second round that would end later (30)")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _chosen(known: Mapping[str, T]) -> Callable[[str], list[T]]:
    def choose(text: str) -> list[T]:
        unknown = [part for part in text.split(",") if part not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return [known[part] for part in text.split(",")]

    return choose


def _announce(options: argparse.Namespace) -> None:
    everywhere = [each for each in options.servers if each.everywhere]
    runs = len(options.modes) * len(options.connections) * len(everywhere) + len(options.servers) - len(everywhere)
    runs = options.rounds * (runs + sum(each.is_mcp for each in options.servers))  # those are of mcp-load
    minutes = (runs * (options.seconds + _BETWEEN_SECONDS) + (options.target_seconds + 2) * len(TARGETS)) / 60 + 1
    print(f"about {minutes:.0f} min; no further round begins that would end after {options.minutes:g}", file=sys.stderr)


def main() -> int:
    """Measure and print; 1 when a goal was missed, or judged by nothing or by disturbed runs only."""
    options = _options()
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        sys.exit("two cores are needed: one for the server, one for the load.")
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk.")
    os.sched_setaffinity(0, {LOAD_CORE})
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    began = time.monotonic()
    _announce(options)
    results = Results()
    measure_start(results, options)
    if options.target_seconds:
        measure_targets(results, options.target_seconds)
    rounds = measure_rounds(results, options, began)
    print("\n".join([*_tables(results, options, rounds), *_verdicts(results)]))
    print(f"\ntook {(time.monotonic() - began) / 60:.1f} min")
    return 0 if all(goal.held and not goal.doubtful for goal in judge(results)) else 1


if __name__ == "__main__":
    sys.exit(main())
