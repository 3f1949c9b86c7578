"""What each server offers, in the form in which the layers of `app.py` need it."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastmcp import FastMCP
from fastmcp.tools.function_tool import FunctionTool

from formats.contract import Contract, read_contract
from formats.fixtures import find_fixture
from formats.version import VERSION

from .calculator.tools import calculator_tools
from .config import CalculatorConfig, PaymentsConfig, ServerConfig, StubConfig
from .payments.ledger import MemoryLedger
from .payments.seed import read_seed
from .payments.tools import payments_tools
from .stub.server import Stub
from .wire.compiled import compile_tools
from .wire.lane import LaneTool

Schemas = Mapping[str, Mapping[str, Any]]


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Offer:
    """One server's."""

    mcp: FastMCP
    """Answers whatever the lane does not."""
    info: Mapping[str, str]
    """Who it says that it is: `serverInfo`."""
    inputs: Schemas
    """The inputSchema of each of its tools."""
    outputs: Schemas
    """The outputSchema of those that have one."""
    laned: Mapping[str, LaneTool]
    """Those whose calls the lane can answer."""
    health: Mapping[str, Any] = field(default_factory=dict)
    """What it tells of itself beside what all servers tell."""
    warnings: Sequence[str] = ()
    """What who starts it should know, in sentences."""
    forget: Callable[[], None] = _nothing
    """Forgets what calls left behind."""

    @property
    def name(self) -> str:
        """Of the server."""
        return self.info["name"]


def offer_of(
    config: ServerConfig, now: Callable[[], float] = time.monotonic, contract: Contract | None = None
) -> Offer:
    """What the server that `config` describes offers.

    Args:
        config: which server.
        now: monotonic seconds.
        contract: of a stub, instead of the file that the configuration names.

    Raises:
        InvalidInput: a file that the configuration names cannot be used.
    """
    match config:
        case CalculatorConfig():
            return offer_of_tools("calculator", calculator_tools())
        case PaymentsConfig():
            return offer_of_tools("payments", payments_tools(_ledger(config, now)))
        case StubConfig():
            said = contract or read_contract(find_fixture("contracts", config.contract, ".json"))
            return offer_of_stub(Stub(said, config.answers_seed, config.keep))
    raise TypeError(f"no server is known for {type(config).__name__}")


def offer_of_tools(name: str, tools: Sequence[FunctionTool]) -> Offer:
    """A server with these tools and nothing else."""
    mcp = FastMCP(name, version=VERSION)
    for tool in tools:
        mcp.add_tool(tool)
    return Offer(
        mcp,
        {"name": name, "version": VERSION},
        {tool.name: tool.parameters for tool in tools},
        {tool.name: tool.output_schema for tool in tools if tool.output_schema is not None},
        compile_tools(tools),
    )


def offer_of_stub(stub: Stub) -> Offer:
    """The stand-in for a server."""
    entries = {str(entry["name"]): entry for entry in stub.contract.tools}
    outputs = {name: entry.get("outputSchema") for name, entry in entries.items()}
    return Offer(
        stub.server(),
        stub.info,
        {name: entry["inputSchema"] for name, entry in entries.items() if isinstance(entry["inputSchema"], dict)},
        {name: schema for name, schema in outputs.items() if isinstance(schema, dict)},
        stub.laned,
        {"limitations": stub.limitations},
        [f"{place}: {reason}." for place, reason in stub.limitations.items()],
        stub.memory.reset,
    )


def _ledger(config: PaymentsConfig, now: Callable[[], float]) -> MemoryLedger:
    # One look at the wall clock: when somebody sets it, payments must not be settled sooner or later.
    started, zero = datetime.now(UTC), now()
    return MemoryLedger(
        read_seed(find_fixture("seeds", config.seed_file)),
        keep=config.keep,
        now=lambda: started + timedelta(seconds=now() - zero),
        new_id=lambda: f"pay_{os.urandom(12).hex()}",
    )
