"""A stub: everything that a contract says, ready to be served."""

from collections.abc import Mapping
from typing import Any

from fastmcp import FastMCP
from mcp.shared.inbound import x_mcp_header_map

from formats.contract import Contract

from .capabilities import Capabilities
from .examples import answer_examples
from .made import ToolResults
from .memory import Memory
from .methods import Methods
from .rules import Rules
from .tool import StubTool
from .values import Key


class Stub:
    """The stand-in for the server of `contract`.

    Args:
        contract: of the server.
        seed: of all that is made up.
        keep: how many values the rules may remember.
    """

    def __init__(self, contract: Contract, seed: int = 0, keep: int = 100_000) -> None:
        self.contract = contract
        self.memory = Memory(keep)
        results = {str(entry["name"]): ToolResults(entry) for entry in contract.tools}
        examples = answer_examples(contract, results, seed)
        capabilities = Capabilities(contract)
        self.tools: dict[str, StubTool] = {}
        """By name."""
        self.limitations: dict[str, str] = {**capabilities.limitations, **examples.faults}
        """What the server does and the stub does not: reasons by place in the contract."""
        for entry in contract.tools:
            name = str(entry["name"])
            responses = [response for response in contract.responses if response.tool == name]
            rules = Rules(responses, results[name], _defaults(entry), self.memory, seed)
            tool = StubTool(entry, results[name], examples.of("tools/call", name), rules, self.memory, seed)
            self.tools[name] = tool
            if tool.fault is not None:
                self.limitations[f"tools.{name}.inputSchema"] = tool.fault
            fault = results[name].fault or _unmakeable(results[name], seed)
            if fault is not None:
                self.limitations[f"tools.{name}.outputSchema"] = fault
        self._methods = Methods(contract, capabilities, self.tools, examples, seed)

    @property
    def info(self) -> dict[str, str]:
        """Who it says that it is."""
        server = self.contract.server
        named = {"name": server.name, "version": server.version}
        return named if server.title is None else {**named, "title": server.title}

    @property
    def laned(self) -> dict[str, StubTool]:
        """The tools whose calls the lane can answer: not those with parameters in headers, which FastMCP checks."""
        schemas = {str(entry["name"]): entry["inputSchema"] for entry in self.contract.tools}
        return {name: tool for name, tool in self.tools.items() if not _in_headers(schemas[name])}

    def server(self) -> FastMCP:
        """The FastMCP server that answers for it."""
        mcp = FastMCP(self.contract.server.name or "stub")
        server = mcp._mcp_server  # noqa: SLF001 - FastMCP takes no title, and no empty name or version
        server.name, server.version, server.title = self.info["name"], self.info["version"], self.contract.server.title
        self._methods.register(mcp)
        return mcp


def _defaults(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a tool's arguments that have one, by name."""
    properties = entry["inputSchema"].get("properties")
    listed = properties if isinstance(properties, dict) else {}
    return {name: each["default"] for name, each in listed.items() if isinstance(each, dict) and "default" in each}


def _unmakeable(results: ToolResults, seed: int) -> str | None:
    """Why no result of a tool can be made up, None when one can."""
    made = results.make(Key(seed, "trial"))
    return None if made is not None else "nothing that fits was found, calls without an example are refused"


def _in_headers(schema: Any) -> bool:
    return bool(x_mcp_header_map(schema))
