import asyncio
import io
import threading
from collections.abc import Callable

import pytest

from loadgen.clock import Clock
from loadgen.outputs.console import ProgressBar, ProgressLines
from loadgen.progress import Progress


class StepClock:
    """A clock whose sleeps end as soon as `steps` allows, and say so."""

    def __init__(self, steps: int) -> None:
        self.slept: list[float] = []
        self.done = asyncio.Event()
        self._steps = steps

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > self._steps:
            self.done.set()
            await asyncio.Event().wait()


async def watched(
    make: Callable[[io.StringIO, Clock], ProgressLines | ProgressBar], steps: int
) -> tuple[str, StepClock]:
    stream, clock = io.StringIO(), StepClock(steps)
    shares = iter(n / 10 for n in range(100))
    watching = asyncio.create_task(
        make(stream, clock).watch(lambda: Progress(1_500, 2, 3.0, next(shares), vus=10, rate=480.0, p95_ms=7.25))
    )
    await clock.done.wait()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    return stream.getvalue(), clock


async def test_lines_come_every_five_seconds_and_at_the_end() -> None:
    written, clock = await watched(ProgressLines, steps=2)
    assert written.splitlines() == [
        "  0%  10 VUs, 480/s, p95 7.2 ms, 2 failed",
        " 10%  10 VUs, 480/s, p95 7.2 ms, 2 failed, 27s left",
        " 20%  10 VUs, 480/s, p95 7.2 ms, 2 failed, 12s left",
    ]
    assert clock.slept == [5.0, 5.0, 5.0]


async def test_the_bar_shows_share_and_counts_and_goes_away_at_the_end() -> None:
    written, clock = await watched(ProgressBar, steps=3)
    assert "10 VUs, 480/s, p95 7.2 ms, 2 failed" in written
    assert "7s left" in written
    assert "30%" in written
    assert clock.slept == [0.1] * 4
    assert written.endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(0, 0, 0.0, 0.0), "0 VUs, 0/s, 0 failed"),
        (Progress(1_500, 2, 3.0, 0.0), "0 VUs, 500/s, 2 failed"),
        (Progress(1_500, 0, 3.0, 0.01, vus=1_000), "1,000 VUs, 500/s, 0 failed"),
        (Progress(9, 1, 3.0, 0.5, dropped=4_000), "0 VUs, 3/s, 1 failed, 4,000 dropped, 3s left"),
        (Progress(9, 1, 60.0, 0.25, rate=0.0), "0 VUs, 0/s, 1 failed, 3m left"),
        (Progress(9, 1, 60.0, 1.0, rate=5.0, p95_ms=1234.56), "0 VUs, 5/s, p95 1,234.6 ms, 1 failed"),
    ],
)
def test_a_line_has_what_is_known_so_far(progress: Progress, line: str) -> None:
    assert str(progress) == line


async def test_a_stream_that_takes_nothing_does_not_hold_the_loop_up() -> None:
    released = threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            released.wait(20)
            return len(text)

    watching = asyncio.create_task(ProgressLines(Stuck(), StepClock(9)).watch(lambda: Progress(1, 0, 1.0, 0.5)))
    turns = 0
    while turns < 100:  # the loop still turns
        await asyncio.sleep(0)
        turns += 1
    assert not watching.done()
    released.set()
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
