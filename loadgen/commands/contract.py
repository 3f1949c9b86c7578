"""`mcp-load contract`: what a server offers and how it answers, as a file; held against servers and other files."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from formats.stdio import say

from ..errors import ExitCode
from ..options.contract_diff import ContractDiffOptions

app = App(name="contract", help="Capture, check and compare what MCP servers offer and how they answer.")


@app.command
def diff(
    old: Annotated[Path, Parameter(help="The contract that clients rely on.")],
    new: Annotated[Path, Parameter(help="The one that is to take its place.")],
    /,
    *,
    options: Annotated[ContractDiffOptions, Parameter(name="*")] = ContractDiffOptions(),  # noqa: B008 - frozen
) -> int:
    """Compare two contracts: what may break clients of the old one, and what cannot.

    Schemas are compared by what they accept: all arguments that fitted have to fit still, all results that may come
    have to fit the old schema. What is called compatible is proven.
    """
    found = options.diff(old, new)
    say(options.report(found), sys.stdout)
    options.save(found)
    return ExitCode.OK if found.passed else ExitCode.GATE_FAILED
