"""The flags of `mcp-load tool` and `mcp-load tools`: any MCP server."""

import secrets
from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from formats.durations import Duration, format_duration

from ..executors.closed import ConstantVus, SharedIterations
from ..executors.open import ConstantArrivalRate
from ..plan import Executor, Plan
from ..workloads.generic import GenericWorkload
from .common import MOST_USERS, LoadOptions, Protocol, Users
from .target import Url

_SECONDS = 30.0
_HIGHEST_RATE = 100_000
"""Calls per second, several times what one process can make."""
_USERS_PER_RATE = 10
"""Open model without --max-vus: so many times --vus, for the moments in which replies are late."""


def _json_object(text: object) -> object:
    """What `--args` means."""
    if not isinstance(text, str):
        return text
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"should be a JSON object ({error.msg})") from error
    if not isinstance(value, dict):
        raise ValueError("should be a JSON object")  # noqa: TRY004 - pydantic takes a ValueError
    return value


class GenericOptions(LoadOptions):
    """What the commands for any server take."""

    url: Url = "http://127.0.0.1:8000"
    protocol: Annotated[
        Protocol,
        Parameter(help="MCP version to speak; auto finds out as an SDK client would: the newest one first."),
    ] = "auto"
    vus: Annotated[
        Users, Parameter(help="Virtual users: MCP clients, each with a session of its own where there are sessions.")
    ] = 10
    duration: Annotated[
        Duration | None,
        Field(gt=0),
        Parameter(help="How long new calls are begun, such as 30s or 1m30s.", show_default="30s"),
    ] = None
    total: Annotated[int | None, Field(ge=1), Parameter(help="So many calls, instead of --duration.")] = None
    rate: Annotated[
        float | None,
        Field(gt=0, le=_HIGHEST_RATE, allow_inf_nan=False),
        Parameter(help="Calls per second, due whether or not earlier ones are answered (open model)."),
    ] = None
    max_vus: Annotated[
        Users | None,
        Parameter(help="With --rate: most virtual users when replies are late; a call that finds none is dropped."),
    ] = None

    @field_validator("total")
    @classmethod
    def _one_end(cls, total: int | None, info: ValidationInfo) -> int | None:
        if total is not None and info.data.get("duration") is not None:
            raise ValueError("cannot go together with --duration")
        return total

    @field_validator("rate")
    @classmethod
    def _one_model(cls, rate: float | None, info: ValidationInfo) -> float | None:
        if rate is not None and info.data.get("total", 0) is not None:  # absent when it is bad, which is said, too
            raise ValueError("cannot go together with --total")
        return rate

    @field_validator("max_vus")
    @classmethod
    def _enough(cls, max_vus: int | None, info: ValidationInfo) -> int | None:
        if max_vus is not None and info.data.get("rate", max_vus) is None:  # a bad one is absent, and is said to be
            raise ValueError("is for --rate only")
        if max_vus is not None and max_vus < info.data.get("vus", 1):
            raise ValueError("should be --vus or more")
        return max_vus

    def generic_plan(self, words: list[str], flags: list[str], weights: dict[str, int], arguments: Any = None) -> Plan:
        """The run that these flags mean; drawn numbers are new for each call."""
        seed = self.drawn_seed()
        executor, load_flags = self._executor()
        users = "--vus" if self.max_vus is None else "--max-vus"
        workload = GenericWorkload(seed, weights, arguments)
        return self.make_plan(
            words,
            seed,
            executor,
            [*flags, *load_flags],
            users=users,
            run_id=secrets.token_hex(4),
            workload=workload,
            targets=(),
        )

    def _executor(self) -> tuple[Executor, list[str]]:
        vus = ["--vus", str(self.vus)]
        if self.total is not None:
            return SharedIterations(self.vus, self.total), [*vus, "--total", str(self.total)]
        duration = self.duration or _SECONDS
        lasts = [*vus, "--duration", format_duration(duration)]
        if self.rate is None:
            return ConstantVus(self.vus, duration), lasts
        most = self.max_vus or min(self.vus * _USERS_PER_RATE, MOST_USERS)
        flags = [*lasts, "--rate", f"{self.rate:g}", "--max-vus", str(most)]
        return ConstantArrivalRate(self.rate, duration, self.vus, most), flags


class ToolOptions(GenericOptions):
    """The flags of `mcp-load tool NAME`."""

    args: Annotated[
        dict[str, Any] | None,
        BeforeValidator(_json_object),
        Parameter(
            help="Arguments of every call, a JSON object; without it they are drawn from the tool's inputSchema.",
            show_default=False,
            accepts_keys=False,
            n_tokens=1,
            converter=lambda _, tokens: tokens[0].value,
        ),
    ] = None

    def plan(self, name: str) -> Plan:
        """The run of the tool `name`."""
        flags = [] if self.args is None else ["--args", orjson.dumps(self.args).decode()]
        return self.generic_plan(["tool", name], flags, {name: 1}, self.args)


class ToolsOptions(GenericOptions):
    """The flags of `mcp-load tools`."""

    tool: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="NAME or NAME=WEIGHT, repeatable: these tools instead of all that are annotated read-only.",
        ),
    ] = ()

    @field_validator("tool")
    @classmethod
    def _weighted(cls, tool: tuple[str, ...]) -> tuple[str, ...]:
        for each in tool:
            name, equals, weight = each.partition("=")
            if not name or (equals and not (weight.isdecimal() and 1 <= int(weight) <= 1000)):  # noqa: PLR2004 - as said below
                raise ValueError("should be NAME or NAME=WEIGHT with a weight from 1 to 1000")
        if len({each.partition("=")[0] for each in tool}) < len(tool):
            raise ValueError("should name each tool once")
        return tool

    def plan(self) -> Plan:
        """The run of these tools."""
        weights = {each.partition("=")[0]: int(each.partition("=")[2] or 1) for each in self.tool}
        return self.generic_plan(["tools"], [word for each in self.tool for word in ("--tool", each)], weights)
