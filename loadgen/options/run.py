"""The flags of `mcp-load run`: a plan, bundled or of one's own."""

import math
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from cyclopts import Parameter
from pydantic import BaseModel, Field, ValidationError

from formats.durations import Duration, format_duration
from formats.errors import InvalidInput, complaint

from ..analyses import BreakingPointGoal, Drift, MemoryGrowth, Overhead, Recovery, Sessions, Uptime
from ..clock import SystemClock
from ..engine import ServerWatch
from ..open_files import allow_open_files
from ..plan import Analysis, Plan
from ..plan_file import load_suite
from ..reports.file import check_writable
from ..server_watch import MetricsWatch, ProcessWatch
from ..suite import Suite
from .common import LoadOptions, Protocol, Users
from .files import Reports, read_outputs
from .target import Url

_PORTS = {"calculator": 8100, "payments": 8000, "generic": 8000}
_MOST_TICKS = 600
_SHORTEST_TICK, _LONGEST_TICK = 0.1, 1.0
_ROUND_TRIPS = 200
_PlannedProtocol = Annotated[
    Protocol | None, Parameter(help="MCP version to speak, or auto.", show_default="the plan's")
]
_PlannedTimeout = Annotated[
    Duration | None,
    Field(gt=0),
    Parameter(env_var="LOAD_TEST_TIMEOUT", help="Longest time for one request.", show_default="the plan's"),
]
_MoreSuccess = Annotated[
    float | None,
    Field(ge=0, le=100, allow_inf_nan=False),
    Parameter(help="Also fail when fewer requests succeed, in per cent.", show_default=False),
]


class _Variables(BaseModel):
    """What the environment says about the size of a small plan."""

    duration: Annotated[Duration, Field(gt=0)] | None = Field(None, alias="TEST_DURATION")
    vus: Users | None = Field(None, alias="TEST_VUS")


