"""The flags of `mcp-load payments`."""

import secrets
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import Field, ValidationInfo, field_validator

from ..executors.closed import SharedIterations
from ..plan import Plan
from ..workloads.payments import TARGETS, VERIFY, Kind, PaymentsWorkload
from .common import LoadOptions, Users
from .target import Url


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
            help="Create, verify and look up balances at 50/30/20 instead of only creating; while there is no payment "
            "to ask about, one is created instead.",
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
        seed = self.drawn_seed()
        total = self.total or (100 if self.quick else 1000)
        concurrent = min(self.concurrent or (10 if self.quick else 100), total)  # more users would have nothing to do
        kind: Kind = "mixed" if self.mixed else "create"
        if self.only is not None:
            kind = "verify" if self.only in ("verify", VERIFY) else "balance"
        run_id = secrets.token_hex(4)
        workload = PaymentsWorkload(seed, run_id, kind)
        flags = ["--total", str(total), "--concurrent", str(concurrent)]
        flags += ["--mixed"] if self.mixed else ["--only", kind] if self.only else []
        return self.make_plan(
            ["payments"],
            seed,
            SharedIterations(concurrent, total),
            flags,
            users="--concurrent",
            run_id=run_id,
            workload=workload,
            setup=tuple(workload.setup_calls()),
            targets=TARGETS,
        )
