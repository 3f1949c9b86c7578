"""`mcp-load contract check` and `mcp-load contract codes`."""

import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from cyclopts import Parameter

from formats.contract import Contract
from formats.errors import InvalidInput
from formats.stdio import say

from ..client.endpoint import Endpoint
from ..clock import SystemClock
from ..contract.check import CHECKS, Check, check_contract
from ..contract.checks.meanwhile import Disturbance, check_meanwhile
from ..contract.control import Control
from ..contract.faults import FaultsMeanwhile
from ..contract.limitations import read_limitations
from ..contract.look import server_name
from ..contract.report import CheckRun, ContractReport
from ..contract.target import Target
from ..errors import ExitCode
from ..event_loop import run_in_loop
from ..interruption import Interruption
from ..options.contract_check import ContractCheckOptions
from ..plan import Plan
from ..reports.contract_text import render_codes, render_contract_text
from ..reports.file import check_writable
from .contract_load import LoadMeanwhile

_LONGEST_LOOK = 2.0
"""Seconds that /health gets to say what the target is."""


def check(*, options: Annotated[ContractCheckOptions, Parameter(name="*")]) -> int:
    """Check a server against a contract: what it offers, how it answers, and how it takes mistakes.

    Looks at its lists, makes the contract's examples, calls its read-only tools with good and bad arguments, makes the
    mistakes that clients make, and calls from several clients at once, in each protocol era that it serves. The
    examples of the contract are made as they stand, those of tools that change something, too: whoever put them into
    the contract agreed. Other tools that may change something are left alone unless --tool names them.

    mcp-load contract codes lists what can be found.
    """
    contract = options.read_contract()
    seed = options.drawn_seed()
    plan, profile = options.load_plan(seed), options.profile()
    for path in options.files.values():
        check_writable(path)
    report = run_in_loop(_check(options, contract, seed, plan, profile))
    say(render_contract_text(report, everything=options.verbose), sys.stdout)
    options.save(report)
    return exit_code(report)


def codes() -> None:
    """List the codes of all that a contract check can find, by how much it matters."""
    say(render_codes(), sys.stdout)


def exit_code(report: ContractReport) -> ExitCode:
    """What the process tells its caller."""
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return {"pass": ExitCode.OK, "fail": ExitCode.GATE_FAILED}.get(report.verdict, ExitCode.NOTHING_MEASURED)


async def _check(
    options: ContractCheckOptions, contract: Contract, seed: int, load: tuple[Plan, float] | None, profile: str | None
) -> ContractReport:
    clock, interruption = SystemClock(), Interruption()
    began, started_at = clock.now(), datetime.now(UTC).isoformat(timespec="seconds")
    endpoint = options.endpoint_of(options.url)
    target = Target(options.url, endpoint.connect, contract, clock, options.timeout, seed, named=options.tool)
    runs: list[CheckRun] = []
    with interruption.on_signals():
        health = await endpoint.health(min(options.timeout, _LONGEST_LOOK))
        checks = [*CHECKS, *await _meanwhile(options, endpoint, health, load, profile)]
        work = check_contract(
            target, options.deadline, runs.append, checks=checks, limitations=read_limitations(health)
        )
        finished = await interruption.guard(work, 0.0)
    return ContractReport(
        url=options.url,
        server=server_name(target),
        contract=options.contract,
        versions=tuple(version for opened in target.opened.values() for version in opened.versions),
        seed=seed,
        fail_on=options.fail_on,
        started_at=started_at,
        seconds=clock.now() - began,
        runs=tuple(runs),
        command=options.command(seed),
        interrupted=not finished,
    )


async def _meanwhile(
    options: ContractCheckOptions,
    endpoint: Endpoint,
    health: Mapping[str, Any],
    load: tuple[Plan, float] | None,
    profile: str | None,
) -> list[Check]:
    """The checks of --during-load and --during-faults, if they are asked for."""
    testbed, run_id = health.get("testbed") is True, f"contract-{secrets.token_hex(4)}"
    made: list[Check] = []
    if load is not None:
        made.append(
            _during("during-load", LoadMeanwhile(load[0], endpoint, send_keys=testbed), load[1], f"{run_id}-load")
        )
    if profile is not None:
        if not testbed:
            raise InvalidInput([f"--during-faults is for an mcp-serve, and /health of {options.url} does not say so"])
        control = Control(lambda path: endpoint.beside(path).connect(), options.timeout, options.admin_token)
        name = options.during_faults or ""
        faults = FaultsMeanwhile(control, name, profile, options.faults_for, f"{run_id}-faults", SystemClock())
        await faults.check()
        made.append(_during("during-faults", faults, options.faults_for, f"{run_id}-faults"))
    return made


def _during(name: str, disturbance: Disturbance, lasts: float, run_id: str) -> Check:
    return Check(name, partial(check_meanwhile, disturbance=disturbance, run_id=run_id), lasts)