class RunOptions(LoadOptions):
    """The flags of `mcp-load run NAME|FILE`."""

    url: Annotated[Url, Parameter(show_default="http://127.0.0.1, port 8100; payments and generic 8000")] = (
        "http://127.0.0.1:8100"
    )
    workload: Annotated[
        Literal["calculator", "payments", "generic"] | None,
        Parameter(help="What is called; generic: all read-only tools of any server.", show_default="the plan's"),
    ] = None
    tool: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, help="With --workload generic: call this tool; repeatable."),
    ] = ()
    scale: Annotated[
        float,
        Field(gt=0, le=1, allow_inf_nan=False),
        Parameter(help="Shrinks stages, probes, windows and delays, such as 0.01; not time-outs and rates."),
    ] = 1.0
    duration: Annotated[
        Duration | None,
        Field(gt=0),
        Parameter(help="Of plans with constant virtual users, such as quick: how long; or TEST_DURATION."),
    ] = None
    vus: Annotated[
        Users | None,
        Parameter(help="Of plans with constant virtual users, such as quick: how many; or TEST_VUS."),
    ] = None
    find_capacity: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="stress: search with calls per second instead of users."),
    ] = False
    pid: Annotated[
        int | None, Field(ge=1), Parameter(help="Process of a local server: its memory is read from the system.")
    ] = None
    repeat: Annotated[
        int, Field(ge=1, le=1000), Parameter(help="Make so many runs, for compare; files are numbered.")
    ] = 1
    save: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Also save all reports under results/ by date."),
    ] = False
    protocol: _PlannedProtocol = None  # type: ignore[assignment]  # what the flag does not say, the plan does
    timeout: _PlannedTimeout = None  # type: ignore[assignment]  # as above
    min_success: _MoreSuccess = None  # type: ignore[assignment]  # the plan has criteria

    def read(self, name: str) -> Suite:
        """The plan `name`.

        Raises:
            InvalidInput: there is none, or it is not right.
        """
        return load_suite(name)

    def sized(self, suite: Suite, environment: Mapping[str, str]) -> Self:
        """These flags with TEST_DURATION and TEST_VUS, for a plan of one constant-vus scenario such as quick.

        They are no flags: whoever sets them for quick can still run the other plans.

        Raises:
            InvalidInput: a variable that counts has a value that makes no sense.
        """
        if [keys.executor for keys in suite.keys.values()] != ["constant-vus"]:
            return self
        missing = {"TEST_DURATION": self.duration, "TEST_VUS": self.vus}
        given = {name: environment[name] for name in missing if missing[name] is None and environment.get(name)}
        try:
            variables = _Variables.model_validate(given)
        except ValidationError as error:
            raise InvalidInput([f"{each['loc'][0]} {complaint(each)}" for each in error.errors()]) from error
        return self.model_copy(update=variables.model_dump(exclude_none=True))

    def plan_of(self, suite: Suite, words: list[str]) -> Plan:
        """The run that these flags mean; drawn numbers are new for each call.

        Raises:
            InvalidInput: the plan cannot be run like that.
        """
        seed, run_id = self.drawn_seed(), secrets.token_hex(4)
        workload = self.workload or suite.workload
        tools = self.tool or None
        if tools and workload != "generic":
            raise InvalidInput([f"--tool is for --workload generic, and this run calls {workload}"])
        scenarios = suite.scenarios(
            seed,
            run_id,
            workload=self.workload,
            scale=self.scale,
            duration=self.duration,
            vus=self.vus,
            arrival_rates=self.find_capacity,
            tools=tools,
        )
        try:
            allow_open_files(sum(scenario.executor.max_vus for scenario in scenarios))
        except InvalidInput as error:
            raise InvalidInput([f"{suite.name} has too many users: {problem}" for problem in error.problems]) from error
        url = self.url if "url" in self.model_fields_set else f"http://127.0.0.1:{_PORTS[workload]}/mcp"
        lasts = self.duration or suite.lasts(self.scale)
        return Plan(
            name=suite.name,
            url=url,
            seed=seed,
            run_id=run_id,
            timeout=suite.timeout if self.timeout is None else self.timeout,
            min_success=self.min_success,
            scenarios=scenarios,
            targets=(),
            command=("mcp-load", "run", *words, *self._flags(url, seed)),
            warm_up_seconds=suite.warm_up_at(self.scale),
            protocol=self.protocol or suite.protocol,
            retry_lost=self.retry_lost,
            description=suite.description,
            scale=self.scale,
            thresholds=suite.criteria(workload=self.workload, scale=self.scale, tools=tools),
            analyses=tuple(self._analyses(suite)),
            tick=min(_LONGEST_TICK, max(_SHORTEST_TICK, lasts / _MOST_TICKS)) if math.isfinite(lasts) else 1.0,
            round_trips=_ROUND_TRIPS if "overhead" in suite.find else 0,
        )

    def reports_of(self, suite: Suite) -> Reports:
        """The files that are asked for, by flags or by the plan.

        Raises:
            InvalidInput: one cannot be written.
        """
        for kind, path in suite.outputs.items():
            if kind not in self.reports.files:
                check_writable(Path(path), f"{suite.path}: outputs.{kind}")
        reports = Reports(
            {**read_outputs(f"{kind}={path}" for kind, path in suite.outputs.items()), **self.reports.files}
        )
        reports.check()
        return reports.beside(suite.path)

    def server_watch(self, plan: Plan) -> ServerWatch:
        """What looks at the server's process while `plan` runs.

        Raises:
            InvalidInput: there is no process --pid.
        """
        parts = urlsplit(plan.url)
        page = MetricsWatch(
            self.endpoint_of(f"{parts.scheme}://{parts.netloc}/metrics").connect, SystemClock(), plan.tick
        )
        return page if self.pid is None else ProcessWatch(self.pid, page)

    def _flags(self, url: str, seed: int) -> Iterator[str]:
        yield from ("--url", url, "--seed", str(seed))
        if self.workload is not None:
            yield from ("--workload", self.workload)
        for tool in self.tool:
            yield from ("--tool", tool)
        if self.scale != 1:
            yield from ("--scale", f"{self.scale:g}")
        if self.duration is not None:
            yield from ("--duration", format_duration(self.duration))
        if self.vus is not None:
            yield from ("--vus", str(self.vus))
        yield from ["--find-capacity"] * self.find_capacity
        if self.protocol is not None:
            yield from ("--protocol", self.protocol)
        if self.timeout is not None:
            yield from ("--timeout", format_duration(self.timeout))
        if self.min_success is not None:
            yield from ("--min-success", f"{self.min_success:g}")
        yield from ["--retry-lost"] * self.retry_lost
        if self.transport != "raw":
            yield from ("--transport", self.transport)

    def _analyses(self, suite: Suite) -> Iterator[Analysis]:
        goals = suite.goals(workload=self.workload, arrival_rates=self.find_capacity)
        for name in suite.find:
            match name:
                case "breaking-point":
                    if "breaking-point" in goals:
                        searches = suite.searches(self.workload, self.tool or None)
                        yield BreakingPointGoal(goals["breaking-point"], searches)
                case "recovery":
                    yield Recovery()
                case "memory-growth":
                    yield MemoryGrowth(goals.get("memory-growth"))
                case "drift":
                    yield Drift()
                case "sessions":
                    yield Sessions()
                case "uptime":
                    yield Uptime(goals.get("uptime"))
                case "overhead":
                    yield Overhead()
