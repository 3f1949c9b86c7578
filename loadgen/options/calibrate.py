"""The flags of `mcp-load calibrate`, and the runs that they mean."""

import secrets
from collections.abc import Callable
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import BaseModel, ConfigDict, Field

from formats.durations import Duration

from ..calibrate import RATE, Case, Row, calibrate
from ..client.endpoint import Endpoint
from ..clock import SystemClock
from ..engine import Engine
from ..executors.closed import SharedIterations
from ..executors.open import ConstantArrivalRate
from ..interruption import Interruption
from ..outputs.console import Silence
from ..plan import Executor, Plan, Scenario
from ..result import RunResult
from ..workloads.generic import GenericWorkload


class CalibrateOptions(BaseModel):
    """The flags of `mcp-load calibrate`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    transport: Annotated[
        tuple[Literal["raw", "aiohttp"], ...],
        Parameter(negative="", help="Transports to calibrate; repeatable."),
    ] = ("raw", "aiohttp")
    duration: Annotated[
        Duration, Field(ge=4), Parameter(help="How long each of the runs lasts, 4 s or more.", show_default="8s")
    ] = 8.0


async def run_calibration(options: CalibrateOptions, on_rows: Callable[[list[Row]], None]) -> list[Row]:
    """Make all runs of a calibration; `on_rows` gets the rows of each as it ends."""

    async def run(url: str, case: Case) -> RunResult:
        endpoint = Endpoint(url, "raw" if case.transport == "raw" else "aiohttp")
        engine = Engine(_plan(url, case), lambda _: endpoint.connect(), SystemClock(), Silence())
        interruption = Interruption()
        with interruption.on_signals():
            return await engine.run(interruption)

    return await calibrate(options.transport, options.duration, run, on_rows)


def _plan(url: str, case: Case) -> Plan:
    executor: Executor = SharedIterations(case.users, case.calls)
    if case.model == "open":
        executor = ConstantArrivalRate(RATE, (case.calls - 0.5) / RATE, case.users, case.most_users)
    return Plan(
        name="calibration",
        url=url,
        seed=1,
        run_id=secrets.token_hex(4),
        timeout=30.0,
        min_success=100.0,
        scenarios=(Scenario("calibration", executor, GenericWorkload(1, {"answer": 1}, {})),),
        targets=(),
        command=("mcp-load", "calibrate"),
    )
