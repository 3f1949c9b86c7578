"""`mcp-load contract diff`: what changed between two contracts, and whom it breaks."""

import sys
from typing import Annotated

from cyclopts import Parameter

from formats.stdio import say

from ..errors import ExitCode
from ..options.contract_diff import ContractDiffOptions


def diff(
    old: Annotated[str, Parameter(help="The contract that clients rely on: a file, or a bundled name.")],
    new: Annotated[str, Parameter(help="The one that is to take its place.")],
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
