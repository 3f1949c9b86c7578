"""`mcp-load contract`: what a server offers and how it answers, as a file; held against servers and other files."""

import sys
from collections import Counter
from typing import Annotated

from cyclopts import App, Parameter

from formats.contract import Contract, contract_text, parse_contract
from formats.stdio import say

from ..clock import SystemClock
from ..contract.capture.capture import CAPTURED
from ..contract.capture.capture import capture as capture_contract
from ..errors import ExitCode
from ..event_loop import run_in_loop
from ..options.capture import STDOUT, CaptureOptions
from ..outcome import printable
from .contract_check import check, codes
from .contract_diff import diff

_LONGEST = 2_000
"""Characters of a sentence."""
app = App(
    name="contract",
    help="Capture, check and compare what MCP servers offer and how they answer.",
    help_epilogue=(
        "Exit codes: 0 done, and nothing of --fail-on or worse was found; 99 something was; 3 the server did not "
        "answer, or not all could be looked at; 2 flags or files that cannot be used; 130 interrupted."
    ),
)
app.command(check)
app.command(codes)
app.command(diff)


@app.command
def capture(*, options: Annotated[CaptureOptions, Parameter(name="*")] = CaptureOptions()) -> int:  # noqa: B008 - frozen
    """Write down what an MCP server offers, and how it answers.

    Both eras of the protocol, all pages of its lists, and examples: read-only tools are called with arguments drawn
    from their inputSchema, text resources and prompts are read. Two captures of a server that did not change are equal.
    """
    old = options.kept()
    contract = captured = run_in_loop(capture_contract(options.source, options.wishes, SystemClock(), _tell))
    if old is not None:
        contract = old.model_copy(update={key: getattr(captured, key) for key in CAPTURED})
    text = contract_text(contract)
    parse_contract(text, str(options.out))  # what was kept may be about tools that are gone
    if options.out == STDOUT:
        say(text, sys.stdout)
    else:
        options.save(text)
    _tell(_summary(contract))
    if captured.examples:
        where = "the contract" if options.out == STDOUT else str(options.out)
        _tell(f"Recorded answers: {_recorded(captured)}.")
        _tell(f"They are as the server gave them, secrets too: look through {where} before you share it.")
    return ExitCode.OK


def _tell(sentence: str) -> None:
    say(f"{printable(sentence, _LONGEST)}\n", sys.stderr)  # parts of it come from the server


def _summary(contract: Contract) -> str:
    counts = [
        f"{len(entries)} {what}{'' if len(entries) == 1 else 's'}"
        for entries, what in (
            (contract.tools, "tool"),
            (contract.resources, "resource"),
            (contract.resource_templates, "resource template"),
            (contract.prompts, "prompt"),
            (contract.examples, "example"),
        )
    ]
    return (
        f"{contract.server.name or 'The server'} speaks {', '.join(contract.protocol_versions)}; {', '.join(counts)}."
    )


def _recorded(contract: Contract) -> str:
    tools = Counter(example.tool for example in contract.examples if example.tool is not None)
    others = len(contract.examples) - tools.total()
    return ", ".join(
        [
            *(f"{tool} ({count})" for tool, count in sorted(tools.items())),
            *([f"{others} that were read"] if others else []),
        ]
    )
