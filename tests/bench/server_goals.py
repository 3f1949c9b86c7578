"""What `make bench-servers` is to show, as plain functions of what one run measured."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.bench.contenders import ECHO, LANE, PLAIN, RULES, UNFAULTED
from tests.bench.dialogue import HANDSHAKE_JSON
from tests.bench.load_tools import Arrivals, Measured

CONNECTIONS = 50
"""Where servers and load tools are compared."""
QUIET = 0.05
"""The share of the two cores that others may have before a run counts as disturbed."""
_SPREAD_FROM = 50
_AGREEMENT = 0.05
_TIMES_PLAIN, _AIM_TIMES_PLAIN = 10, 14
_OF_ECHO, _AIM_OF_ECHO = 0.45, 0.65
_P99_MS = 15
_SPREAD = 0.25
_FAULT_PLANE, _IDLE_RULES = 0.05, 0.15
_LATER_START_SECONDS = 0.4
_MORE_MEMORY_MB = 25
TARGETS = {"create": (1_000, 150), "verify": (5_000, 50), "balance": (10_000, 25)}
"""Calls per second, and ms that 95 % of them stay below."""
_WHOLE_RATE = 0.99

Cell = tuple[str, str, int]
"""A server, a mode, a number of connections."""
Read = Callable[[Measured], float]


@dataclass(frozen=True)
class Goal:
    """One line of the verdict; `held` is None when nothing was measured."""

    name: str
    measured: str
    limit: str
    held: bool | None
    doubtful: bool = False
    """It was measured while others disturbed, so that it proves nothing either way."""

    @property
    def verdict(self) -> str:
        """As it is printed."""
        return {True: "ok", False: "MISSED", None: "no data"}[self.held] + "?" * self.doubtful


@dataclass
class Results:
    """All that a run measured."""

    wrk: dict[Cell, list[Measured]] = field(default_factory=dict)
    engine: dict[Cell, list[Measured]] = field(default_factory=dict)
    starts: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    """RSS in MB with 1,000 open sessions."""
    targets: dict[str, Arrivals] = field(default_factory=dict)

    def runs(self) -> list[Measured]:
        """All runs of load tools but those of the targets."""
        return [each for cells in (self.wrk, self.engine) for rounds in cells.values() for each in rounds]

    def disturbed(self, *servers: str, tools: tuple[str, ...] = ("wrk",)) -> bool:
        """Whether one of `servers`, where they are compared, has only runs during which others disturbed."""
        cells = [
            (self.wrk if tool == "wrk" else self.engine).get(compared(name), []) for name in servers for tool in tools
        ]
        return any(all(each.others > QUIET for each in rounds) for rounds in cells if rounds)

    def median(self, cell: Cell, read: Read, tool: str = "wrk") -> float | None:
        """Over the quiet rounds, or over all; None when the cell was not measured, or no call was answered in it."""
        cells = self.wrk if tool == "wrk" else self.engine
        rounds = [each for each in cells.get(cell, ()) if each.calls_per_second]
        counted = [each for each in rounds if each.others <= QUIET] or rounds
        return statistics.median(map(read, counted)) if counted else None


def compared(server: str) -> Cell:
    """Where servers and load tools are compared."""
    return server, HANDSHAKE_JSON.name, CONNECTIONS


def rate(measured: Measured) -> float:
    """Calls per second."""
    return measured.calls_per_second


def p99(measured: Measured) -> float:
    """In ms."""
    return measured.p99_ms


def cpu(measured: Measured) -> float:
    """Of the server, in µs per call."""
    return measured.cpu_us_per_call


def quotient(top: float | None, bottom: float | None) -> float | None:
    """`top` / `bottom`, if there are both."""
    return top / bottom if top is not None and bottom else None


def judge(results: Results) -> Iterator[Goal]:
    """All goals, in the order in which they are printed."""
    yield from _rates(results)
    yield _agreement(results)
    yield from (_p99(results, "wrk"), _p99(results, "engine"), _flat_cost(results))
    yield _dearer(results, LANE, "CPU, fault plane without profile", _FAULT_PLANE)
    yield _dearer(results, RULES, "CPU, 20 rules that match nothing", _IDLE_RULES)
    yield _errors(results)
    for name, (per_second, milliseconds) in TARGETS.items():
        yield _target(name, per_second, milliseconds, results.targets.get(name))
    yield from _weight(results)


def _rates(results: Results) -> Iterator[Goal]:
    lane, plain, echo = (results.median(compared(name), rate) for name in (LANE, PLAIN, ECHO))
    times, share = quotient(lane, plain), quotient(lane, echo)
    limits = f">= {_TIMES_PLAIN}x, aim {_AIM_TIMES_PLAIN}x", f">= {_OF_ECHO:.0%}, aim {_AIM_OF_ECHO:.0%}"
    held = [None if seen is None else seen >= least for seen, least in ((times, _TIMES_PLAIN), (share, _OF_ECHO))]
    doubtful = [results.disturbed(LANE, other) for other in (PLAIN, ECHO)]
    yield Goal("lane / plain FastMCP", _text(times, "{:.1f}x"), limits[0], held[0], doubtful[0])
    yield Goal("lane / bare echo", _text(share, "{:.0%}"), limits[1], held[1], doubtful[1])


def _agreement(results: Results) -> Goal:
    ratio = engine_to_wrk(results, LANE)
    held = None if ratio is None else abs(ratio - 1) <= _AGREEMENT
    doubtful = results.disturbed(LANE, tools=("wrk", "engine"))
    return Goal("mcp-load / wrk against the lane", _text(ratio, "{:.3f}"), f"1 +- {_AGREEMENT}", held, doubtful)


def engine_to_wrk(results: Results, server: str) -> float | None:
    """How many calls per second mcp-load saw for each one that wrk saw."""
    cell = compared(server)
    return quotient(results.median(cell, rate, "engine"), results.median(cell, rate))


def _p99(results: Results, tool: str) -> Goal:
    seen = results.median(compared(LANE), p99, tool)
    name = {"wrk": "wrk", "engine": "mcp-load"}[tool]
    held = None if seen is None else seen < _P99_MS
    doubtful = results.disturbed(LANE, tools=(tool,))
    return Goal(f"p99 of the lane by {name}", _text(seen, "{:.1f} ms"), f"< {_P99_MS} ms", held, doubtful)


def _flat_cost(results: Results) -> Goal:
    numbers = {number for _, mode, number in results.wrk if mode == HANDSHAKE_JSON.name and number >= _SPREAD_FROM}
    pairs = ([results.median((name, HANDSHAKE_JSON.name, each), cpu) for name in (LANE, ECHO)] for each in numbers)
    costs = [ratio for lane, echo in pairs if (ratio := quotient(lane, echo)) is not None]
    spread = max(costs) / min(costs) - 1 if len(costs) > 1 else None
    held = None if spread is None else spread < _SPREAD
    name = f"CPU lane / echo, {_SPREAD_FROM} to {max(numbers, default=0):,} connections"
    return Goal(name, _text(spread, "varies {:.0%}"), f"< {_SPREAD:.0%}", held)


def _dearer(results: Results, name: str, goal: str, most: float) -> Goal:
    """How much more CPU than a server without the fault plane a call costs."""
    ratio = quotient(results.median(compared(name), cpu), results.median(compared(UNFAULTED), cpu))
    held = None if ratio is None else ratio - 1 < most
    more = None if ratio is None else ratio - 1
    return Goal(goal, _text(more, "{:+.1%}"), f"< {most:.0%}", held)


def _errors(results: Results) -> Goal:
    runs = results.runs()
    errors = sum(each.errors for each in runs)
    return Goal("errors in all runs", f"{errors:,}" if runs else "-", "0", errors == 0 if runs else None)


def _target(name: str, per_second: int, milliseconds: int, seen: Arrivals | None) -> Goal:
    limit = f"{per_second:,}/s, < {milliseconds} ms, 0"
    if seen is None:
        return Goal(f"payments {name}: rate, p95, errors", "-", limit, None)
    held = seen.calls_per_second >= _WHOLE_RATE * per_second and seen.p95_ms < milliseconds and not seen.errors
    measured = f"{seen.calls_per_second:,.0f}/s, {seen.p95_ms:,.0f} ms, {seen.errors:,}"
    return Goal(f"payments {name}: rate, p95, errors", measured, limit, held, seen.others > QUIET)


def _weight(results: Results) -> Iterator[Goal]:
    starts = [results.starts.get(name) for name in (LANE, PLAIN)]
    later = statistics.median(starts[0]) - statistics.median(starts[1]) if starts[0] and starts[1] else None
    held = None if later is None else later <= _LATER_START_SECONDS
    yield Goal("start, later than plain FastMCP", _text(later, "{:+.2f} s"), f"<= {_LATER_START_SECONDS} s", held)
    memory = [results.memory.get(name) for name in (LANE, PLAIN)]
    more = memory[0] - memory[1] if memory[0] is not None and memory[1] is not None else None
    held = None if more is None else more <= _MORE_MEMORY_MB
    yield Goal("memory above plain, 1,000 sessions", _text(more, "{:+.1f} MB"), f"<= {_MORE_MEMORY_MB} MB", held)


def _text(seen: float | None, form: str) -> str:
    return "-" if seen is None else form.format(seen)
