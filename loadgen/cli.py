"""The command line of `mcp-load`."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter

from formats.flags import run_command
from formats.stdio import say

from . import __version__
from .client.endpoint import Endpoint
from .clock import SystemClock
from .engine import Engine, Output
from .errors import ExitCode, LoadError
from .interruption import Interruption
from .options.calculator import CalculatorOptions
from .options.common import LoadOptions
from .options.generic import ToolOptions, ToolsOptions
from .options.payments import PaymentsOptions
from .outputs.console import ProgressBar, ProgressLines
from .plan import Plan
from .reports.file import check_writable, save
from .reports.json import render_json
from .reports.text import render_text
from .result import RunResult

app = App(
    name="mcp-load",
    help="Loads MCP servers and checks every reply.",
    version=__version__,
    help_epilogue=(
        "Exit codes: 0 the gate is passed; 2 flags or files that cannot be used; 3 the server cannot be reached, or "
        "nothing was measured; 99 the gate is failed; 130 interrupted."
    ),
)


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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names (default: the process's); the exit code, see `ExitCode`."""
    return run_command(app, argv)


def _run(plan: Plan, options: LoadOptions) -> int:
    endpoint = options.endpoint
    if options.report_file is not None:
        check_writable(options.report_file)
    try:
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            result = runner.run(_measure(plan, endpoint, options))
    except LoadError as error:
        say(f"mcp-load: {error}\n", sys.stderr)
        return error.exit_code
    say(render_text(result, every_metric=options.verbose), sys.stdout)
    if options.report_file is not None:
        save(options.report_file, render_json(result))
    if result.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if result.passed else ExitCode.GATE_FAILED


async def _measure(plan: Plan, endpoint: Endpoint, options: LoadOptions) -> RunResult:
    clock, interruption = SystemClock(), Interruption()
    output: Output = (ProgressBar if sys.stderr.isatty() else ProgressLines)(sys.stderr, clock)
    with interruption.on_signals():
        engine = Engine(
            plan,
            lambda _: endpoint.connect(),
            clock,
            output,
            metrics_port=options.metrics_port,
            metrics_linger=options.metrics_linger,
        )
        return await engine.run(interruption)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - there is none for Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
