"""The flags of `mcp-load calculator`."""

import secrets
from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from formats.durations import Duration, format_duration

from ..executors.closed import ConstantVus
from ..plan import Plan
from ..workloads.calculator import CalculatorWorkload
from .common import LoadOptions, Users
from .target import Url


class CalculatorOptions(LoadOptions):
    """The flags of `mcp-load calculator`."""

    url: Url = "http://127.0.0.1:8100"
    vus: Annotated[
        Users, Parameter(help="Virtual users: MCP clients that make requests one after another, each in its session.")
    ] = 10
    duration: Annotated[
        Duration, Field(gt=0), Parameter(help="How long new calls are begun, such as 30s or 1m30s.", show_default="30s")
    ] = 30.0

    def plan(self) -> Plan:
        """The run that these flags mean; drawn numbers are new for each call."""
        seed = self.drawn_seed()
        workload = CalculatorWorkload(seed)
        return self.make_plan(
            ["calculator"],
            seed,
            ConstantVus(self.vus, self.duration),
            ["--vus", str(self.vus), "--duration", format_duration(self.duration)],
            users="--vus",
            run_id=secrets.token_hex(4),
            workload=workload,
            targets=(),
        )
