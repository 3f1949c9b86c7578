"""Calibration: a responder tells how long it really took; is that what a run reports?

Every row is a run against a responder in a process of its own: a schedule of service times, a model, a transport.
"""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import orjson

from .responder import CONSTANT, EVERY, SLOW, STOP, STOP_AFTER, Schedule
from .result import RunResult

RATE = 125.0
"""Calls per second of the open model: 8 ms apart, none is due when a reply comes, 5 or 500 ms after its call."""
SCHEDULES: dict[Schedule, str] = {
    "constant": "5 ms",
    "mixture": "5 ms, each 100th 500 ms",
    "stop": "5 ms, a stop of 1 s",
}
Model = Literal["closed", "open"]
MODELS: tuple[Model, ...] = ("closed", "open")
_ALLOWED_MS, _RELATIVE = 0.3, 0.01
_FEW = 4
"""Users of the open model: one call takes 5 ms of 8, a slow one 500 ms of 800, so two are ever busy at a time."""
_IN_A_STOP = math.ceil(STOP * RATE)
_SECONDS_TO_START = 10.0
HEADING = f"""\
closed: 1 virtual user, service times; open: {RATE:g} calls/s, response times
!: off by {_RELATIVE:.0%} + {_ALLOWED_MS:g} ms or more

{"service time":26}{"model":8}{"transport":11}{"":5}{"true ms":>9}{"reported":>10}{"error":>8}"""


@dataclass(frozen=True, slots=True)
class Case:
    """One run of `calls` calls, by virtual users few enough for the generator not to be the limit."""

    schedule: Schedule
    model: Model
    transport: str
    calls: int

    @property
    def users(self) -> int:
        """With a session from the start. Several in a closed model would get replies at a time, and wait in line."""
        if self.model == "closed":
            return 1
        return _FEW + (_IN_A_STOP if self.schedule == "stop" else 0)

    @property
    def most_users(self) -> int:
        """Enough to drop no call of an open model when this machine, or a responder that should not, halts a while."""
        return 1 if self.model == "closed" else _FEW + 2 * _IN_A_STOP


@dataclass(frozen=True, slots=True)
class Row:
    """One percentile of one run, in milliseconds: what is true, and what was reported."""

    schedule: Schedule
    model: Model
    transport: str
    percentile: int
    true_ms: float
    reported_ms: float | None

    @property
    def error_ms(self) -> float | None:
        """How far the report is off."""
        return None if self.reported_ms is None else self.reported_ms - self.true_ms

    @property
    def within(self) -> bool:
        """Whether that is below 0.3 ms + 1 %."""
        return self.error_ms is not None and abs(self.error_ms) < _ALLOWED_MS + _RELATIVE * self.true_ms


def calls_within(schedule: Schedule, model: Model, seconds: float) -> int:
    """How many calls fit into `seconds`: half a hundred less than some hundreds.

    Slow are the calls 1, 101, 201, …: one more than 1 % of such a number, so p99 is the time of a slow call. Of a whole
    number of hundreds exactly 1 % were slow, and p99 the slowest of all others: nothing but noise.
    """
    mean = ((EVERY - 1) * CONSTANT + SLOW) / EVERY if schedule == "mixture" else CONSTANT
    each = mean if model == "closed" else 1 / RATE
    return max(2, int(seconds / each / EVERY)) * EVERY - EVERY // 2


def compare(case: Case, recorded: list[float], result: RunResult) -> list[Row]:
    """The rows of one run; `recorded` are the service times that the responder measured.

    Reported are service times in the closed model and response times in the open one; nothing is, when these are not
    the times of the same calls. A full stop is no service time of the responder's clock, which stops too: in the open
    model the wait for its end comes from queueing theory.
    """
    measured = result.measured
    reported = measured.service if case.model == "closed" else measured.response
    same = case.calls == len(recorded) == measured.ok
    truth = stalled(recorded) if case.schedule == "stop" and case.model == "open" else recorded
    return [
        Row(
            case.schedule,
            case.model,
            case.transport,
            percentile,
            nearest_rank(truth, percentile) * 1000,
            value if same else None,
        )
        for percentile, value in ((50, reported.median), (99, reported.p99))
    ]


def nearest_rank(values: list[float], percentile: float) -> float:
    """The value at a percentile, by the rule that `Trend` has, too, but of the very values; 0 without any."""
    rank = max(1, math.ceil(round(percentile / 100 * len(values), 6)))
    return sorted(values)[rank - 1] if values else 0.0


def stalled(recorded: Sequence[float]) -> list[float]:
    """Response times of calls 1 / RATE apart to a server that halts for STOP: each waits for the stop's end.

    What the server then really took over each is `recorded`: it has a whole second of calls to read at once.
    """
    end = STOP_AFTER + STOP
    dues = (n / RATE for n in range(len(recorded)))
    return [
        seconds + (end - due if STOP_AFTER <= due < end else 0.0) for due, seconds in zip(dues, recorded, strict=True)
    ]


def render(rows: list[Row]) -> str:
    """Lines of the table under HEADING, 80 columns at most; `!` marks what is off."""
    lines = []
    for row in rows:
        reported = "n/a" if row.reported_ms is None else f"{row.reported_ms:.2f}"
        error = "n/a" if row.error_ms is None else f"{row.error_ms:+.2f}"
        lines.append(
            f"{SCHEDULES[row.schedule]:26}{row.model:8}{row.transport:11}p{row.percentile:<4}{row.true_ms:>9.2f}"
            f"{reported:>10}{error:>8}{'' if row.within else ' !'}"
        )
    return "\n".join(lines) + "\n"


async def calibrate(
    transports: Sequence[str],
    seconds: float,
    run: Callable[[str, Case], Awaitable[RunResult]],
    on_rows: Callable[[list[Row]], None],
) -> list[Row]:
    """Make every run, one after another: `run` is given its URL and what it is; `on_rows` gets rows as they come."""
    rows: list[Row] = []
    for schedule in SCHEDULES:
        for model in MODELS:
            for transport in transports:
                case = Case(schedule, model, transport, calls_within(schedule, model, seconds))
                async with responding(schedule) as responder:
                    result = await run(responder.url, case)
                    new = compare(case, await responder.end(), result)
                on_rows(new)
                rows += new
    return rows


class Responder:
    """A responder process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}/mcp"

    async def end(self) -> list[float]:
        """Let it stop; how long it took over each call, in seconds."""
        async with asyncio.timeout(_SECONDS_TO_START):
            out, _ = await self._process.communicate(b"")
        seconds: list[float] = orjson.loads(out)
        return seconds


@asynccontextmanager
async def responding(schedule: Schedule) -> AsyncIterator[Responder]:
    """A responder that runs until the end of the `with` block."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadgen.responder", schedule, stdin=pipe, stdout=pipe
    )
    try:
        async with asyncio.timeout(_SECONDS_TO_START):
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            port = int(await process.stdout.readline())
        yield Responder(process, port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
