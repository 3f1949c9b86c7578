import asyncio
from dataclasses import replace

import pytest

from loadgen.health import HealthMonitor, judge_generator
from loadgen.metrics import NO_VALUES, TrendSummary
from tests.support.clock import FakeClock


def lag(p99: float) -> TrendSummary:
    return replace(NO_VALUES, count=1000, p95=p99, p99=p99)


@pytest.mark.parametrize(
    ("loop", "cpu", "schedule", "open_model", "reason"),
    [
        (1, 0.5, 1, True, None),
        (1, 0.99, 1, False, None),
        (1, 0.99, 1, True, "99% of its core"),
        (35, 0.5, 1, False, "event loop was 35 ms late"),
        (1, 0.5, 50, True, "began 50 ms or more after"),
        (1, 0.5, 50, False, None),
    ],
)
def test_the_generator_was_the_limit_when_it_was_late_or_used_its_core_up(
    loop: float, cpu: float, schedule: float, open_model: bool, reason: str | None
) -> None:
    health = judge_generator(lag(loop), cpu, lag(schedule), open_model=open_model)
    assert health.limited == (reason is not None)
    assert reason is None or reason in str(health.reason)


def test_without_figures_there_is_no_verdict_against_it() -> None:
    assert not judge_generator(NO_VALUES, None, NO_VALUES, open_model=True).limited


async def test_a_loop_in_time_has_no_lag() -> None:
    clock = FakeClock()
    async with HealthMonitor(clock, cpu_seconds=lambda: (clock.now() - 1000) / 2) as monitor:
        await clock.sleep(3.0)
    health = monitor.summary()
    assert health.cpu_share == pytest.approx(0.5)
    assert health.loop_lag.count > 100
    assert health.loop_lag.maximum == pytest.approx(0, abs=0.001)


async def test_what_happens_after_the_end_does_not_count() -> None:
    clock = FakeClock()
    async with HealthMonitor(clock, cpu_seconds=clock.now) as monitor:
        await clock.sleep(1.0)
    before = monitor.summary()
    await clock.sleep(60.0)
    assert monitor.summary() == before


async def test_an_error_inside_comes_out_as_it_is() -> None:
    async def fail() -> None:
        async with HealthMonitor(FakeClock()):
            await asyncio.sleep(0)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        await fail()
