"""Calibration: a responder tells how long it really took; is that what a run reports?

Every row is a run against a responder in a process of its own: a schedule of service times, a model, a transport.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import orjson

from .responder import CONSTANT, STOP, Schedule
from .result import RunResult

RATE = 200.0
"""Calls per second of the open model."""
USERS = 4
"""Virtual users of the closed model."""
SCHEDULES: dict[Schedule, str] = {
    "constant": "5 ms",
    "mixture": "5 ms, each 100th 500 ms",
    "stop": "5 ms, a stop of 1 s",
}
Model = Literal["closed", "open"]
MODELS: tuple[Model, ...] = ("closed", "open")
HEADING = f"{'service time':26}{'model':8}{'transport':11}{'':5}{'true ms':>9}{'reported':>10}{'error':>8}"
_ABSOLUTE_MS, _RELATIVE = 0.3, 0.01
_SECONDS_TO_START = 10.0


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
        return self.error_ms is not None and abs(self.error_ms) < _ABSOLUTE_MS + _RELATIVE * self.true_ms


def compare(
    schedule: Schedule, model: Model, transport: str, seconds: float, recorded: list[float], result: RunResult
) -> list[Row]:
    """The rows of one run that lasted `seconds`; `recorded` are the service times that the responder measured.

    Reported are service times in the closed model and response times in the open one. A full stop is no service time
    of the responder's clock, which stops too: there the open model's p99 comes from queueing theory.
    """
    reported = result.measured.service if model == "closed" else result.measured.response
    rows = []
    for percentile, value in ((50, reported.median), (99, reported.p99)):
        true = nearest_rank(recorded, percentile) * 1000
        if schedule == "stop" and model == "open" and percentile == 99:  # noqa: PLR2004 - the percentile
            true = (CONSTANT + stalled_percentile(percentile, seconds)) * 1000
        rows.append(Row(schedule, model, transport, percentile, true, value))
    return rows


def nearest_rank(values: list[float], percentile: float) -> float:
    """The value at a percentile, by the rule that HDR histograms use."""
    rank = max(1, int(percentile / 100 * len(values) + 0.5))
    return sorted(values)[rank - 1]


def stalled_percentile(percentile: float, seconds: float) -> float:
    """Waiting time at a percentile, when a steady stream of `seconds` meets a server that stops once for STOP.

    Who comes in a stop waits for its end: times spread evenly over [0, STOP], for the share STOP / seconds of all.
    """
    return max(0.0, STOP - (1 - percentile / 100) * seconds)


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
    run: Callable[[str, str, Model], Awaitable[RunResult]],
    on_rows: Callable[[list[Row]], None],
) -> list[Row]:
    """Make every run, one after another: `run` is given (URL, transport, model); `on_rows` gets rows as they come."""
    rows: list[Row] = []
    for schedule in SCHEDULES:
        for model in MODELS:
            for transport in transports:
                async with responding(schedule) as responder:
                    result = await run(responder.url, transport, model)
                    new = compare(schedule, model, transport, seconds, await responder.end(), result)
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
