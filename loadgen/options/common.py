"""What every load command takes: which load, what is reported where."""

import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from formats.durations import Duration, format_duration
from formats.errors import InvalidInput

from ..call import ToolCall
from ..open_files import allow_open_files
from ..plan import Executor, Plan, PlannedWorkload, Scenario
from .files import Kind, Reports, as_output, read_outputs
from .target import TargetOptions

MOST_USERS = 100_000
Users = Annotated[int, Field(ge=1, le=MOST_USERS)]
Protocol = Literal["auto", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]


class LoadOptions(TargetOptions):
    """What every load command takes."""

    protocol: Annotated[
        Protocol,
        Parameter(help="MCP version to speak; auto finds out as an SDK client would: the newest one first."),
    ] = "2025-11-25"
    retry_lost: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Ask again, once, when a 2026-07-28 reply is lost; otherwise no call is ever made twice.",
        ),
    ] = False
    seed: Annotated[
        int | None,
        Field(ge=0, lt=2**63),  # what JSON readers can hold
        Parameter(
            help="What is called, and with which values, is drawn from this number; the report shows it.",
            show_default="random",
        ),
    ] = None
    min_success: Annotated[
        float,
        Field(ge=0, le=100, allow_inf_nan=False),
        Parameter(help="Successful requests in per cent below which the run fails with exit code 99."),
    ] = 99.9
    json_file: Annotated[Path | None, Parameter(name="--json", help="The same as --out json=FILE.")] = None
    out: Annotated[
        tuple[Annotated[str, AfterValidator(as_output)], ...],
        Parameter(
            negative="",
            show_default=False,
            help=(
                "json=FILE, html=FILE or junit=FILE: save a report; ndjson=FILE: write every call down; "
                "openmetrics=FILE: write it for promtool; repeatable."
            ),
        ),
    ] = ()
    metrics_port: Annotated[
        int | None,
        Field(ge=0, le=65535),
        Parameter(help="Export live Prometheus metrics at /metrics on this port; 0 takes a free one."),
    ] = None
    metrics_linger: Annotated[
        Duration,
        Parameter(help="How long the metrics stay after the run, so that the last scrape sees its end."),
    ] = 4.0
    verbose: Annotated[
        bool,
        Parameter(
            name=["--verbose", "-v"],
            negative="",
            show_default=False,
            help="Also list every metric of the run in the report.",
        ),
    ] = False

    @field_validator("out")
    @classmethod
    def _one_of_a_kind(cls, out: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kinds = read_outputs(out)
        if len(kinds) < len(out):
            raise ValueError("should name one file of each kind")
        if len({path.resolve() for path in kinds.values()}) < len(kinds):
            raise ValueError("should name each file once")
        if "json" in kinds and info.data.get("json_file") is not None:
            raise ValueError("and --json name one report, once")
        return out

    @property
    def reports(self) -> Reports:
        """The files that are asked for."""
        more: dict[Kind, Path] = {} if self.json_file is None else {"json": self.json_file}
        return Reports({**read_outputs(self.out), **more})

    def drawn_seed(self) -> int:
        """The seed that was given, or a new one."""
        return secrets.randbelow(10**9) if self.seed is None else self.seed

    def make_plan(
        self,
        words: list[str],
        seed: int,
        executor: Executor,
        load_flags: list[str],
        *,
        users: str,
        workload: PlannedWorkload,
        setup: tuple[ToolCall, ...] = (),
        **rest: Any,
    ) -> Plan:
        """The plan of the command `words`, with what all commands share filled in.

        Raises:
            InvalidInput: there are more users than open files; the flag `users` says how many.
        """
        try:
            allow_open_files(executor.max_vus)
        except InvalidInput as error:
            raise InvalidInput([f"{users} is too high: {problem}" for problem in error.problems]) from error
        flags = ["--url", self.url, *load_flags, "--seed", str(seed)]
        if self.timeout != LoadOptions.model_fields["timeout"].default:
            flags += ["--timeout", format_duration(self.timeout)]
        if self.min_success != LoadOptions.model_fields["min_success"].default:
            flags += ["--min-success", f"{self.min_success:g}"]
        if self.protocol != type(self).model_fields["protocol"].default:
            flags += ["--protocol", self.protocol]
        flags += ["--retry-lost"] * self.retry_lost
        if self.transport != LoadOptions.model_fields["transport"].default:
            flags += ["--transport", self.transport]
        return Plan(
            name=words[0],
            url=self.url,
            seed=seed,
            protocol=self.protocol,
            retry_lost=self.retry_lost,
            timeout=self.timeout,
            min_success=self.min_success,
            scenarios=(Scenario(words[0], executor, workload, setup),),
            command=("mcp-load", *words, *flags),
            **rest,
        )
