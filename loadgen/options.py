"""The flags of each load command, and the plan that they mean."""

import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from cyclopts import Parameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from formats.durations import Duration, format_duration

from .executors.closed import ConstantVus, SharedIterations
from .plan import Executor, Plan
from .workloads.calculator import CalculatorWorkload
from .workloads.payments import TARGETS, VERIFY, Kind, PaymentsWorkload


def endpoint(url: str) -> str:
    """The MCP endpoint that `url` means: `/mcp` when it has no path.

    Raises:
        ValueError: not an http or https URL with a host, or one with a user name, which a report would show.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be a URL such as http://127.0.0.1:8000")
    if not re.fullmatch(r"[\w.:%-]+", parts.hostname):
        raise ValueError("should name a host without blanks or other special characters")
    if parts.username is not None or parts.fragment:
        raise ValueError("should have neither a user name nor a #fragment")
    _ = parts.port  # a ValueError of its own
    return urlunsplit(parts._replace(path="/mcp" if parts.path in ("", "/") else parts.path))


_MOST_USERS = 100_000
Url = Annotated[
    str,
    AfterValidator(endpoint),
    Field(validate_default=True),
    Parameter(
        env_var=["SERVER_URL", "API_BASE_URL"], help="Server to load; /mcp is appended when the URL has no path."
    ),
]
Users = Annotated[int, Field(ge=1, le=_MOST_USERS)]


class LoadOptions(BaseModel):
    """What every load command takes. Each flag beats its environment variable, which beats the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Url
    timeout: Annotated[
        Duration,
        Field(gt=0),
        Parameter(env_var="LOAD_TEST_TIMEOUT", help="Longest time for one request, in seconds or such as 500ms."),
    ] = 30.0
    seed: Annotated[
        int | None,
        Field(ge=0),
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
    json_file: Annotated[
        Path | None, Parameter(name="--json", help="Also save the whole report as JSON to this file.")
    ] = None
    verbose: Annotated[
        bool,
        Parameter(
            name=["--verbose", "-v"],
            negative="",
            show_default=False,
            help="Also list every metric of the run in the report.",
        ),
    ] = False

    def _plan(self, name: str, seed: int, executor: Executor, load_flags: list[str], **rest: Any) -> Plan:
        flags = ["--url", self.url, *load_flags, "--seed", str(seed)]
        if self.timeout != LoadOptions.model_fields["timeout"].default:
            flags += ["--timeout", format_duration(self.timeout)]
        if self.min_success != LoadOptions.model_fields["min_success"].default:
            flags += ["--min-success", f"{self.min_success:g}"]
        return Plan(
            name=name,
            url=self.url,
            seed=seed,
            timeout=self.timeout,
            min_success=self.min_success,
            executor=executor,
            command=("mcp-load", name, *flags),
            **rest,
        )


class PaymentsOptions(LoadOptions):
    """The flags of `mcp-load payments`."""

    url: Url = "http://localhost:8000"
    total: Annotated[
        int | None,
        Field(ge=1),
        Parameter(env_var="LOAD_TEST_TOTAL", help="Requests to make.", show_default="1000; with --quick 100"),
    ] = None
    concurrent: Annotated[
        Users | None,
        Parameter(
            env_var="LOAD_TEST_CONCURRENT",
            help="Virtual users: MCP clients that make requests at the same time, each with a session of its own.",
            show_default="100; with --quick 10",
        ),
    ] = None
    mixed: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Create, verify and look up balances at 50/30/20 instead of only creating.",
        ),
    ] = False
    only: Annotated[
        Literal["verify", "balance", "verify_payment", "get_wallet_balance"] | None,
        Parameter(help="Only verify, or only look up balances, of 100 payments that are made first and not counted."),
    ] = None
    quick: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="A short run; changes two defaults, so flags and environment variables still win.",
        ),
    ] = False

    @field_validator("only")
    @classmethod
    def _one_kind(cls, only: str | None, info: ValidationInfo) -> str | None:
        if only and info.data.get("mixed"):
            raise ValueError("cannot go together with --mixed")
        return only

    def plan(self) -> Plan:
        """The run that these flags mean; drawn numbers are new for each call."""
        seed = secrets.randbelow(10**9) if self.seed is None else self.seed
        total = self.total or (100 if self.quick else 1000)
        concurrent = min(self.concurrent or (10 if self.quick else 100), total)  # more users would have nothing to do
        kind: Kind = "mixed" if self.mixed else "create"
        if self.only is not None:
            kind = "verify" if self.only in ("verify", VERIFY) else "balance"
        run_id = secrets.token_hex(4)
        workload = PaymentsWorkload(seed, run_id, kind)
        flags = ["--total", str(total), "--concurrent", str(concurrent)]
        flags += ["--mixed"] if self.mixed else ["--only", kind] if self.only else []
        return self._plan(
            "payments",
            seed,
            SharedIterations(concurrent, total),
            flags,
            run_id=run_id,
            workload=workload,
            tools=workload.tools,
            mix=workload.mix,
            setup=tuple(workload.setup_calls()),
            targets=TARGETS,
        )


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
        seed = secrets.randbelow(10**9) if self.seed is None else self.seed
        workload = CalculatorWorkload(seed)
        return self._plan(
            "calculator",
            seed,
            ConstantVus(self.vus, self.duration),
            ["--vus", str(self.vus), "--duration", format_duration(self.duration)],
            run_id=secrets.token_hex(4),
            workload=workload,
            tools=workload.tools,
            mix=workload.mix,
            setup=(),
            targets=(),
        )
