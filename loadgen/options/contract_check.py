"""The flags of `mcp-load contract check`, and where its reports go."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from formats.contract import Contract, read_contract
from formats.durations import Duration, format_duration
from formats.errors import InvalidInput
from formats.fixtures import find_fixture
from formats.text_file import read_text

from ..contract.codes import Level
from ..contract.report import ContractReport
from ..plan import Plan
from ..reports.contract_json import render_contract_json
from ..reports.contract_junit import render_contract_junit
from ..reports.file import save
from .files import as_file_of
from .run import RunOptions
from .target import TargetOptions, Url

_KINDS = ("json", "junit")
_LONGEST_PROFILE = 100_000
"""Characters: the server takes no more."""


def _output(written: str) -> str:
    return as_file_of(written, _KINDS, "should be json=FILE or junit=FILE")


class ContractCheckOptions(TargetOptions):
    """The flags of `mcp-load contract check`."""

    url: Annotated[Url, Parameter(help="The server; /mcp is appended when the URL has no path.")]
    contract: Annotated[str, Parameter(help="The contract: a file, or the name of a bundled one.")]
    timeout: Annotated[
        Duration, Field(gt=0), Parameter(help="Longest time for one request, in seconds or such as 500ms.")
    ] = 5.0
    deadline: Annotated[
        Duration,
        Field(gt=0),
        Parameter(help="Longest time for all of it, but for --during-load and --during-faults."),
    ] = 120.0
    seed: Annotated[
        int | None,
        Field(ge=0, lt=2**63),
        Parameter(help="Arguments are drawn from this number; the report shows it.", show_default="random"),
    ] = None
    tool: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            show_default=False,
            help="Also call this tool with drawn arguments, although it is not annotated read-only; repeatable.",
        ),
    ] = ()
    fail_on: Annotated[Level, Parameter(help="Findings of this level or a worse one give exit code 99.")] = "must"
    during_load: Annotated[
        str | None,
        Parameter(help="A plan, bundled or a file: it is run, and known calls have to keep their answers meanwhile."),
    ] = None
    scale: Annotated[
        float,
        Field(gt=0, le=1, allow_inf_nan=False),
        Parameter(help="With --during-load: shrinks the plan, such as 0.01."),
    ] = 1.0
    workload: Annotated[
        Literal["calculator", "payments", "generic"] | None,
        Parameter(help="With --during-load: what is called.", show_default="the plan's"),
    ] = None
    during_faults: Annotated[
        str | None,
        Parameter(
            help="A fault profile, a preset or a file, for an mcp-serve: calls that fail meanwhile have to be "
            "explained by its journal."
        ),
    ] = None
    faults_for: Annotated[
        Duration, Field(gt=0, le=3600), Parameter(help="With --during-faults: how long the faults are in place.")
    ] = 5.0
    admin_token: Annotated[
        str | None, Parameter(env_var="MCP_SERVE_ADMIN_TOKEN", help="Of the server's control API.", show_default=False)
    ] = None
    json_file: Annotated[Path | None, Parameter(name="--json", help="The same as --out json=FILE.")] = None
    out: Annotated[
        tuple[Annotated[str, AfterValidator(_output)], ...],
        Parameter(negative="", show_default=False, help="json=FILE or junit=FILE: save a report; repeatable."),
    ] = ()
    verbose: Annotated[
        bool,
        Parameter(name=["--verbose", "-v"], negative="", show_default=False, help="List every place of every finding."),
    ] = False

    @field_validator("out")
    @classmethod
    def _one_of_a_kind(cls, out: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kinds = [each.partition("=")[0] for each in out]
        if len({*kinds}) < len(kinds):
            raise ValueError("should name one file of each kind")
        if "json" in kinds and info.data.get("json_file") is not None:
            raise ValueError("and --json name one report, once")
        return out

    def read_contract(self) -> Contract:
        """The contract.

        Raises:
            InvalidInput: there is none, or it is not right.
        """
        return read_contract(find_fixture("contracts", self.contract, ".json"))

    def profile(self) -> str | None:
        """The text of the fault profile, None without one.

        Raises:
            InvalidInput: there is none.
        """
        if self.during_faults is None:
            if "faults_for" in self.model_fields_set:
                raise InvalidInput(["--faults-for is for --during-faults"])
            return None
        return read_text(find_fixture("faults", self.during_faults), _LONGEST_PROFILE)

    def load_plan(self, seed: int) -> tuple[Plan, float] | None:
        """The load and how many seconds it lasts at most, None without one.

        Raises:
            InvalidInput: there is no such plan, or it cannot be run like that.
        """
        if self.during_load is None:
            if {"scale", "workload"} & self.model_fields_set:
                raise InvalidInput(["--scale and --workload are for --during-load"])
            return None
        way = {name: getattr(self, name) for name in TargetOptions.model_fields if name != "timeout"}
        options = RunOptions(**way, scale=self.scale, workload=self.workload, seed=seed)
        suite = options.read(self.during_load)
        return options.plan_of(suite, [self.during_load]), suite.lasts(self.scale)

    def drawn_seed(self) -> int:
        """The seed that was given, or a new one."""
        return secrets.randbelow(10**9) if self.seed is None else self.seed

    def command(self, seed: int) -> tuple[str, ...]:
        """The words of a command line that does the same again; secrets are left out."""
        words = ["mcp-load", "contract", "check", "--url", self.url, "--contract", self.contract, "--seed", str(seed)]
        for name, value in (("timeout", self.timeout), ("deadline", self.deadline), ("faults-for", self.faults_for)):
            if name.replace("-", "_") in self.model_fields_set:
                words += [f"--{name}", format_duration(value)]
        for name in self.tool:
            words += ["--tool", name]
        if self.fail_on != "must":
            words += ["--fail-on", self.fail_on]
        for name in ("during_load", "workload", "during_faults"):
            if getattr(self, name) is not None:
                words += [f"--{name.replace('_', '-')}", getattr(self, name)]
        if self.scale != 1:
            words += ["--scale", f"{self.scale:g}"]
        return tuple(words)

    @property
    def files(self) -> dict[str, Path]:
        """The files that are asked for, by kind."""
        more = {} if self.json_file is None else {"json": self.json_file}
        return {**{kind: Path(path) for kind, _, path in (each.partition("=") for each in self.out)}, **more}

    def save(self, report: ContractReport) -> None:
        """Write the files that are asked for.

        Raises:
            InvalidInput: one cannot be written, although it could before the check.
        """
        renderers: dict[str, Callable[[ContractReport], bytes]] = {
            "json": render_contract_json,
            "junit": render_contract_junit,
        }
        for kind, path in self.files.items():
            save(path, renderers[kind](report))
