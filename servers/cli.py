"""The command line of `mcp-serve`."""

import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.config import Env

from formats.errors import InvalidInput
from formats.flags import run_command
from formats.stdio import say
from formats.version import VERSION

from .commands import faults
from .config import CalculatorConfig, PaymentsConfig, ServerConfig, StubConfig

app = App(
    name="mcp-serve",
    help="Local stand-in MCP servers: Streamable HTTP at /mcp, every protocol version on one port.",
    version=VERSION,
    config=Env("MCP_SERVE_", command=False),
)
app.command(faults.app)


@app.command
def calculator(*, config: Annotated[CalculatorConfig, Parameter(name="*")] = CalculatorConfig()) -> None:  # noqa: B008 - frozen
    """Serve add, subtract, multiply and divide."""
    _serve(config)


@app.command
def payments(*, config: Annotated[PaymentsConfig, Parameter(name="*")] = PaymentsConfig()) -> None:  # noqa: B008 - frozen
    """Serve create_payment, verify_payment and get_wallet_balance."""
    _serve(config)


@app.command
def stub(*, config: Annotated[StubConfig, Parameter(name="*")]) -> None:
    """Serve a stand-in for any server from its contract (mcp-load contract capture writes one)."""
    _serve(config)


def _serve(config: ServerConfig) -> None:
    from .errors import ServerError  # noqa: PLC0415 - FastMCP takes a second to import; --help should not wait for it
    from .run import Served, serve  # noqa: PLC0415 - as above

    def announce(served: Served) -> None:
        base = served.url.removesuffix("/mcp")
        lines = [
            f"{served.name} MCP server: {served.url}",
            f"health {base}/health, metrics {base}/metrics; Ctrl-C stops it",
        ]
        if served.admin_url is not None:
            lines.append(f"control API {served.admin_url}/_testbed")
        if served.rules:
            lines.append(f"faults: {served.rules} {'rule' if served.rules == 1 else 'rules'} of {config.faults}")
        say("\n".join([*lines, ""]), sys.stdout)

    try:
        serve(config, announce, lambda warning: say(f"mcp-serve: {warning}\n", sys.stderr))
    except ServerError as error:
        raise InvalidInput([str(error)]) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run `mcp-serve`; returns the exit code."""
    return run_command(app, argv)
