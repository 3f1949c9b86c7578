"""The command line of `mcp-load`."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from formats.flags import run_command
from formats.stdio import say
from formats.version import VERSION

from .calibrate import HEADING, render
from .client.endpoint import Endpoint
from .clock import SystemClock
from .commands import contract
from .engine import NO_RECORDER, Engine, Output, Recorder, ServerWatch
from .errors import ExitCode, LoadError
from .event_loop import run_in_loop
from .interruption import Interruption
from .options.calculator import CalculatorOptions
from .options.calibrate import CalibrateOptions, run_calibration
from .options.common import LoadOptions
from .options.compare import CompareOptions
from .options.files import Reports, check_dated, dated
from .options.generic import ToolOptions, ToolsOptions
from .options.payments import PaymentsOptions
from .options.report import ReportOptions
from .options.run import RunOptions
from .options.scenarios import plan_text, render_scenarios
from .outputs.console import ProgressBar, ProgressLines
from .plan import Plan
from .replay import replay
from .reports.text import render_text
from .result import RunResult

_LONGEST_LOOK = 2.0
"""Seconds that /health gets to say that the target is a testbed."""
app = App(
    name="mcp-load",
    help="Loads MCP servers and checks every reply.",
    version=VERSION,
    help_epilogue=(
        "Exit codes: 0 passed; 2 flags or files that cannot be used; 3 the server cannot be reached, or nothing was "
        "measured; 99 the gate, a criterion or a limit was missed; 130 interrupted."
    ),
)
scenarios = App(name="scenarios", help="List the bundled plans, or show one.")
app.command(scenarios)
app.command(contract.app)


@app.command
def payments(*, options: Annotated[PaymentsOptions, Parameter(name="*")] = PaymentsOptions()) -> int:  # noqa: B008 - frozen
    """Load a payments server: create payments, verify them, look up balances.

    A fixed number of requests, shared among virtual users. Every reply is checked against the tool's outputSchema and
    against what was asked. Response times and success rates are reported; --min-success decides PASS or FAIL.
    """
    return _run(options.plan(), options)


@app.command
def calculator(*, options: Annotated[CalculatorOptions, Parameter(name="*")] = CalculatorOptions()) -> int:  # noqa: B008 - frozen
    """Load a calculator server: 40 % add, 30 % subtract, 20 % multiply, 10 % divide.

    Virtual users make one call after another for a fixed time. Every result is checked against the exact answer.
    """
    return _run(options.plan(), options)


@app.command
def tool(
    name: Annotated[str, Parameter(help="The tool to call.")],
    /,
    *,
    options: Annotated[ToolOptions, Parameter(name="*")] = ToolOptions(),  # noqa: B008 - frozen
) -> int:
    """Load one tool of any MCP server.

    Its arguments are those of --args, or drawn from its inputSchema; results are checked against its outputSchema.
    """
    return _run(options.plan(name), options)


@app.command
def tools(*, options: Annotated[ToolsOptions, Parameter(name="*")] = ToolsOptions()) -> int:  # noqa: B008 - frozen
    """Load all read-only tools of any MCP server, or those that are named.

    Arguments are drawn from each inputSchema and proven to fit it; results are checked against each outputSchema.
    """
    return _run(options.plan(), options)


@app.command
def calibrate(*, options: Annotated[CalibrateOptions, Parameter(name="*")] = CalibrateOptions()) -> int:  # noqa: B008 - frozen
    """Compare what runs report with what a responder of known service times really did.

    Closed and open model, each transport; about a minute and a half. An error of 0.3 ms + 1 % and more is marked and
    gives exit code 99.
    """
    say(f"{HEADING}\n", sys.stdout)
    rows = run_in_loop(run_calibration(options, lambda new: say(render(new), sys.stdout)))
    return ExitCode.OK if all(row.within for row in rows) else ExitCode.GATE_FAILED


@app.command
def run(
    name: Annotated[str, Parameter(help="A bundled plan (mcp-load scenarios lists them), or a file.")],
    /,
    *,
    options: Annotated[RunOptions, Parameter(name="*")] = RunOptions(),  # noqa: B008 - frozen
) -> int:
    """Run a plan: quick, load, stress, endurance, spike, benchmark, targets, or a YAML file of your own.

    The report ends with every criterion, its limit and what was measured; one that is missed gives exit code 99.
    """
    suite, worst = options.read(name), ExitCode.OK
    options = options.sized(suite, os.environ)
    reports = options.reports_of(suite)
    if options.save:
        check_dated()
    for number in range(1, options.repeat + 1):
        plan = options.plan_of(suite, [name])
        if options.repeat > 1:
            say(f"Run {number} of {options.repeat}\n", sys.stdout)
        files = reports.numbered(number) if options.repeat > 1 else reports
        code, result = _run_and_report(plan, options, files, options.server_watch(plan))
        if options.save:
            saved = dated(result.workload, result.started_at, result.run_id)
            saved.save(result)
            say("".join(f"Saved {path}\n" for path in saved.files.values()), sys.stdout)
        if code is ExitCode.INTERRUPTED:
            return code
        worst = max(worst, code)
    return worst


@app.command
def report(
    file: Annotated[Path, Parameter(help="What --out ndjson=FILE of a run wrote.")],
    /,
    *,
    options: Annotated[ReportOptions, Parameter(name="*")] = ReportOptions(),  # noqa: B008 - frozen
) -> int:
    """Make the report of a run again, from the calls that it wrote down.

    Also of a run that was killed: then of what there is. The exit code is that of the run.
    """
    reports = options.reports_beside(file)
    result = replay(file)
    say(render_text(result, every_metric=options.verbose), sys.stdout)
    reports.save(result)
    return _exit_code(result)


@app.command
def compare(
    baseline: Annotated[Path, Parameter(help="JSON result, or a folder with those of several runs.")],
    current: Annotated[Path, Parameter(help="The same, of what is compared with it.")],
    /,
    *,
    options: Annotated[CompareOptions, Parameter(name="*")] = CompareOptions(),  # noqa: B008 - frozen
) -> int:
    """Compare the results of runs, such as those before and after a change.

    Each side is a file of --json or --out json=FILE, or a folder of them. Runs are compared with runs, not calls with
    calls: several on a side give every difference a 95 % interval. --fail-on decides the exit code.
    """
    comparison = options.compare(baseline, current)
    say(options.report(comparison), sys.stdout)
    options.save(comparison)
    return ExitCode.OK if comparison.passed else ExitCode.GATE_FAILED


@scenarios.default
def list_scenarios() -> None:
    """List the bundled plans: how long, how much load, how many criteria; see `mcp-load scenarios show`."""
    say(render_scenarios(), sys.stdout)


@scenarios.command
def show(name: Annotated[str, Parameter(help="A bundled plan, or a file.")], /) -> None:
    """Print the file of a plan, to copy and change."""
    say(plan_text(name), sys.stdout)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names (default: the process's); the exit code, see `ExitCode`."""
    try:
        return run_command(app, argv)
    except LoadError as error:
        say(f"mcp-load: {error}\n", sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # after the run, while its reports are written
        return ExitCode.INTERRUPTED


def _run(plan: Plan, options: LoadOptions) -> int:
    return _run_and_report(plan, options, options.reports)[0]


def _run_and_report(
    plan: Plan, options: LoadOptions, reports: Reports, server: ServerWatch | None = None
) -> tuple[ExitCode, RunResult]:
    endpoint = options.endpoint_of(plan.url)
    reports.check()
    recorder = reports.recorder()
    if recorder is None:
        result = run_in_loop(_measure(plan, endpoint, options, server))
    else:
        with recorder:
            result = recorder.finish(run_in_loop(_measure(plan, endpoint, options, server, recorder)))
    say(render_text(result, every_metric=options.verbose), sys.stdout)
    reports.save(result)
    return _exit_code(result), result


def _exit_code(result: RunResult) -> ExitCode:
    if result.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if result.passed else ExitCode.GATE_FAILED


async def _measure(
    plan: Plan, endpoint: Endpoint, options: LoadOptions, server: ServerWatch | None, recorder: Recorder = NO_RECORDER
) -> RunResult:
    clock, interruption = SystemClock(), Interruption()
    output: Output = (ProgressBar if sys.stderr.isatty() else ProgressLines)(sys.stderr, clock)
    with interruption.on_signals():
        plan = replace(plan, send_keys=await endpoint.is_testbed(min(plan.timeout, _LONGEST_LOOK)))
        engine = Engine(
            plan,
            lambda _: endpoint.connect(),
            clock,
            output,
            metrics_port=options.metrics_port,
            metrics_linger=options.metrics_linger,
            server=server,
            recorder=recorder,
        )
        return await engine.run(interruption)
